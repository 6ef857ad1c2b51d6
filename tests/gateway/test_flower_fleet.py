"""Real Flower: SuperLink, ServerApp and gateway nodes, against the same plan run in this process."""

import contextlib
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from gateway_lab import Lab
from test_worker import calm_run, essence

from coordinator.flower_runtime import FlowerRuntime, run_fleet
from coordinator.plan import PlannedRound, RunPlan
from coordinator.rounds import run_rounds
from coordinator.strategies.load import load_strategy
from tinyfl.boards.host import HostBuild
from tinyfl.errors import LinkError, RunError, ScenarioError
from tinyfl.gateway.cohort import SessionCohort
from tinyfl.gateway.fleet_connection import fleet_connection
from tinyfl.gateway.flower_node import serve
from tinyfl.gateway.ledger import Ledger

pytestmark = pytest.mark.slow
GATEWAY = "import sys; from pathlib import Path; from tinyfl.gateway.config import load_config\n"
GATEWAY += "from tinyfl.gateway.flower_node import run_gateway; run_gateway(load_config(Path(sys.argv[1])))"


@contextlib.contextmanager
def gateway_threads(lab: Lab, address: str) -> Iterator[None]:
    stop = threading.Event()
    lab.folder.mkdir(exist_ok=True)
    groups = [
        SessionCohort([lab.session(n) for n in names], Ledger(lab.folder / f"ledger-{names[0]}"))
        for names in (lab.names[:2], lab.names[2:])
    ]
    threads = [threading.Thread(target=serve, args=(cohort, address, stop)) for cohort in groups]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join()
        for cohort in groups:
            cohort.close()


