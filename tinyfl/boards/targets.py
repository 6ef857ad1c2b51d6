"""All boards there are, by name."""

from __future__ import annotations

from tinyfl.boards.board import Board
from tinyfl.boards.cortex_m import CORTEX_M4, CORTEX_M7, CORTEX_M55
from tinyfl.boards.rv32 import RV32IMC
from tinyfl.boards.xtensa import XTENSA
from tinyfl.errors import ToolError

HOST = Board(
    name="host",
    title="this machine",
    optimisation="-O3",
    ports=(),
    bench_port="host/bench",
    memory_map=None,
    toolchain=None,
    emulator=None,
)

BOARDS = {board.name: board for board in (HOST, CORTEX_M4, CORTEX_M7, CORTEX_M55, RV32IMC, XTENSA)}


def board_of(name: str) -> Board:
    """The board of that name; ToolError that lists them."""
    if name == "esp32s3":
        raise ToolError("esp32s3 is a project to build with ESP-IDF: tinyfl build DIR --target esp32s3")
    if name not in BOARDS:
        raise ToolError(f"there is no target {name}; choose one of {', '.join(BOARDS)}, or esp32s3 to build")
    return BOARDS[name]
