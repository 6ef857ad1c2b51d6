"""What is in the whole program of a device on a board, and what must never be."""

import re
from pathlib import Path

import pytest
from elftools.elf.elffile import ELFFile

from tests.hostport.tiny_network import write_tiny_network
from tinyfl.boards.device_program import build_device
from tinyfl.boards.targets import BOARDS
from tinyfl.errors import ToolError

SLOW = ("xtensa",)  # to build: Clang optimises all of it at once
DEVICES = [
    pytest.param(name, marks=pytest.mark.slow if name in SLOW else ())
    for name, board in BOARDS.items()
    if board.device is not None
]
FORBIDDEN = re.compile(
    r"_?(malloc|calloc|realloc|free|sbrk)(_r)?|\w*printf\w*|"  # a heap, formatted output
    r"__(aeabi_[df]\w+|\w+[sd]f[23]|fix\w+|float\w+|extend\w+|trunc\w+)"  # floating point in software
)


def image_of(name: str, folder: Path) -> ELFFile:
    try:
        file = build_device(write_tiny_network(folder), BOARDS[name], grad_bits=8, store=16).file
    except ToolError as error:
        pytest.skip(str(error))
    return ELFFile(file.open("rb"))


@pytest.mark.parametrize("name", DEVICES)
def test_no_heap_no_formatting_no_floating_point(name: str, tmp_path: Path) -> None:
    symbols = {symbol.name for symbol in image_of(name, tmp_path).get_section_by_name(".symtab").iter_symbols()}
    assert {"tf_device_init", "program_run"} & symbols  # it has names at all
    assert [symbol for symbol in symbols if FORBIDDEN.fullmatch(symbol)] == []


def test_the_forbidden_are_recognised() -> None:
    for name in ("malloc", "_malloc_r", "free", "snprintf", "__adddf3", "__aeabi_fmul", "__floatsisf", "__fixdfsi"):
        assert FORBIDDEN.fullmatch(name), name
    for name in ("__muldi3", "memcpy", "tf_round_commit", "__aeabi_lmul", "__udivdi3"):
        assert not FORBIDDEN.fullmatch(name), name


def test_the_core_fits_24_kb_of_flash_and_6_kb_of_ram(tmp_path: Path) -> None:
    elf = image_of("cortex-m7", tmp_path)
    flashed = sum(elf.get_section_by_name(name)["sh_size"] for name in (".vectors", ".text", ".rodata", ".data"))
    assert flashed <= 24 * 1024  # with the test's network, main loop and start-up
    symbols = elf.get_section_by_name(".symtab")
    held = sum(symbols.get_symbol_by_name(name)[0]["st_size"] for name in ("device", "messages"))
    page = (Path(__file__).parents[2] / "docs" / "device-sizes.md").read_text(encoding="utf-8")
    stack = int(re.search(r"^\| cortex-m7 .* ([\d,]+) \|$", page, re.MULTILINE)[1].replace(",", ""))
    assert held + stack <= 6 * 1024
