"""The device of a fleet as the program of a bare board: core, serial link, and recordings for sensor and wearer."""

from __future__ import annotations

from pathlib import Path

from tinyfl.boards.board import Board, DeviceMachine
from tinyfl.boards.image import BoardProgram, Image, build_image
from tinyfl.errors import ToolError
from tinyfl.wire.zcbor_runtime import ZCBOR_DEFINES, ZCBOR_FLAGS, zcbor_runtime

_FOLDERS = ("core", "gen", "ports/firmware", "ports/loop", "ports/emulated")


def machine_of(board: Board) -> DeviceMachine:
    """How the board becomes a device; ToolError if it cannot."""
    if board.device is None:
        raise ToolError(f"there is no device program for {board.name} (docs/adding-a-board.md)")
    return board.device


def build_device(network: Path, board: Board, grad_bits: int, store: int) -> Image:
    """Link the device for ``board``; its sample store holds ``store`` windows. Raises as ``build_image`` does."""
    include, sources = zcbor_runtime()
    program = BoardProgram(
        name="device",
        folders=(*_FOLDERS, *(f"ports/{port}" for port in machine_of(board).ports)),
        defines={**ZCBOR_DEFINES, "ZCBOR_PRINT_FUNC": "no_print", "FIRMWARE_STORE": store},  # or it includes stdio.h
        flags=ZCBOR_FLAGS,
        sources=sources,
        include=(include,),
        remedy=f"keep fewer than {store} windows with --store, or compile it with a scheme that trains less",
    )
    return build_image(network, board, program, grad_bits)
