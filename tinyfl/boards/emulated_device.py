"""A device of a fleet on an emulated board, reachable through a pseudo-terminal."""

from __future__ import annotations

import ctypes
import fcntl
import os
import re
import select
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tinyfl.boards.board import Board
from tinyfl.boards.device_program import machine_of
from tinyfl.boards.storage import Identity, device_status, prepare_storage, read_windows
from tinyfl.errors import LinkError, ToolError
from tinyfl.link.inprocess import DeviceFiles
from tinyfl.stop_signals import stop_signals

_REDIRECTED = re.compile(rb"char device redirected to (\S+)")
_START_SECONDS = 20.0
_WHY = {  # a tf_status with which the program ends
    -2: "its state does not fit the flash; give a smaller --store",
    -3: "its recordings are not for this network; write them for the one it was built with",
    -4: "its storage is of another version; remove the file",
    -7: "its flash failed; remove the storage's file to start as shipped",
}
_DIE_WITH_PARENT = 1  # PR_SET_PDEATHSIG


def run_device(board: Board, program: Path, identity: Identity, files: DeviceFiles, port: Path) -> int:
    """Emulate the board until SIGTERM or SIGINT comes, with ``port`` a link to its serial line; returns an exit code.

    ``files.flash`` is its storage; without one it forgets. Call it in the main thread. Raises ToolError if there is
    no emulator, the storage is in use, or the program ends by itself; DataError for recordings that cannot be used.
    """
    board.require_emulator()
    machine = machine_of(board)
    windows = read_windows(files.recordings, machine)  # before there is a file
    with _storage(files.flash) as storage, storage.open("ab") as lock, stop_signals() as stopped:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise ToolError(f"{storage} belongs to a device that is running; stop it first") from error
        prepare_storage(storage, machine, identity, windows)
        process = subprocess.Popen(
            device_command(board, program, storage),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            pass_fds=[lock.fileno()],  # the storage is in use as long as the emulator lives
            preexec_fn=_die_with_parent if sys.platform == "linux" else None,
        )
        try:
            terminal = terminal_of(board, process)
            with _linked(terminal, port):
                assert process.stdout is not None
                if stopped in select.select([process.stdout.fileno(), stopped], [], [])[0]:
                    return 0
        finally:
            process.kill()
            process.wait()
        status = device_status(storage, machine)
        why = _WHY.get(status, "an error of the program itself")
        raise ToolError(f"device {identity.name} on {board.name} has ended with status {status}: {why}")


def device_command(board: Board, program: Path, storage: Path) -> list[str]:
    """What emulates the board with its serial line on a new pseudo-terminal."""
    assert board.emulator is not None
    name = str(storage).replace(",", ",,")
    console = ["-display", "none", "-monitor", "none", "-serial", "pty", "-no-reboot"]
    machine = [option.replace("{storage}", name) for option in machine_of(board).machine]
    return [board.emulator.program.name, *console, *machine, str(program)]


def terminal_of(board: Board, process: subprocess.Popen[bytes]) -> str:
    """The pseudo-terminal that the emulator has made; ToolError with its complaint if it does not start."""
    assert process.stdout is not None
    said, deadline = b"", time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline and select.select([process.stdout], [], [], _START_SECONDS)[0]:
        part = os.read(process.stdout.fileno(), 4096)
        said += part
        found = _REDIRECTED.search(said)
        if found:
            return found[1].decode()
        if not part:
            break
    raise ToolError(f"the emulator of {board.name} does not start ({said.decode(errors='replace').strip()})")


@contextmanager
def _linked(terminal: str, port: Path) -> Iterator[None]:
    """The link in place; the terminal held open, so that a gateway may come and go."""
    held = os.open(terminal, os.O_RDWR | os.O_NOCTTY)
    try:
        try:
            if port.is_symlink():
                port.unlink()
            port.symlink_to(terminal)
        except OSError as error:
            raise LinkError(f"the serial port {port} cannot be made: {error.strerror}") from error
        yield
    finally:
        os.close(held)
        if port.is_symlink():
            port.unlink()


@contextmanager
def _storage(path: Path | None) -> Iterator[Path]:
    if path is not None:
        yield path
        return
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder) / "storage"


def _die_with_parent() -> None:
    ctypes.CDLL(None).prctl(_DIE_WITH_PARENT, signal.SIGKILL)
