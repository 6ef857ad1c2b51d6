"""How much is measured: samples, splits and depth that a few minutes on a small machine are enough for.

Everything is counted, nothing timed, so the same input is always measured the same way.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tinyfl.search.space import Candidate, cut_of
from tinyfl.types import Graph, IntArray

CORE_SECONDS = 300.0
_LEAST_PER_CLASS = 8
"""samples of a class below which depth is given up instead"""
_MOST_SPLITS = 4
_MACS_A_SECOND = 4e9
_NODE_SECONDS = 60e-6
"""of a node in a mini-batch, beside its multiply-accumulates"""


@dataclass(frozen=True)
class Effort:
    """Samples of each class to use at most, splits of them into halves, and layers to look at."""

    per_class: int
    splits: int
    depth: int


def choose_effort(graph: Graph, candidates: Sequence[Candidate], labels: IntArray, batch: int, epochs: int) -> Effort:
    """The most that measuring ``candidates`` can afford: first depth, then samples, then splits."""
    classes = len(np.unique(labels))
    available = int(np.bincount(labels).max())
    least = min(available, _LEAST_PER_CLASS)
    sample = {d: _sample_seconds(graph, d, batch) * epochs for d in {c.depth for c in candidates}}

    def seconds(per_class: int, splits: int, depth: int) -> float:
        return per_class * classes * splits * sum(sample[c.depth] for c in candidates if c.depth <= depth)

    depth = max((d for d in sample if seconds(least, 1, d) <= CORE_SECONDS), default=0)
    per_class = max(n for n in range(least, available + 1) if n == least or seconds(n, 1, depth) <= CORE_SECONDS)
    splits = max(s for s in range(1, _MOST_SPLITS + 1) if s == 1 or seconds(per_class, s, depth) <= CORE_SECONDS)
    return Effort(per_class, splits, depth)


def _sample_seconds(graph: Graph, depth: int, batch: int) -> float:
    """Of learning from one sample once, and its share of judging."""
    nodes = graph.nodes[cut_of(graph, depth) :]
    macs = sum(n.weight.size * n.window.pixels for n in nodes if n.weight is not None and n.window is not None)
    return 4 * macs / _MACS_A_SECOND + len(nodes) * _NODE_SECONDS / batch * 4
