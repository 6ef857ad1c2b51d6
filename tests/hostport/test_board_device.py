"""A device on an emulated board, over its UART: the host's deltas and weights, killed or not."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from host_lab import Conversation
from test_device_process import cpu_seconds, open_when_there

from tinyfl.boards.device_program import build_device
from tinyfl.boards.targets import BOARDS
from tinyfl.errors import ToolError
from tinyfl.link.inprocess import DeviceFiles, DeviceLibrary, InProcessLink

SLOW = ("xtensa",)  # to build: Clang optimises all of it at once
DEVICES = [
    pytest.param(name, marks=pytest.mark.slow if name in SLOW else ())
    for name, board in BOARDS.items()
    if board.device is not None
]
RUN = """
import sys
from pathlib import Path
from tinyfl.boards.emulated_device import run_device
from tinyfl.boards.storage import Identity
from tinyfl.boards.targets import board_of
from tinyfl.errors import TinyflError
from tinyfl.link.inprocess import DeviceFiles
board, program, recordings, flash, port = sys.argv[1:]
files = DeviceFiles(Path(recordings), Path(flash))
try:
    sys.exit(run_device(board_of(board), Path(program), Identity("worn-1", 7), files, Path(port)))
except TinyflError as error:
    print(error, file=sys.stderr)
    sys.exit(2)
"""


def program(network: Path, target: str) -> Path:
    """The device for a board, or a skip that names what is missing."""
    board = BOARDS[target]
    try:
        board.require_emulator()
        board.compiler()
    except ToolError as error:
        pytest.skip(str(error))
    return build_device(network, board, 8, 64).file


@contextmanager
def running(
    target: str, device: Path, recordings: Path, folder: Path, keep_port: bool = False
) -> Iterator[subprocess.Popen[str]]:
    words = [target, device, recordings, folder / f"{target}.storage", folder / "port"]
    if not keep_port:
        (folder / "port").unlink(missing_ok=True)  # a killed device leaves it, and its terminal may be another's by now
    process = subprocess.Popen([sys.executable, "-c", RUN, *map(str, words)], stderr=subprocess.PIPE, text=True)
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        assert process.stderr is not None
        process.stderr.close()


@pytest.mark.parametrize("target", DEVICES)
def test_rounds_over_the_uart_are_the_hosts_bit_for_bit_through_a_power_cut(
    target: str, tiny_network: Path, device_library: DeviceLibrary, recordings_file: Path, tmp_path: Path
) -> None:
    device = program(tiny_network, target)
    calm = Conversation(InProcessLink(device_library, "worn-1", DeviceFiles(recordings_file), seed=7))
    deltas = [calm.round(number) for number in (1, 2, 3)]
    for number, cut in ((1, False), (2, True), (2, False), (3, False)):
        with running(target, device, recordings_file, tmp_path):
            talk = Conversation(open_when_there("worn-1", tmp_path / "port"), patience=30)
            if cut:
                talk.train(number)  # and the power goes before it commits
            else:
                delta, again = deltas[number - 1], talk.round(number)
                assert (again.digest, again.data) == (delta.digest, delta.data)
                facts = talk.facts()
            talk.link.close()
    assert facts.last_round == 3
    assert facts.weights_digest == calm.facts().weights_digest


@pytest.mark.parametrize("target", DEVICES)
def test_it_sleeps_when_idle_and_ends_when_asked(
    target: str, tiny_network: Path, recordings_file: Path, tmp_path: Path
) -> None:
    device = program(tiny_network, target)
    with running(target, device, recordings_file, tmp_path) as process:
        link = open_when_there("worn-1", tmp_path / "port")
        Conversation(link, patience=30).facts()
        emulator = children(process.pid)[0]
        before = cpu_seconds(emulator)
        time.sleep(1)
        assert cpu_seconds(emulator) - before <= 0.1
        process.send_signal(signal.SIGTERM)
        assert process.wait(5) == 0
        assert not (tmp_path / "port").is_symlink()
        assert not Path(f"/proc/{emulator}").exists()
        link.close()


def test_what_is_wrong_is_said(tiny_network: Path, recordings_file: Path, tmp_path: Path) -> None:
    device = program(tiny_network, "cortex-m7")
    with running("cortex-m7", device, tmp_path / "absent", tmp_path) as process:
        assert process.wait(20) == 2
        assert "recordings " in process.stderr.read()
    assert not (tmp_path / "cortex-m7.storage").exists()
    (tmp_path / "bad").write_bytes(b"no recordings")
    with running("cortex-m7", device, tmp_path / "bad", tmp_path) as process:
        assert process.wait(20) == 2
        assert "has ended with status -3: its recordings are not for this network" in process.stderr.read()
    (tmp_path / "port").write_text("precious")
    with running("cortex-m7", device, recordings_file, tmp_path, keep_port=True) as process:
        assert process.wait(20) == 2
        assert "port cannot be made: File exists" in process.stderr.read()
    assert (tmp_path / "port").read_text() == "precious"
    with running("cortex-m7", device, recordings_file, tmp_path):
        open_when_there("worn-1", tmp_path / "port").close()
        with running("cortex-m7", device, recordings_file, tmp_path) as second:
            assert second.wait(20) == 2
            assert "belongs to a device that is running" in second.stderr.read()


def test_a_killed_parent_takes_its_emulator_along(tiny_network: Path, recordings_file: Path, tmp_path: Path) -> None:
    device = program(tiny_network, "cortex-m7")
    with running("cortex-m7", device, recordings_file, tmp_path) as process:
        open_when_there("worn-1", tmp_path / "port").close()
        emulator = children(process.pid)[0]
        process.kill()
        process.wait()
        deadline = time.monotonic() + 15
        while alive(emulator):
            assert time.monotonic() < deadline
            time.sleep(0.02)


def children(pid: int) -> list[int]:
    return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False
