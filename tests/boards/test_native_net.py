"""The network in a library of this machine: the interpreter's bits, with fractions and without."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from bench_lab import compiled, small

from tinyfl.boards.native_net import NativeNet, build_native
from tinyfl.compiler.interpret import Interpreter


@pytest.mark.parametrize("fraction_bits", [8, 0])
def test_it_learns_the_interpreters_bits(fraction_bits: int, tmp_path: Path) -> None:
    bundle = compiled(small(), tmp_path / "net", fraction_bits=fraction_bits)
    rng = np.random.default_rng(0)
    x = rng.integers(-128, 128, (6, *bundle.program.graph.shapes[bundle.program.graph.input]))
    y = rng.integers(0, bundle.classes, 6)
    native, interpreter = NativeNet(build_native(bundle), 5, 1), Interpreter(bundle.program, seed=5, lr_shift=1)
    order = [3, 0, 5, 3, 1, 2, 4, 0]
    native.learn(x, y, order[:5])
    native.learn(x, y, order[5:])
    for i in order:
        interpreter.train_step(x[i], int(y[i]))
    assert native.step == len(order)
    assert np.array_equal(native.logits(x), interpreter.logits(x))
    assert native.f.size == (native.w.size if fraction_bits else 0)
    assert native.accuracy(x, native.logits(x).argmax(1)) == 1.0
