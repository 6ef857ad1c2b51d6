"""A compiled network as the C that a board runs, built for this machine and called by ctypes."""

from __future__ import annotations

import ctypes as ct
from pathlib import Path

import numpy as np

from tinyfl.boards.firmware import firmware_dir
from tinyfl.boards.toolchain import build
from tinyfl.compiler.bundle import Bundle
from tinyfl.compiler.emit_c import emit
from tinyfl.compiler.layout import factory_planes
from tinyfl.types import IntArray

# The integers are the same on every machine and with every flag; vectors of this one only make it faster.
_FLAGS = ("-O3", "-march=native")


class _Net(ct.Structure):
    """tf_net of device_fw/include/tf_net.h."""

    _fields_ = (
        *((plane, ct.c_void_p) for plane in ("w", "f", "b", "arena")),
        ("step", ct.c_uint32),
        ("seed", ct.c_uint32),
        ("lr_shift", ct.c_int8),
        ("saturated", ct.c_uint32),
    )


_FORWARD = ct.CFUNCTYPE(None, ct.POINTER(_Net), ct.c_void_p, ct.c_void_p)
_TRAIN = ct.CFUNCTYPE(ct.c_uint32, ct.POINTER(_Net), ct.c_void_p, ct.c_uint16)


class _Model(ct.Structure):
    """tf_model, its scalars in short: only the two functions are called."""

    _fields_ = (
        ("network_id", ct.c_uint32),
        ("scheme_id", ct.c_uint32),
        ("input_bytes", ct.c_uint32),
        ("classes", ct.c_uint16),
        ("tensor_count", ct.c_uint16),
        ("fraction_bits", ct.c_uint8),
        ("trained_weights", ct.c_uint32),
        ("trained_biases", ct.c_uint32),
        ("arena_bytes", ct.c_uint32),
        ("tensors", ct.c_void_p),
        ("factory_weights", ct.c_void_p),
        ("factory_biases", ct.c_void_p),
        ("forward", _FORWARD),
        ("train_step", _TRAIN),
    )


def build_network(bundle: Bundle, folder: Path) -> Path:
    """Write the network's C into ``folder`` and compile it with the kernels; returns the library."""
    emit(bundle.program, bundle.plan, folder)
    firmware = firmware_dir()
    sources = [folder / "net.c", *sorted((firmware / "kernels").glob("*.c"))]
    include = [folder, firmware / "include"]
    return build(sources, include, {"TF_GRAD_BITS": bundle.program.grad_bits}, flags=_FLAGS)


class Device:
    """One board's network: it starts as it ships, then learns. Samples are int8 [H, W, C]."""

    def __init__(self, bundle: Bundle, library: Path, seed: int) -> None:
        self._library = ct.CDLL(str(library))
        self._model = _Model.in_dll(self._library, "tf_model_net")
        weights, biases = factory_planes(bundle.program.graph)
        self._w, self._b = weights.astype(np.int8), biases.astype(np.int32)
        self._f = np.full(self._w.size if bundle.program.fraction_bits else 0, 128, np.uint8)
        self._arena = np.zeros(bundle.plan.arena_bytes // 8 + 1, np.uint64)
        self._classes = bundle.classes
        planes = (self._w, self._f, self._b, self._arena)
        self._net = _Net(*(plane.ctypes.data for plane in planes), 0, seed, 0, 0)

    def learn(self, sample: IntArray, label: int) -> None:
        """One training step."""
        x = np.ascontiguousarray(sample, np.int8)
        self._model.train_step(ct.byref(self._net), x.ctypes.data, label)

    def logits(self, sample: IntArray) -> IntArray:
        """Scores [classes] of one sample in 1/16 nat."""
        x, out = np.ascontiguousarray(sample, np.int8), np.zeros(self._classes, np.int16)
        self._model.forward(ct.byref(self._net), x.ctypes.data, out.ctypes.data)
        return out.astype(np.int64)

    def accuracy(self, samples: IntArray, labels: IntArray) -> float:
        """Share of samples [N, H, W, C] whose label has the highest score."""
        return float(np.mean([self.logits(x).argmax() == y for x, y in zip(samples, labels, strict=True)]))
