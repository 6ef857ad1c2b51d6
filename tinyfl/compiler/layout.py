"""The order of trained tensors in a device's planes and in the shared space of deltas.

Planes: all trained weight tensors in graph order, then all trained biases, each in a plane of its own. Shared space:
the shared weights, then the shared biases, in the same order; personal tensors are left out.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tinyfl.ops import weighted
from tinyfl.types import Int8Graph, Int8Node, IntArray


@dataclass(frozen=True)
class TrainedTensor:
    """One trained tensor: where its elements start in the weight or the bias plane."""

    name: str
    node: int
    is_bias: bool
    shared: bool
    offset: int
    count: int


@dataclass(frozen=True)
class SharedTensor:
    """One shared tensor: its range in the shared space."""

    name: str
    is_bias: bool
    start: int
    count: int


@dataclass(frozen=True)
class SharedSpace:
    """What a delta spans: ``weights`` elements in Q8.8, then ``biases`` elements; ``size`` in all."""

    tensors: tuple[SharedTensor, ...]
    weights: int
    biases: int

    @property
    def size(self) -> int:
        """Number of shared parameters."""
        return self.weights + self.biases


def trained_weight(n: Int8Node) -> IntArray:
    """The factory values of a node's trained weights, flat."""
    assert n.weight is not None
    return weighted(n.op).trained(n, n.weight).ravel()


def trained_tensors(graph: Int8Graph) -> tuple[TrainedTensor, ...]:
    """All trained tensors: weights in graph order, then biases."""
    out: list[TrainedTensor] = []
    for is_bias in (False, True):
        offset = 0
        for n in graph.nodes:
            if not (n.bias_trained if is_bias else n.trained_in_c > 0):
                continue
            assert n.bias is not None
            count = n.bias.size if is_bias else trained_weight(n).size
            kind = "bias" if is_bias else "weight"
            out.append(TrainedTensor(f"{n.name}.{kind}", n.index, is_bias, n.shared, offset, count))
            offset += count
    return tuple(out)


def shared_space(tensors: tuple[TrainedTensor, ...]) -> SharedSpace:
    """The shared space of a set of trained tensors."""
    out: list[SharedTensor] = []
    start = 0
    for t in tensors:
        if t.shared:
            out.append(SharedTensor(t.name, t.is_bias, start, t.count))
            start += t.count
    weights = sum(t.count for t in out if not t.is_bias)
    return SharedSpace(tuple(out), weights, start - weights)


def factory_planes(graph: Int8Graph) -> tuple[IntArray, IntArray]:
    """Factory values of the weight plane (int8) and of the bias plane (int32)."""
    weights = [np.zeros(0, np.int64)]
    biases = [np.zeros(0, np.int64)]
    for n in graph.nodes:
        if n.trained_in_c:
            weights.append(trained_weight(n))
        if n.bias_trained:
            assert n.bias is not None
            biases.append(n.bias)
    return np.concatenate(weights), np.concatenate(biases)
