"""What is no sequence of the network is refused with a code, and nothing past a buffer is touched."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from torch import nn

sys.path.append(str(Path(__file__).parents[1] / "compiler"))
from sequence_networks import compile_sequences, language

from tinyfl.boards.firmware import firmware_dir
from tinyfl.boards.toolchain import build, find_compiler
from tinyfl.compiler.emit_c import emit
from tinyfl.wire.zcbor_runtime import ZCBOR_DEFINES, ZCBOR_FLAGS, zcbor_runtime

SANITIZE = ("-O1", "-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all")
OK, ARGUMENT, SPACE, EMPTY = 0, -1, -2, -8
STEPS = 7


def test_codes_of_sequences(tmp_path: Path) -> None:
    if not find_compiler().is_gcc:
        pytest.skip("only GCC's sanitizers are tried")
    bundle = compile_sequences(language(nn.Linear(6, 6), tokens=20, steps=STEPS))
    emit(bundle.program, bundle.plan, tmp_path)
    firmware, (include, sources) = firmware_dir(), zcbor_runtime()
    files = [tmp_path / "net.c", Path(__file__).with_name("sequence_samples.c"), *sources]
    files += [f for folder in ("core", "kernels", "gen") for f in sorted((firmware / folder).glob("*.c"))]
    folders = [tmp_path, *(firmware / folder for folder in ("include", "core", "gen")), include]
    defines = {"TF_GRAD_BITS": bundle.program.grad_bits, **ZCBOR_DEFINES}
    program = build(files, folders, defines, tmp_path / "program", False, (*SANITIZE, *ZCBOR_FLAGS))
    done = subprocess.run([program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    said = [tuple(map(int, line.split())) for line in done.stdout.splitlines()]
    by_length = [(EMPTY, EMPTY, 0)] + [(ARGUMENT, ARGUMENT, 0)] * (STEPS - 1)
    by_length += [(OK, ARGUMENT, 0), (SPACE, OK, OK), (SPACE, SPACE, 0)]
    unknown = [(ARGUMENT, ARGUMENT, 0), (SPACE, ARGUMENT, 0), (SPACE, ARGUMENT, 0), (SPACE, OK, OK)]
    assert said == [*by_length, *unknown, (ARGUMENT, ARGUMENT)]
