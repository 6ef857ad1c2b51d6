"""The checks of a board on the host's device process, so that they are right when a board is plugged in."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parents[1] / "boards"))
from bench_lab import compiled
from board_checks import NAME, SEED, STORE, check_hello, check_rounds, random_recordings
from esp32s3_lab import worn
from test_device_process import open_when_there

from tinyfl.boards.host import build_host
from tinyfl.compiler.bundle import load_bundle
from tinyfl.link.base import DeviceLink


class HostProcess:
    """A :class:`board_checks.Board` whose reset is a kill."""

    def __init__(self, network: Path, folder: Path) -> None:
        self._program, self._folder = build_host(network).executable, folder
        self._process: subprocess.Popen[bytes] | None = None

    def make_anew(self, recordings: Path) -> None:
        self._recordings = recordings
        self.reset()

    def reset(self) -> None:
        self.end()
        (self._folder / "port").unlink(missing_ok=True)
        words = ["--recordings", self._recordings, "--name", NAME, "--seed", SEED, "--store", STORE]
        words += ["--serial", self._folder / "port", "--flash", self._folder / "flash"]
        self._process = subprocess.Popen([str(self._program), *map(str, words)])

    def link(self) -> DeviceLink:
        return open_when_there(NAME, self._folder / "port")

    def end(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()


@pytest.fixture
def board(tmp_path: Path) -> Iterator[HostProcess]:
    compiled(worn(), tmp_path / "network")
    board = HostProcess(tmp_path / "network", tmp_path)
    board.make_anew(random_recordings(load_bundle(tmp_path / "network"), tmp_path / "recordings"))
    yield board
    board.end()


def test_they_pass_on_the_hosts_device(board: HostProcess, tmp_path: Path) -> None:
    check_rounds(board, tmp_path / "network", tmp_path / "recordings")
    check_hello(board)


def test_they_fail_on_a_device_with_other_windows(board: HostProcess, tmp_path: Path) -> None:
    recordings = bytearray((tmp_path / "recordings").read_bytes())
    recordings[40] ^= 0x40
    (tmp_path / "other").write_bytes(recordings)
    with pytest.raises(AssertionError, match=r"\(1, 1\)"):
        check_rounds(board, tmp_path / "network", tmp_path / "other")
