"""The emulated fleet, all real: processes, pty, broker, gateway, Flower; with and without things being killed."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from coordinator.state import RoundOutcome, RunState
from simulations.engine import run_in_process
from simulations.experiment import EngineRun
from simulations.fleet import FleetOptions, fleet_engine, run_emulated_fleet
from simulations.prepare import Prepared, prepare
from simulations.schedule import phase_starts, run_plan
from simulations.supervisor import Supervisor
from tests.simulations.small import small_scenario, write_dataset
from tinyfl.errors import LinkError
from tinyfl.link.broker import EmbeddedBroker, Login
from tinyfl.progress import Progress

pytest.importorskip("flwr", reason="needs the extra: pip install 'tinyfl[fleet]'")
pytest.importorskip("iotcore", reason="needs the extra: pip install 'tinyfl[fleet]'")


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    folder = tmp_path_factory.mktemp("fleet")
    scenario = small_scenario(write_dataset(folder / "data"), epochs=1500)  # a round takes a device some 0.2 s
    return prepare(scenario, folder / "run", Progress(quiet=True))


@pytest.fixture(scope="module")
def undisturbed(prepared: Prepared) -> RunState:
    plan = run_plan(prepared.scenario, prepared.bundle, prepared.devices)
    return run_in_process(prepared, plan, phase_starts(prepared.scenario), "main")


def run(prepared: Prepared, folder: Path, options: FleetOptions, listen: Callable[[RoundOutcome], None]) -> EngineRun:
    moved = replace(prepared, folder=folder)
    (folder / "network").symlink_to(prepared.folder / "network")
    plan = run_plan(prepared.scenario, prepared.bundle, prepared.devices)
    return run_emulated_fleet(moved, plan, phase_starts(prepared.scenario), "average", listen, options)


def digests(state: RunState) -> list[list[str]]:
    return [[r.weights_digest for r in o.reports] for o in state.outcomes]


def test_a_fleet_ends_with_the_weights_of_its_simulation(
    prepared: Prepared, undisturbed: RunState, tmp_path: Path
) -> None:
    seen: list[int] = []
    result = run(prepared, tmp_path, FleetOptions(), lambda o: seen.append(o.round))
    assert digests(result.state) == digests(undisturbed)
    assert result.state.base.tolist() == undisturbed.base.tolist()
    assert seen == list(range(1, 10))
    assert sorted(set(result.links.values())) == ["MQTT", "serial"]
    assert result.events == ()


class Killer:
    """Kills one supervised process with SIGKILL while a round is under way: the gateway has just been given it."""

    def __init__(self, victim: str, round_number: int, log: Path) -> None:
        self.victim = victim
        self.sign = f"round {round_number}: "
        self.log = log
        self.killed: list[int] = []

    def start(self, supervisor: Supervisor) -> None:
        threading.Thread(target=self._kill, args=(supervisor,), daemon=True).start()

    def _kill(self, supervisor: Supervisor) -> None:
        while not self.log.exists() or self.sign not in self.log.read_text():
            time.sleep(0.002)
        time.sleep(0.05)
        member = next(m for m in supervisor.members if m.name == self.victim)
        assert member.process is not None
        self.killed.append(member.process.pid)
        os.kill(member.process.pid, signal.SIGKILL)


@pytest.mark.slow
@pytest.mark.parametrize("which", ["serial device", "MQTT device", "gateway"])
def test_a_kill_in_the_middle_of_a_round_costs_time_only(
    which: str, prepared: Prepared, undisturbed: RunState, tmp_path: Path
) -> None:
    victim = {"serial device": f"device {prepared.devices[0]}", "MQTT device": f"device {prepared.devices[-1]}"}
    killer = Killer(victim.get(which, "the gateway"), 3, tmp_path / "fleet" / "gateway.log")
    result = run(prepared, tmp_path, FleetOptions(on_start=killer.start), lambda _: None)
    assert len(killer.killed) == 1
    assert any("SIGKILL" in event for event in result.events), result.events
    third = result.state.outcomes[2]
    assert third.attempts > 1 or any(r.events for r in third.reports), "the round did not notice"
    assert [o.missing for o in result.state.outcomes] == [()] * 9
    assert digests(result.state) == digests(undisturbed)


def test_a_broker_that_refuses_is_one_sentence() -> None:
    with pytest.raises(LinkError, match=r"mqtt://127\.0\.0\.1:1"):
        fleet_engine(FleetOptions(broker="mqtt://127.0.0.1:1"))


@pytest.mark.slow
def test_a_broker_of_the_users_own_serves_as_well(prepared: Prepared, undisturbed: RunState, tmp_path: Path) -> None:
    with EmbeddedBroker(Login("ann", "secret")) as broker:
        url = broker.url.replace("mqtt://", "mqtt://ann:secret@")
        fleet_engine(FleetOptions(broker=url))
        result = run(prepared, tmp_path, FleetOptions(broker=url), lambda _: None)
    assert digests(result.state) == digests(undisturbed)
