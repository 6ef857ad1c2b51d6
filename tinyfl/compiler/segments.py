"""Which nodes the forward pass computes together, row by row, so that its largest tensors never exist as a whole.

Layer by layer the widest layer of an inverted bottleneck sets the peak of memory. Streamed through rings, the same
integers need only a few rows of it. Streaming costs instructions (a depthwise layer gathers its rows again for each
turn), so the segmentation chosen is the cheapest of those whose peak is the lowest possible, or no higher than the
backward pass's.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache

from tinyfl.compiler.rows import Chain, by_rows, chain_of, output_rows, ring_bytes, row_bytes
from tinyfl.ops import OPS
from tinyfl.types import Int8Graph, Segment

_LONGEST = 12  # nodes of a segment
_ROWS = (32, 16, 8, 4, 2, 1)
_TURN_COST = 300  # instructions of a turn beside its rows, about


@dataclass(frozen=True)
class Option:
    """One way to compute nodes ``first`` to ``last``: bytes alive meanwhile and instructions above layer by layer."""

    first: int
    last: int
    segment: Segment
    peak: int
    cost: int


@dataclass(frozen=True)
class Saved:
    """What the forward pass keeps for the backward pass: bytes by node that writes them, tensors kept whole."""

    bytes_of: Mapping[int, int] = field(default_factory=dict)
    whole: frozenset[str] = frozenset()


def choose_segments(graph: Int8Graph, saved: Saved, backward_peak: int, input_in_arena: bool) -> list[Segment]:
    """Segments in execution order."""
    chooser = _Chooser(graph, saved, input_in_arena)
    options = [list(chooser.options(first)) for first in range(len(graph.nodes))]
    lowest = _lowest_peak(options)
    return _cheapest(options, max(lowest, backward_peak))


def _lowest_peak(options: list[list[Option]]) -> int:
    best = [0] + [1 << 40] * len(options)
    for first, choices in enumerate(options):
        for o in choices:
            best[o.last + 1] = min(best[o.last + 1], max(best[first], o.peak))
    return best[-1]


def _cheapest(options: list[list[Option]], limit: int) -> list[Segment]:
    best: list[tuple[int, int, tuple[Segment, ...]] | None] = [(0, 0, ())] + [None] * len(options)
    for first, choices in enumerate(options):
        start = best[first]
        if start is None:
            continue
        for o in choices:
            if o.peak <= limit:
                candidate = (start[0] + o.cost, max(start[1], o.peak), (*start[2], o.segment))
                held = best[o.last + 1]
                if held is None or candidate[:2] < held[:2]:
                    best[o.last + 1] = candidate
    assert best[-1] is not None
    return list(best[-1][2])


class _Chooser:
    """The options of one graph; who reads a tensor last is looked up often, so it is tabled once."""

    def __init__(self, graph: Int8Graph, saved: Saved, input_in_arena: bool) -> None:
        self.graph = graph
        self.saved = saved
        self.in_arena = {n.output for n in graph.nodes} | ({graph.input} if input_in_arena else set())
        self.born = {graph.input: -1} | {n.output: n.index for n in graph.nodes}
        self.last_read = dict.fromkeys(self.born, -1) | {t: n.index for n in graph.nodes for t in n.inputs}
        self.by_rows = [by_rows(n, graph) for n in graph.nodes]

    def options(self, first: int) -> Iterator[Option]:
        """Ways to compute the nodes from ``first`` on."""
        graph = self.graph
        for last in range(first, min(first + _LONGEST, len(graph.nodes))):
            if last > first and not all(self.by_rows[first : last + 1]):
                return
            inner = {n.output for n in graph.nodes[first:last]}
            if inner & self.saved.whole or any(self.last_read[t] > last for t in inner):
                continue
            height = output_rows(graph.nodes[last], graph)
            chain = chain_of(graph, graph.nodes[first : last + 1])
            for rows in [r for r in _ROWS if r < height] if inner or self._works_in_place(first) else []:
                segment = Segment(tuple(range(first, last + 1)), rows, _rings(chain, rows))
                yield Option(first, last, segment, self._peak(segment), _cost(graph, segment))
            if not inner:
                segment = Segment((first,), height, {})
                yield Option(first, last, segment, self._peak(segment), 0)

    def _works_in_place(self, node: int) -> bool:
        """Whether fewer rows a turn let the output lie over the input."""
        chain = chain_of(self.graph, [self.graph.nodes[node]])
        return self.by_rows[node] and not all(reach.in_order for reads in chain.reads for _, reach in reads)

    def _peak(self, segment: Segment) -> int:
        """Bytes alive while the segment runs, if offsets could be had without gaps."""
        graph = self.graph
        first, last = segment.nodes[0], segment.nodes[-1]
        out = graph.nodes[last].output
        outer = {t for i in segment.nodes for t in graph.nodes[i].inputs if self.born[t] < first}
        alive = sum(b for i, b in self.saved.bytes_of.items() if i <= last)
        alive += ring_bytes(graph, segment.rings) + forward_scratch(graph, segment) + tensor_bytes(graph, out)
        shared = 0
        for t in self.in_arena:
            waits = self.born[t] < first and (self.last_read[t] > last or t in self.saved.whole)
            if t in outer or waits:
                alive += tensor_bytes(graph, t)
            if t in outer and not waits:
                shared = max(shared, _shared_bytes(graph, segment, t, out))
        return alive - shared


def _cost(graph: Int8Graph, segment: Segment) -> int:
    """Instructions that row-by-row work costs above layer by layer, about."""
    nodes = [graph.nodes[i] for i in segment.nodes]
    height = output_rows(nodes[-1], graph)
    turns = -(-height // segment.rows)
    cost = turns * _TURN_COST * len(nodes)
    for n in nodes:
        if n.window is not None and n.window.kernel_h > n.window.stride_h:
            again = (n.window.kernel_h - n.window.stride_h) * row_bytes(graph, n.inputs[0])
            cost += turns * again
    return cost


def _shared_bytes(graph: Int8Graph, segment: Segment, tensor: str, out: str) -> int:
    """Bytes saved by laying the segment's output over ``tensor``, which nobody needs afterwards."""
    a, b = tensor_bytes(graph, tensor), tensor_bytes(graph, out)
    lead = max(0, lead_over(graph, segment, tensor))
    return a + b - min(a + b, max(b, lead + a))


