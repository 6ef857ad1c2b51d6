"""Runs a board's program under its emulator, or a host's as it is, and hands over what it says line by line."""

from __future__ import annotations

import os
import selectors
import subprocess
from collections.abc import Iterator
from pathlib import Path

from tinyfl.boards.board import Board
from tinyfl.errors import ToolError

SILENCE_SECONDS = 120.0
"""of a program that has stopped; one training step of a network that fits a board takes seconds"""


def lines_of(board: Board, program: Path, silence: float = SILENCE_SECONDS) -> Iterator[str]:
    """Each line that the program writes to its serial line, until it ends; closing the iterator ends it, too.

    Raises:
        ToolError: no emulator, or it failed, or the program said nothing for ``silence`` seconds.
    """
    board.require_emulator()
    command = [*(board.emulator.command if board.emulator else ()), str(program)]
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stderr is not None
    try:
        with selectors.DefaultSelector() as selector:
            selector.register(process.stdout, selectors.EVENT_READ)
            rest = b""
            while True:
                if not selector.select(silence):
                    raise ToolError(
                        f"the program on {board.name} said nothing for {silence:.0f} s and was stopped; "
                        f"a network that needs longer for one step is beyond `tinyfl bench`"
                    )
                arrived = os.read(process.stdout.fileno(), 65536)
                if not arrived:
                    break
                *whole, rest = (rest + arrived).split(b"\n")
                for line in whole:
                    yield line.decode("ascii", "replace").strip()
        complaint = process.stderr.read().decode(errors="replace").strip()
        if process.wait(silence):
            raise ToolError(f"{command[0]} failed on {board.name} ({complaint or f'exit code {process.returncode}'})")
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
        process.stderr.close()
