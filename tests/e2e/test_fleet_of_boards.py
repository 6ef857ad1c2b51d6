"""Emulated boards in a fleet with processes of this machine: the simulation's weights on each."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import pytest

from simulations.engine import run_in_process
from simulations.fleet import FleetOptions, run_emulated_fleet
from simulations.fleet_boards import boards_of
from simulations.prepare import prepare
from simulations.scenario import Fleet, Scenario, load_scenario
from simulations.schedule import phase_starts, run_plan
from tests.simulations.small import small_scenario, write_dataset
from tinyfl.boards.targets import BOARDS
from tinyfl.errors import ScenarioError, ToolError
from tinyfl.progress import Progress

COUNTS = {"cortex-m7": 2, "rv32imc": 2, "xtensa": 2}


def test_the_first_devices_on_serial_lines_are_the_boards() -> None:
    names = [f"d{i}" for i in range(5)]
    boards = boards_of(Fleet(serial=4, boards={"cortex-m7": 2, "rv32imc": 1}), names)
    assert {name: board.name for name, board in boards.items()} == {
        "d0": "cortex-m7",
        "d1": "cortex-m7",
        "d2": "rv32imc",
    }
    assert boards_of(Fleet(serial=2), names) == {}


def test_boards_that_cannot_be_are_refused() -> None:
    with pytest.raises(ScenarioError, match=r"fleet\.boards are 3 and fleet\.serial is 2; .* raise fleet\.serial$"):
        boards_of(Fleet(serial=2, boards={"cortex-m7": 3}), ["a", "b", "c"])
    with pytest.raises(ScenarioError, match=r"no board toaster; choose of cortex-m4, "):
        boards_of(Fleet(serial=2, boards={"toaster": 1}), ["a"])


def require_boards() -> None:
    pytest.importorskip("flwr", reason="needs the extra: pip install 'tinyfl[fleet]'")
    pytest.importorskip("iotcore", reason="needs the extra: pip install 'tinyfl[fleet]'")
    try:
        for name in COUNTS:
            BOARDS[name].compiler()
            BOARDS[name].require_emulator()
    except ToolError as error:
        pytest.skip(str(error))


def watch() -> Scenario:
    if find_spec("seglearn") is None:
        pytest.skip("no recordings of the watch: pip install --no-deps seglearn")
    return load_scenario("watch")


@pytest.mark.slow
@pytest.mark.parametrize(("name", "per_user", "mqtt"), [("small", 3, 1), ("watch", 2, 4)])
def test_boards_and_processes_end_with_the_weights_of_their_simulation(
    tmp_path: Path, name: str, per_user: int, mqtt: int
) -> None:
    require_boards()
    scenario = watch() if name == "watch" else small_scenario(write_dataset(tmp_path / "data"), epochs=20)
    fleet_table = scenario.fleet.model_copy(update={"devices_per_user": per_user, "serial": 8, "boards": COUNTS})
    scenario = scenario.model_copy(update={"fleet": fleet_table})
    prepared = prepare(scenario, tmp_path / "run", Progress(quiet=True))
    plan = run_plan(scenario, prepared.bundle, prepared.devices)
    simulated = run_in_process(prepared, plan, phase_starts(scenario), "main")
    fleet = run_emulated_fleet(prepared, plan, phase_starts(scenario), "average", lambda _: None, FleetOptions())
    boards = [f"serial, {name}" for name, count in COUNTS.items() for _ in range(count)]
    assert sorted(fleet.links.values()) == sorted([*boards, "serial", "serial", *["MQTT"] * mqtt])
    assert fleet.events == ()
    ends = [[[r.weights_digest for r in o.reports] for o in state.outcomes] for state in (fleet.state, simulated)]
    assert ends[0] == ends[1]
    assert fleet.state.base.tolist() == simulated.base.tolist()