def lead_over(graph: Int8Graph, segment: Segment, tensor: str) -> int:
    """Bytes by which the segment's output must start before ``tensor`` to lie over it."""
    nodes = [graph.nodes[i] for i in segment.nodes]
    last = nodes[-1]
    if not all(by_rows(n, graph) for n in nodes):
        elementwise = last.window is None and OPS[last.op].by_rows and len(nodes) == 1
        return 0 if elementwise else tensor_bytes(graph, last.output)
    return _lead(chain_of(graph, nodes), tensor, row_bytes(graph, tensor), segment.rows)


@cache
def _rings(chain: Chain, rows: int) -> dict[str, int]:
    return chain.rings(rows)


@cache
def _lead(chain: Chain, tensor: str, width: int, rows: int) -> int:
    return chain.lead(tensor, width, rows)


def forward_scratch(graph: Int8Graph, segment: Segment) -> int:
    """Scratch of the segment's kernels, which run one after the other."""
    nodes = [graph.nodes[i] for i in segment.nodes]
    if len(nodes) == 1:
        rows = [output_rows(nodes[0], graph)]
    else:
        chain = chain_of(graph, nodes)
        rows = [_most_rows(chain, segment.rows, k) for k in range(len(nodes))]
    return max(OPS[n.op].forward_scratch_bytes(n, r) for n, r in zip(nodes, rows, strict=True))


def rows_per_call(graph: Int8Graph, segment: Segment, node: int) -> int:
    """Most rows that one call computes of a node's output."""
    chain = chain_of(graph, [graph.nodes[i] for i in segment.nodes])
    return _most_rows(chain, segment.rows, segment.nodes.index(node))


@cache
def _most_rows(chain: Chain, rows: int, k: int) -> int:
    return max(spans[k][1] - spans[k][0] for spans in chain.turns(rows))


def tensor_bytes(graph: Int8Graph, tensor: str) -> int:
    """Bytes of a whole activation tensor; the logits are int16."""
    h, w, c = graph.shapes[tensor]
    return h * w * c * (2 if tensor == graph.output else 1)
