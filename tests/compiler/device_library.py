"""A compiled network as a shared library: emitted, built with the kernels, called by ctypes."""

from __future__ import annotations

import ctypes as ct
import os
from pathlib import Path
from unittest import mock

import numpy as np

from tinyfl.boards.toolchain import build
from tinyfl.compiler.bundle import Bundle
from tinyfl.compiler.emit_c import emit
from tinyfl.types import IntArray

FIRMWARE = Path(__file__).parents[2] / "device_fw"
_KERNELS: dict[int, Path] = {}


class Net(ct.Structure):
    """tf_net."""

    _fields_ = (
        ("w", ct.c_void_p),
        ("f", ct.c_void_p),
        ("b", ct.c_void_p),
        ("arena", ct.c_void_p),
        ("step", ct.c_uint32),
        ("seed", ct.c_uint32),
        ("lr_shift", ct.c_int8),
        ("saturated", ct.c_uint32),
    )


class Tensor(ct.Structure):
    """tf_tensor."""

    _fields_ = (("offset", ct.c_uint32), ("count", ct.c_uint32), ("is_bias", ct.c_uint8), ("is_shared", ct.c_uint8))


FORWARD = ct.CFUNCTYPE(None, ct.POINTER(Net), ct.c_void_p, ct.c_void_p)
STREAM = ct.CFUNCTYPE(ct.c_int, ct.POINTER(Net), ct.c_void_p, ct.c_void_p, ct.c_void_p)
TRAIN = ct.CFUNCTYPE(ct.c_uint32, ct.POINTER(Net), ct.c_void_p, ct.c_uint16)


class Model(ct.Structure):
    """tf_model."""

    _fields_ = (
        ("network_id", ct.c_uint32),
        ("scheme_id", ct.c_uint32),
        ("input_bytes", ct.c_uint32),
        ("classes", ct.c_uint16),
        ("steps", ct.c_uint16),
        ("target", ct.c_uint32),
        ("tokens", ct.c_uint16),
        ("tensor_count", ct.c_uint16),
        ("fraction_bits", ct.c_uint8),
        ("trained_weights", ct.c_uint32),
        ("trained_biases", ct.c_uint32),
        ("arena_bytes", ct.c_uint32),
        ("logits", ct.c_uint32),
        ("tensors", ct.POINTER(Tensor)),
        ("factory_weights", ct.POINTER(ct.c_int8)),
        ("factory_biases", ct.POINTER(ct.c_int32)),
        ("forward", FORWARD),
        ("train_step", TRAIN),
        ("stream_bytes", ct.c_uint32),
        ("step_bytes", ct.c_uint32),
        ("stream", STREAM),
    )


def kernels(grad_bits: int) -> Path:
    """The kernels as one library, built once a test run (and kept by the toolchain's cache)."""
    if grad_bits not in _KERNELS:
        sources = sorted((FIRMWARE / "kernels").glob("*.c"))
        _KERNELS[grad_bits] = build(sources, [FIRMWARE / "include"], {"TF_GRAD_BITS": grad_bits}, flags=("-O1",))
    return _KERNELS[grad_bits]


class Device:
    """One instance of a network in C; the arena is surrounded by bytes that must survive."""

    GUARD = 64

    def __init__(self, bundle: Bundle, folder: Path, seed: int = 0, lr_shift: int = 0) -> None:
        self.bundle = bundle
        emit(bundle.program, bundle.plan, folder)
        grad_bits = bundle.program.grad_bits
        library = kernels(grad_bits)
        with mock.patch.dict(os.environ, TINYFL_CACHE=str(folder)):  # nobody builds a random network twice
            self._library = ct.CDLL(
                str(
                    build(
                        [folder / "net.c"],
                        [folder, FIRMWARE / "include"],
                        {"TF_GRAD_BITS": grad_bits, "TF_STREAM": 1},
                        flags=("-O0", "-Wshadow", "-Wconversion", str(library)),
                    )
                )
            )
        self.model = Model.in_dll(self._library, "tf_model_net")
        m = self.model
        self.w = np.array(m.factory_weights[: m.trained_weights], np.int8)
        self.f = np.full(m.trained_weights, 128, np.uint8)
        self.b = np.array(m.factory_biases[: m.trained_biases], np.int32)
        block = np.full(m.arena_bytes + 2 * self.GUARD + 8, 0xA5, np.uint8)
        start = -(block.ctypes.data + self.GUARD) % 8 + self.GUARD
        self._before, self._after = block[:start], block[start + m.arena_bytes :]
        self.arena = block[start : start + m.arena_bytes]
        self.state = np.zeros(m.stream_bytes // 4, np.uint32)
        self.net = Net(
            self.w.ctypes.data, self.f.ctypes.data, self.b.ctypes.data, self.arena.ctypes.data, 0, seed, lr_shift, 0
        )

    def logits(self, x: IntArray) -> IntArray:
        """Logits of one sample [H, W, C]."""
        sample, out = x.astype(np.int8), np.zeros(self.model.steps * self.model.classes, np.int16)
        self.model.forward(ct.byref(self.net), sample.ctypes.data, out.ctypes.data)
        return out.astype(np.int64)

    def stream(self, x: IntArray) -> tuple[int, IntArray]:
        """Code and logits of one step [C] of the sequence that it goes through."""
        m, sample, out = self.model, x.astype(np.int8), np.zeros(self.model.classes, np.int16)
        status = m.stream(ct.byref(self.net), self.state.ctypes.data, sample.ctypes.data, out.ctypes.data)
        return status, out.astype(np.int64)

    def train_step(self, x: IntArray, label: int | IntArray) -> int:
        """One step; p(label) in Q15, of a sequence, whose labels are those of its steps, the mean."""
        sample = self.bundle.samples(x[None], np.atleast_1d(label)[None]).astype(np.int8)
        of_sample = 0 if self.model.target else int(label)
        return self.model.train_step(ct.byref(self.net), sample.ctypes.data, of_sample)

    def planes(self) -> tuple[bytes, bytes, bytes]:
        """w, f and b as bytes."""
        fraction = self.f if self.model.fraction_bits else self.f[:0]
        return self.w.tobytes(), fraction.tobytes(), self.b.tobytes()

    def guards_hold(self) -> bool:
        """Whether the bytes around the arena are untouched."""
        return bool((self._before == 0xA5).all() and (self._after == 0xA5).all())
