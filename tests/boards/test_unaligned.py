"""An access that is not aligned traps where a board forbids it: what runs there to its end has none."""

from pathlib import Path

import pytest

from tests.hostport.tiny_network import write_tiny_network
from tinyfl.boards.emulator import lines_of
from tinyfl.boards.firmware import firmware_dir
from tinyfl.boards.image import BoardProgram, build_image
from tinyfl.boards.targets import BOARDS
from tinyfl.errors import ToolError

PROGRAM = """
#include "bare.h"
#include "bench_port.h"

static uint32_t words[2] = {0x04030201u, 0x08070605u};

static void say(const char *text) {
    while (*text) {
        bench_put(*text++);
    }
}

void program_run(void) {
    const volatile uint8_t *at = (const volatile uint8_t *)words + AT;
    say(*(const volatile uint32_t *)(const volatile void *)at == WANTED ? "read\\n" : "wrong\\n");
}

void program_fault(void) { say("trapped\\n"); }
"""


@pytest.mark.slow
@pytest.mark.parametrize(("at", "wanted", "said"), [(0, "0x04030201u", "read"), (1, "0x05040302u", "trapped")])
def test_xtensa_traps_a_word_that_is_not_aligned(at: int, wanted: str, said: str, tmp_path: Path) -> None:
    board = BOARDS["xtensa"]
    (tmp_path / "unaligned.c").write_text(PROGRAM)
    program = BoardProgram(
        "unaligned",
        ("ports/xtensa/bench",),
        {"AT": at, "WANTED": wanted},
        sources=(tmp_path / "unaligned.c",),
        include=(firmware_dir() / "ports" / "bench",),
    )
    try:
        board.require_emulator()
        board.compiler()
    except ToolError as error:
        pytest.skip(str(error))
    image = build_image(write_tiny_network(tmp_path), board, program, grad_bits=8)
    assert list(lines_of(board, image.file)) == [said]
