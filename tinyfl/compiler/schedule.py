"""The order of operators: of all orders that the data allow, one with the lowest peak of live tensors.

Only branches leave a choice. The search runs over sets of executed nodes (dynamic programming on the order ideals of
the graph); of equally good orders the network's own wins, so a chain stays as it is.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace

from tinyfl.types import Graph

_MOST_STATES = 4096  # of one size; a graph with more branches than that keeps its order

Plan = tuple[int, tuple[int, ...]]  # peak in elements, order


def order_nodes(graph: Graph) -> Graph:
    """``graph`` with its nodes in the best order."""
    states: dict[frozenset[int], Plan] = {frozenset(): (0, ())}
    for _ in graph.nodes:
        following: dict[frozenset[int], Plan] = {}
        for done, (peak, order) in states.items():
            for i in _ready(graph, done):
                now = done | {i}
                plan = (max(peak, _alive(graph, done, i)), (*order, i))
                if now not in following or plan < following[now]:
                    following[now] = plan
        if len(following) > _MOST_STATES:
            return graph
        states = following
    (_, order) = states[frozenset(range(len(graph.nodes)))]
    return replace(graph, nodes=tuple(graph.nodes[i] for i in order))


def peak_elements(graph: Graph) -> int:
    """Most elements of tensors alive while any node runs, in the graph's order."""
    return max(_alive(graph, frozenset(range(i)), i) for i in range(len(graph.nodes)))


def _ready(graph: Graph, done: frozenset[int]) -> list[int]:
    made = {graph.input} | {graph.nodes[i].output for i in done}
    return [i for i, n in enumerate(graph.nodes) if i not in done and made.issuperset(n.inputs)]


def _alive(graph: Graph, done: frozenset[int], node: int) -> int:
    """Elements alive while ``node`` runs after the nodes ``done``: its output and what is made and still wanted."""
    waiting: set[str] = {t for i, n in enumerate(graph.nodes) if i not in done for t in n.inputs}
    made = {graph.input} | {graph.nodes[i].output for i in done}
    return _elements(graph.shapes, (made & waiting) | {graph.nodes[node].output})


def _elements(shapes: Mapping[str, tuple[int, int, int]], tensors: set[str]) -> int:
    return sum(math.prod(shapes[t]) for t in tensors)
