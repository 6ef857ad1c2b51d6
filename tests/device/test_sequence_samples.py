"""What is no sequence of the network is refused with a code, and nothing past a buffer is touched."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from network_device import build_network_device
from torch import nn

sys.path.append(str(Path(__file__).parents[1] / "compiler"))
from sequence_networks import compile_sequences, language

from tinyfl.boards.toolchain import find_compiler

SANITIZE = ("-O1", "-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all")
OK, ARGUMENT, SPACE, EMPTY = 0, -1, -2, -8
STEPS = 7


def test_codes_of_sequences(tmp_path: Path) -> None:
    if not find_compiler().is_gcc:
        pytest.skip("only GCC's sanitizers are tried")
    bundle = compile_sequences(language(nn.Linear(6, 6), tokens=20, steps=STEPS))
    program = build_network_device(bundle, tmp_path, "sequence_samples.c", False, *SANITIZE)
    done = subprocess.run([program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    said = [tuple(map(int, line.split())) for line in done.stdout.splitlines()]
    by_length = [(EMPTY, EMPTY, 0)] + [(ARGUMENT, ARGUMENT, 0)] * (STEPS - 1)
    by_length += [(OK, ARGUMENT, 0), (SPACE, OK, OK), (SPACE, SPACE, 0)]
    unknown = [(ARGUMENT, ARGUMENT, 0), (SPACE, ARGUMENT, 0), (SPACE, ARGUMENT, 0), (SPACE, OK, OK)]
    stream = [(SPACE,), (OK,), (EMPTY,), (OK,), (SPACE,), (ARGUMENT,), *[(EMPTY, OK)] * (STEPS - 1), (SPACE,)]
    stream += [(ARGUMENT,), (OK,), (OK,), (OK, OK), (ARGUMENT,)]
    assert said == [*by_length, *unknown, (ARGUMENT, ARGUMENT), *stream]