def processes_of(folder: Path) -> list[str]:
    """Command lines of living processes whose environment names the folder."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if f"FLWR_HOME={folder}".encode() in (entry / "environ").read_bytes():
                found.append((entry / "cmdline").read_text())
    return found


def test_a_run_through_flower_is_the_run_in_this_process(lab: Lab, tmp_path: Path) -> None:
    expected = essence(calm_run(lab))
    lab.folder = tmp_path / "fleet"
    told: list[int] = []
    state = run_fleet(
        lab.plan(), "average", tmp_path / "run", lambda a: gateway_threads(lab, a), lambda o: told.append(o.round)
    )
    assert essence(state) == expected
    assert told == [1, 2, 3, 4, 5]
    assert processes_of(tmp_path / "run") == []


def start_gateway(folder: Path, address: str, ports: dict[str, Path]) -> subprocess.Popen[bytes]:
    serial = "".join(f'{name} = "{port}"\n' for name, port in ports.items())
    (folder / "g.toml").write_text(f'superlink = "{address}"\nledger = "ledger"\n[serial]\n{serial}')
    return subprocess.Popen([sys.executable, "-c", GATEWAY, str(folder / "g.toml")])


def test_a_gateway_killed_in_the_middle_of_a_round_costs_nothing(
    lab: Lab, device_build: HostBuild, tmp_path: Path
) -> None:
    rounds = tuple(PlannedRound("shared", 5, evaluate=(1,)) for _ in range(2))
    plan = RunPlan(lab.model(), rounds, lab.names[:2])
    calm = SessionCohort([lab.session(n) for n in plan.devices])
    expected = run_rounds(plan, load_strategy("average"), calm)
    calm.close()
    lab.folder = tmp_path / "fleet"
    children: list[subprocess.Popen[bytes]] = []
    ports = {name: tmp_path / f"port-{name}" for name in plan.devices}
    for name, port in ports.items():
        files, seed = lab.files(name), int(name.split("-")[1]) + 5
        options = ["--recordings", files.recordings, "--flash", files.flash, "--name", name, "--seed", seed]
        children.append(
            subprocess.Popen([str(device_build.executable), *map(str, options), "--store", "20", "--serial", str(port)])
        )
    try:
        with FlowerRuntime(tmp_path / "run") as flower:
            children[1].send_signal(signal.SIGSTOP)
            gateway = start_gateway(tmp_path, flower.address, ports)
            children.append(gateway)
            flower.submit(plan, "average")
            ledger = Ledger(tmp_path / "ledger")
            while ledger.find("dev-0", 1) is None:
                assert gateway.poll() is None
                time.sleep(0.02)
            gateway.send_signal(signal.SIGKILL)
            gateway.wait()
            assert ledger.find("dev-1", 1) is None
            children[1].send_signal(signal.SIGCONT)
            children.append(start_gateway(tmp_path, flower.address, ports))
            state = flower.wait(plan)
    finally:
        for child in children:
            child.kill()
            child.wait()
    assert essence(state) == essence(expected)
    events = [e for o in state.outcomes for r in o.reports for e in r.events]
    assert any("came through a gateway that joined during round 1" in e for e in events)


def test_a_coordinator_that_failed_says_why_and_its_run_can_be_resumed(lab: Lab, tmp_path: Path) -> None:
    expected = essence(calm_run(lab))
    lab.folder = tmp_path / "fleet"
    head = "import numpy as np\nfrom coordinator.strategies.average import Average\n\n\nclass Mine(Average):\n"
    body = "    def aggregate(self, deltas, examples, round):\n"
    code = head + body + "        {}return super().aggregate(deltas, examples, round)\n"
    strategy = tmp_path / "mine.py"
    strategy.write_text(code.format("if round == 3: raise ValueError('no')\n        "))
    with pytest.raises(RunError, match=r"strategy Mine failed in round 3: ValueError: no; correct its aggregate"):
        run_fleet(lab.plan(), f"{strategy}:Mine", tmp_path / "run", lambda a: gateway_threads(lab, a))
    strategy.write_text(code.format(""))
    with pytest.raises(ScenarioError, match="no class Yours"):
        run_fleet(lab.plan(), f"{strategy}:Yours", tmp_path / "run", lambda a: gateway_threads(lab, a))
    state = run_fleet(lab.plan(), f"{strategy}:Mine", tmp_path / "run", lambda a: gateway_threads(lab, a))
    assert [o.round for o in state.outcomes] == [1, 2, 3, 4, 5]
    assert "answered from the ledger" in state.outcomes[2].reports[0].events[0]
    assert essence(state) == expected
    assert processes_of(tmp_path / "run") == []


def test_the_fleet_connection_registers_receives_and_fails_in_plain_words(tmp_path: Path) -> None:
    """The contract of the one file that uses Flower's internals."""
    with FlowerRuntime(tmp_path / "run") as flower:
        with fleet_connection(flower.address) as one, fleet_connection(flower.address) as two:
            assert one.node_id != two.node_id
            assert one.receive() is None
        with pytest.raises(ZeroDivisionError), fleet_connection(flower.address):
            raise ZeroDivisionError
        address = flower.address
        with fleet_connection(address) as orphan:
            flower.__exit__(None, None, None)
            with pytest.raises(LinkError, match=f"the Flower SuperLink {address} is gone"):
                orphan.receive()
    away = pytest.raises(LinkError, match=f"the Flower SuperLink {address} cannot be reached; check the address")
    with away, fleet_connection(address):
        pass
    assert not [t for t in threading.enumerate() if "force_exit" in t.name], "Flower is about to end this process"


INTERRUPTED = """
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)  # which a shell's background job ignores
from contextlib import nullcontext
from pathlib import Path
sys.path[:0] = [sys.argv[2]]
from coordinator_lab import plan
from coordinator.flower_runtime import run_fleet
try:
    run_fleet(plan(), "average", Path(sys.argv[1]), lambda address: nullcontext())
except KeyboardInterrupt:
    sys.exit(7)
"""


@pytest.mark.parametrize("moment", ["superlink.log", "app/pyproject.toml", "coordinator.json"])
def test_an_interrupt_at_any_moment_leaves_no_process(tmp_path: Path, moment: str) -> None:
    lab_folder = Path(__file__).parents[1] / "coordinator"
    child = subprocess.Popen([sys.executable, "-c", INTERRUPTED, str(tmp_path), str(lab_folder)])
    while not (tmp_path / moment).exists():
        assert child.poll() is None
        time.sleep(0.02)
    time.sleep(0.3)
    child.send_signal(signal.SIGINT)
    assert child.wait(30) == 7
    deadline = time.monotonic() + 10
    while processes_of(tmp_path) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert processes_of(tmp_path) == []
