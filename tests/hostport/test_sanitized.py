"""A whole run on device processes that stop at undefined behaviour and at accesses out of bounds."""

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path

import pytest

from coordinator.rounds import run_rounds
from coordinator.strategies.average import Average
from simulations.engine import run_in_process, write_all_recordings
from simulations.prepare import Prepared, prepare
from simulations.schedule import phase_starts, run_plan
from tests.simulations.small import small_scenario, write_dataset
from tinyfl.boards.host import build_host
from tinyfl.boards.toolchain import find_compiler
from tinyfl.gateway.cohort import SessionCohort
from tinyfl.gateway.sessions import DeviceSession
from tinyfl.link.inprocess import DeviceFiles
from tinyfl.link.radio import EmulatedDevice
from tinyfl.link.serial import SerialLink
from tinyfl.progress import Progress

SANITIZE = ("-O1", "-g", "-fno-omit-frame-pointer", "-fsanitize=address,undefined", "-fno-sanitize-recover=all")


@contextmanager
def running(device: EmulatedDevice, port: Path, log: Path) -> Iterator[None]:
    """The device's process; it must live until it is asked to end, and end without a complaint, leaks included."""
    with log.open("wb") as out, subprocess.Popen(device.command("--serial", str(port)), stderr=out) as process:
        try:
            yield
        finally:
            alive = process.poll() is None
            process.terminate()
        code = process.wait()
    complaint = log.read_text(errors="replace")
    assert alive, complaint
    assert code == 0, complaint
    assert "runtime error" not in complaint, complaint
    assert "Sanitizer" not in complaint, complaint


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    folder = tmp_path_factory.mktemp("sanitized")
    return prepare(small_scenario(write_dataset(folder / "data")), folder / "run", Progress(quiet=True))


@pytest.mark.slow
def test_a_run_on_sanitized_devices_is_clean_and_ends_with_the_same_bits(prepared: Prepared, tmp_path: Path) -> None:
    if not find_compiler().is_gcc:
        pytest.skip("only GCC's sanitizers are tried")
    network = shutil.copytree(prepared.folder / "network", tmp_path / "network", ignore=shutil.ignore_patterns("host"))
    executable = build_host(network, grad_bits=prepared.bundle.program.grad_bits, flags=SANITIZE).executable
    assert b"__asan_init" in executable.read_bytes()
    assert b"__ubsan_handle" in executable.read_bytes()
    starts = phase_starts(prepared.scenario)
    plan = run_plan(prepared.scenario, prepared.bundle, prepared.devices)
    files = write_all_recordings(prepared, starts, tmp_path)
    capacity = prepared.scenario.store.capacity
    with ExitStack() as processes:
        sessions = []
        for name in prepared.devices:
            on_disk = DeviceFiles(files[name], tmp_path / f"{name}.flash")
            device = EmulatedDevice(executable, name, on_disk, prepared.seed_of(name), capacity)
            port = tmp_path / f"{name}.tty"
            processes.enter_context(running(device, port, tmp_path / f"{name}.log"))
            sessions.append(DeviceSession(name, partial(SerialLink, name, str(port))))
        cohort = SessionCohort(sessions)
        try:
            state = run_rounds(plan, Average(), cohort)
        finally:
            cohort.close()
    plain = run_in_process(prepared, plan, starts, "plain")
    assert all(not outcome.missing for outcome in state.outcomes)
    assert [[r.weights_digest for r in o.reports] for o in state.outcomes] == [
        [r.weights_digest for r in o.reports] for o in plain.outcomes
    ]
