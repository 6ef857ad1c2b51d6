"""What a whole device takes of each emulated board around a network of 24 weights: a table.

python -m benchmarks.device_sizes [--check | --write]

The network is the hand-written one of the tests, so the table is that of core, link, codec, main loop and start-up.
Stack is the painted one after two rounds over the UART. The core's share of the RAM is
``tf_device``, and ``tf_arq`` with the line's buffers.
``--check`` compares with docs/device-sizes.md where the compilers are those of the file: exit code 1 if they differ;
``--write`` replaces it.
"""

from __future__ import annotations

import argparse
import re
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from elftools.elf.elffile import ELFFile

from benchmarks.painted_stack import painted_stack
from tests.hostport.tiny_network import write_tiny_network
from tinyfl.boards.board import Board
from tinyfl.boards.device_program import build_device
from tinyfl.boards.targets import BOARDS
from tinyfl.errors import ToolError

PAGE = Path(__file__).parents[1] / "docs" / "device-sizes.md"
STORE = 16
HEAD = (
    "| target | compiler | code | constants | variables with values | zeroed | of these core and link | worst stack |"
)
_CODE, _CONSTANTS = (".vectors", ".text"), (".rodata",)


@dataclass(frozen=True)
class Row:
    """One board's line of the table."""

    target: str
    compiler: str
    numbers: tuple[int, ...]

    def __str__(self) -> str:
        return f"| {self.target} | {self.compiler} | {' | '.join(f'{n:,}' for n in self.numbers)} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    action = parser.add_mutually_exclusive_group()
    action.add_argument("--check", action="store_true")
    action.add_argument("--write", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        network = write_tiny_network(Path(folder))
        rows = [row for board in BOARDS.values() if board.device is not None and (row := _row(board, network))]
    table = "\n".join([HEAD, "|---|---|" + "---:|" * 6, *map(str, rows)]) + "\n"
    print(table, end="")
    page = PAGE.read_text(encoding="utf-8")
    if options.write:
        PAGE.write_text(re.sub(r"^\| target.*(?:\n\|.*)*\n", lambda _: table, page, flags=re.MULTILINE), "utf-8")
    elif options.check:
        _compare(rows, page)


def _row(board: Board, network: Path) -> Row | None:
    """None where compiler or emulator are missing."""
    try:
        board.require_emulator()
        image = build_device(network, board, grad_bits=8, store=STORE)
    except ToolError as error:
        print(f"{board.name}: not measured, {error}", file=sys.stderr)
        return None
    with image.file.open("rb") as stream:
        elf = ELFFile(stream)
        sections = {section.name: section["sh_size"] for section in elf.iter_sections()}
        symbols = elf.get_section_by_name(".symtab")
        core = sum(
            symbol["st_size"] for name in ("device", "messages") for symbol in symbols.get_symbol_by_name(name) or ()
        )
    code, constants = (sum(sections.get(name, 0) for name in names) for names in (_CODE, _CONSTANTS))
    numbers = code, constants, sections[".data"], sections[".bss"], core, painted_stack(board, image.file)
    return Row(board.name, image.toolchain, numbers)


def _compare(rows: list[Row], page: str) -> None:
    lines = page.splitlines()
    for row in rows:
        if not any(line.startswith(f"| {row.target} | {row.compiler} |") for line in lines):
            print(f"{row.target}: not compared, the file was written with another compiler", file=sys.stderr)
        elif str(row) not in lines:
            sys.exit(
                f"error: {row.target} is not as docs/device-sizes.md says; python -m benchmarks.device_sizes --write"
            )


if __name__ == "__main__":
    main()
