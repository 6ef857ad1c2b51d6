"""A compiled network at the host's full speed: its C, built with the kernels, trained and asked many samples a call."""

from __future__ import annotations

import ctypes as ct
import tempfile
from pathlib import Path

import numpy as np

from tinyfl.boards.firmware import firmware_dir
from tinyfl.boards.toolchain import build
from tinyfl.compiler.bundle import Bundle
from tinyfl.compiler.emit_c import emit
from tinyfl.types import IntArray

# The integers are the same on every machine and with every flag; vectors of this one only make it faster.
_FLAGS = ("-O3", "-march=native")


def build_native(bundle: Bundle) -> Path:
    """The library of the network's C and the kernels, from the build cache if it is there; raises ToolError."""
    firmware = firmware_dir()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        emit(bundle.program, bundle.plan, folder)
        sources = [folder / "net.c", firmware / "ports" / "native" / "native_net.c"]
        sources += sorted((firmware / "kernels").glob("*.c"))
        defines: dict[str, str | int] = {"TF_GRAD_BITS": bundle.program.grad_bits}
        return build(sources, [folder, firmware / "include"], defines, flags=_FLAGS)


class NativeNet:
    """One device's network: it starts as it ships, then learns.

    Samples are int8 [N, H, W, C], of sequences [N, input_bytes] as ``Bundle.samples`` has them.
    """

    def __init__(self, library: Path, seed: int, lr_shift: int = 0) -> None:
        self._c = ct.CDLL(str(library))
        sizes = np.zeros(5, np.uint32)
        self._c.native_sizes(_at(sizes))
        weights, fractions, biases, arena, self._scores = map(int, sizes)
        self.w, self.f, self.b = (
            np.zeros(weights, np.int8),
            np.full(fractions, 128, np.uint8),
            np.zeros(biases, np.int32),
        )
        self._arena = np.zeros(arena // 8 + 1, np.uint64)
        self._c.native_factory(_at(self.w), _at(self.b))
        self._seed, self._lr_shift = seed, lr_shift
        self.step = self.saturated = 0

    def learn(self, x: IntArray, y: IntArray, order: list[int]) -> None:
        """One step on each sample that ``order`` names, in that order."""
        rows, samples, labels = np.array(order, np.uint32), x.astype(np.int8), y.astype(np.uint16)
        rate = ct.c_uint32(self._seed), ct.c_int8(self._lr_shift)
        steps = ct.c_uint32(self.step), ct.c_uint32(len(order))
        self.saturated += self._c.native_learn(*self._planes(), *rate, *steps, _at(rows), _at(samples), _at(labels))
        self.step += len(order)

    def logits(self, x: IntArray) -> IntArray:
        """Logits [N, classes] in 1/16 nat, of sequences [N, steps x classes]."""
        samples, out = x.astype(np.int8), np.zeros((len(x), self._scores), np.int16)
        self._c.native_logits(*self._planes(), ct.c_uint32(len(x)), _at(samples), _at(out))
        return out.astype(np.int64)

    def accuracy(self, x: IntArray, y: IntArray) -> float:
        """Share of samples whose label has the largest logit."""
        return float((self.logits(x).argmax(1) == y).mean())

    def _planes(self) -> tuple[ct.c_void_p, ...]:
        return _at(self.w), _at(self.f), _at(self.b), _at(self._arena)


def _at(a: np.ndarray) -> ct.c_void_p:
    return ct.c_void_p(a.ctypes.data)
