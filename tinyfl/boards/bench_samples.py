"""What the bench trains on, drawn as ``device_fw/ports/bench/bench.c`` draws it, and where that must end."""

from __future__ import annotations

import itertools
import zlib
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
    return _trained(bundle, steps)[0].digest()


def interpreter_scores(bundle: Bundle, steps: int) -> str:
    """CRC-32 of the int16 scores of the sample after ``steps`` steps, which a stream over it must come to."""
    machine, following = _trained(bundle, steps)
    return f"{zlib.crc32(machine.logits(following[None]).astype('<i2').tobytes()):08x}"


def _trained(bundle: Bundle, steps: int) -> tuple[Interpreter, IntArray]:
    """The machine after ``steps`` steps, and the sample that follows."""
    machine, samples = Interpreter(bundle.program), bench_samples(bundle, steps + 1)
    for sample, label in itertools.islice(samples, steps):
        machine.train_step(sample, label)
    return machine, next(samples)[0]


def _xorshift32(word: int) -> Iterator[int]:
    while True:
        word ^= word << 13 & 0xFFFFFFFF
        word ^= word >> 17
        word ^= word << 5 & 0xFFFFFFFF
        yield word
