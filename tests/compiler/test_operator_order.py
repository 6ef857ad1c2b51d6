"""The order of operators against all orders."""

from __future__ import annotations

import itertools
import math

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tinyfl.compiler.schedule import order_nodes, peak_elements
from tinyfl.types import Graph, Node


@st.composite
def graphs(draw: st.DrawFn) -> Graph:
    """Any small graph in which everything leads to the last node."""
    count = draw(st.integers(1, 6))
    shapes = {"x": (1, draw(st.integers(1, 9)), 1)}
    nodes = []
    for i in range(count):
        before = ["x", *(f"t{j}" for j in range(i))]
        unread = [t for t in before if not any(t in n.inputs for n in nodes)]
        reads = (
            unread if i == count - 1 else draw(st.lists(st.sampled_from(before), min_size=1, max_size=2, unique=True))
        )
        assume(reads)
        shapes[f"t{i}"] = (1, draw(st.integers(1, 9)), draw(st.integers(1, 9)))
        nodes.append(Node(f"n{i}", "add", tuple(reads), f"t{i}"))
    return Graph(tuple(nodes), shapes, "x", f"t{count - 1}")


def brute_peak(graph: Graph, order: tuple[Node, ...]) -> int | None:
    """Peak of live elements of an order; None if it reads what is not there."""
    live, peak = {graph.input}, 0
    for i, n in enumerate(order):
        if not live.issuperset(n.inputs):
            return None
        live.add(n.output)
        peak = max(peak, sum(math.prod(graph.shapes[t]) for t in live))
        live = {t for t in live if any(t in m.inputs for m in order[i + 1 :])} | {graph.output} & live
    return peak


@settings(max_examples=150, deadline=None, derandomize=True)
@given(graphs())
def test_no_order_has_a_lower_peak(graph: Graph) -> None:
    peaks = [p for order in itertools.permutations(graph.nodes) if (p := brute_peak(graph, order)) is not None]
    ordered = order_nodes(graph)
    assert sorted(n.name for n in ordered.nodes) == sorted(n.name for n in graph.nodes)
    assert brute_peak(graph, ordered.nodes) == min(peaks) == peak_elements(ordered)


@settings(max_examples=50, deadline=None, derandomize=True)
@given(graphs())
def test_an_order_that_is_already_best_stays(graph: Graph) -> None:
    best = order_nodes(graph)
    assert order_nodes(best).nodes == best.nodes


def test_a_wide_branch_is_finished_before_the_narrow_one_begins() -> None:
    shapes = {"x": (1, 1, 4), "wide": (1, 1, 90), "a": (1, 1, 2), "big": (1, 1, 50), "b": (1, 1, 2), "y": (1, 1, 2)}
    rows = [("1", "x", "wide"), ("2", "x", "big"), ("3", "wide", "a"), ("4", "big", "b")]
    nodes = [Node(name, "conv", (read,), written) for name, read, written in rows]
    graph = Graph((*nodes, Node("5", "add", ("a", "b"), "y")), shapes, "x", "y")
    assert [n.name for n in order_nodes(graph).nodes] in (["1", "3", "2", "4", "5"], ["2", "4", "1", "3", "5"])
