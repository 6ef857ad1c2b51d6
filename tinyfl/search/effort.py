"""How much is measured: layers, samples and splits that a few minutes on a small machine are enough for.

Everything is counted, nothing timed, so the same input is always measured the same way.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from tinyfl.ops import OPS, framed
from tinyfl.search.space import Candidate, cut_of
from tinyfl.types import Graph, IntArray

BATCH = 4
EPOCHS = 4
CORE_SECONDS = 420.0
_LEAST_PER_CLASS = 12
"""samples of a class below which depth is given up instead"""
_MOST_SPLITS = 4
_MACS_A_SECOND = 4e9
_NODE_SECONDS = 60e-6
"""of a node in a mini-batch, forward and backward, beside its multiply-accumulates"""


@dataclass(frozen=True)
class Effort:
    """Samples of each class to use at most, and splits of them into halves."""

    per_class: int
    splits: int


def affordable_depth(graph: Graph, parts: Sequence[Candidate], labels: IntArray) -> int:
    """Most layers whose ``parts`` can all be measured on few samples of each class."""
    seconds = _cost(graph, labels)
    least = min(_LEAST_PER_CLASS, _most_samples(labels))
    depths = {c.depth for c in parts}
    return max((d for d in depths if least * seconds([c for c in parts if c.depth <= d]) <= CORE_SECONDS), default=0)


def choose_effort(graph: Graph, parts: Sequence[Candidate], labels: IntArray) -> Effort:
    """The most that measuring ``parts`` can afford: first samples, then splits."""
    once = _cost(graph, labels)(parts)
    available = _most_samples(labels)
    per_class = max(min(available, _LEAST_PER_CLASS), min(available, int(CORE_SECONDS / once)))
    return Effort(per_class, max(1, min(_MOST_SPLITS, int(CORE_SECONDS / (once * per_class)))))


def _most_samples(labels: IntArray) -> int:
    return int(np.bincount(labels).max())


def _cost(graph: Graph, labels: IntArray) -> Callable[[Sequence[Candidate]], float]:
    """Seconds of measuring parts on one sample of each class, in one thread."""
    classes = len(np.unique(labels))
    one: dict[int, float] = {}

    def seconds(parts: Sequence[Candidate]) -> float:
        for depth in {c.depth for c in parts} - one.keys():
            one[depth] = EPOCHS * classes * _sample_seconds(graph, depth)
        return sum(one[c.depth] for c in parts)

    return seconds


def _sample_seconds(graph: Graph, depth: int) -> float:
    """Of learning from one sample once, and its share of judging."""
    nodes = graph.nodes[cut_of(graph, depth) :]
    macs = sum(OPS[n.op].macs(framed(n, graph.shapes)) for n in nodes)
    return 4 * macs / _MACS_A_SECOND + len(nodes) * _NODE_SECONDS
