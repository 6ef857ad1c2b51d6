"""The fuzz targets on their checked-in corpus, with GCC's sanitizers; and that libFuzzer runs them."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.fuzz.fuzz import fuzzing_compiler, write_inputs
from tests.fuzz.targets import HERE, TARGETS
from tinyfl.boards.toolchain import find_compiler
from tinyfl.errors import ToolError


@pytest.mark.parametrize("name", TARGETS)
def test_the_corpus_breaks_no_promise(name: str, tmp_path: Path) -> None:
    compiler = find_compiler()
    if not compiler.is_gcc:
        pytest.skip("only GCC's sanitizers are tried")
    target = TARGETS[name]
    program = target.build(compiler, ["-fsanitize=address,undefined"], [HERE / "replay.c"])
    inputs = target.inputs()
    assert len(inputs) > 5
    assert max(map(len, inputs)) <= target.longest
    write_inputs(tmp_path, inputs)
    files = sorted(map(str, tmp_path.iterdir()))
    done = subprocess.run([program, *files], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"{len(inputs)} inputs\n"


def test_a_broken_promise_is_found(tmp_path: Path) -> None:
    """The replay can fail: a target that promises what no input keeps."""
    (tmp_path / "broken.c").write_text(
        '#include "fuzz.h"\n'
        "int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) { MUST(size < 2 || data[size] == 0); return 0; }"
    )
    compiler = find_compiler()
    if not compiler.is_gcc:
        pytest.skip("only GCC's sanitizers are tried")
    flags = ["-fsanitize=address,undefined", f"-I{HERE}"]
    command = [*compiler.command, *flags, str(tmp_path / "broken.c"), str(HERE / "replay.c"), "-o", tmp_path / "replay"]
    subprocess.run(command, check=True)
    (tmp_path / "input").write_bytes(b"ab")
    done = subprocess.run([tmp_path / "replay", tmp_path / "input"], capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert "heap-buffer-overflow" in done.stderr


def test_libfuzzer_starts_from_the_corpus() -> None:
    try:
        fuzzing_compiler()
    except ToolError as error:
        pytest.skip(str(error))
    command = [sys.executable, "-m", "tests.fuzz.fuzz", "--runs", "2000", "delta"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert re.match(r"delta: 2,\d{3} executions, \d+ edges, 0 findings\n", done.stdout)
