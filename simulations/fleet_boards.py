"""Which devices of a fleet are emulated boards, and which are processes of this machine."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain, repeat
from pathlib import Path

from simulations.scenario import Fleet
from tinyfl.boards.board import Board
from tinyfl.boards.device_program import build_device
from tinyfl.boards.targets import BOARDS
from tinyfl.compiler.bundle import load_bundle
from tinyfl.errors import ScenarioError


def boards_of(fleet: Fleet, devices: Sequence[str]) -> dict[str, Board]:
    """The board of each device that is on one: the first of those on serial lines. Raises ScenarioError."""
    possible = {name: board for name, board in BOARDS.items() if board.device is not None}
    for name in fleet.boards:
        if name not in possible:
            raise ScenarioError(f"fleet.boards has no board {name}; choose of {', '.join(possible)}")
    count = sum(fleet.boards.values())
    if count > fleet.serial:
        raise ScenarioError(
            f"fleet.boards are {count} and fleet.serial is {fleet.serial}; boards have serial lines, raise fleet.serial"
        )
    return dict(zip(devices, _in_turn(fleet.boards, possible), strict=False))


def build_boards(network: Path, boards: Mapping[str, Board], store: int) -> None:
    """Build each board's program once, before any device starts. Raises ToolError or BudgetError."""
    grad_bits = load_bundle(network).program.grad_bits
    for board in {board.name: board for board in boards.values()}.values():
        board.require_emulator()
        build_device(network, board, grad_bits, store)


def _in_turn(counts: Mapping[str, int], boards: Mapping[str, Board]) -> Iterator[Board]:
    return chain.from_iterable(repeat(boards[name], count) for name, count in counts.items())
