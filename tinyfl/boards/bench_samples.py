"""What the bench trains on, drawn as ``device_fw/ports/bench/bench.c`` draws it, and where that must end."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from tinyfl.compiler.bundle import Bundle
from tinyfl.compiler.interpret import Interpreter
from tinyfl.types import IntArray

_SEED = 2463534242


def bench_samples(bundle: Bundle, steps: int) -> Iterator[tuple[IntArray, int | IntArray]]:
    """Sample [H, W, C] of int8 values and label of each training step, of a sequence the labels of its steps.

    The first sample drawn serves the forward pass before the steps and is left out.
    """
    words = _xorshift32(_SEED)
    graph = bundle.program.graph
    h, w, c = graph.shapes[graph.input]
    for draw in range(steps + 1):
        drawn = np.fromiter(words, np.dtype("<u4"), -(-bundle.input_bytes // 4))
        sample = drawn.view(np.int8)[: bundle.input_bytes].astype(np.int64)
        if graph.target:  # tokens and labels that exist
            part = sample[0 if graph.tokens else graph.target :]
            part[:] = (part & 255) % min(graph.classes, graph.tokens or graph.classes) - 128
        labels = sample[graph.target :][: graph.steps] + 128
        if draw > 0:
            x = sample[: h * w * c].reshape(h, w, c)
            yield x, labels if graph.target else (draw - 1) % bundle.classes


def interpreter_digest(bundle: Bundle, steps: int) -> str:
    """Weights digest that every board must report after ``steps`` steps, by the NumPy interpreter."""
    machine = Interpreter(bundle.program)
    for sample, label in bench_samples(bundle, steps):
        machine.train_step(sample, label)
    return machine.digest()


def _xorshift32(word: int) -> Iterator[int]:
    while True:
        word ^= word << 13 & 0xFFFFFFFF
        word ^= word >> 17
        word ^= word << 5 & 0xFFFFFFFF
        yield word
