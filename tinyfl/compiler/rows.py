"""Which rows of a tensor an operator reads for which rows of its output, and the turns of a segment of nodes.

A segment computes its last output a few rows at a time. In each turn every node computes, in order, the rows that the
nodes after it need for theirs; inner tensors live in rings of as many rows as are needed at once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from tinyfl.types import Int8Graph, Int8Node

Span = tuple[int, int]


@dataclass(frozen=True)
class Reach:
    """What output rows read along the height: rows out * stride - pad .. + kernel - 1 of an input of ``height``.

    ``in_order``: a call is done with everything that a row reads before it writes that row.
    """

    kernel: int
    stride: int
    pad: int
    height: int
    elementwise: bool = False
    in_order: bool = True

    def first(self, row: int) -> int:
        """First input row that output row ``row`` reads; ``height`` if it reads none."""
        return min(max(row * self.stride - self.pad, 0), self.height)

    def end(self, end: int) -> int:
        """One past the last input row that output rows below ``end`` read."""
        return min(max((end - 1) * self.stride - self.pad + self.kernel, 0), self.height)


def reach_of(n: Int8Node, height: int) -> Reach:
    """The reach of a node whose input has ``height`` rows."""
    w = n.window
    if w is None:
        return Reach(1, 1, 0, height, True)
    return Reach(w.kernel_h, w.stride_h, w.pad_top, height, in_order=n.op != "depthwise")


def output_rows(n: Int8Node, graph: Int8Graph) -> int:
    """Rows that the node's kernel writes: of its window's image, which the tensor of a sequence holds as one row."""
    return graph.shapes[n.output][0] if n.window is None else n.window.out_h


def by_rows(n: Int8Node, graph: Int8Graph) -> bool:
    """Whether the node can be computed row by row: its operands are images of the shape that its window expects."""
    from tinyfl.ops import OPS

    shapes = [graph.shapes[t] for t in n.inputs]
    expected = graph.shapes[n.output] if n.window is None else n.window.in_shape
    return OPS[n.op].by_rows and all(s == expected for s in shapes) and shapes[0][0] > 1


@dataclass(frozen=True)
class Chain:
    """The geometry of a segment: its nodes' outputs as (name, rows, bytes of a row), and who reads what.

    ``reads[k]`` lists (tensor, reach) of node k. Hashable, so that what follows from it is computed once.
    """

    outputs: tuple[tuple[str, int, int], ...]
    reads: tuple[tuple[tuple[str, Reach], ...], ...]

    def turns(self, rows: int) -> Iterator[tuple[Span, ...]]:
        """Rows that each node computes, turn by turn; the last turn completes every tensor."""
        height = self.outputs[-1][1]
        done = [0] * len(self.outputs)
        for start in range(0, height, rows):
            end = list(done)
            end[-1] = min(start + rows, height)
            for k in reversed(range(len(end) - 1)):
                for later in range(k + 1, len(end)):
                    for tensor, reach in self.reads[later]:
                        if tensor == self.outputs[k][0]:
                            end[k] = max(end[k], reach.end(end[later]))
                if end[-1] == height:
                    end[k] = self.outputs[k][1]
            yield tuple(zip(done, end, strict=True))
            done = end

    def rings(self, rows: int) -> dict[str, int]:
        """Rows to keep of each inner tensor."""
        kept: dict[str, int] = {}
        for spans in self.turns(rows):
            for k, (tensor, height, _) in enumerate(self.outputs[:-1]):
                needed = min(self._first_read(tensor, spans), spans[k][0])
                kept[tensor] = max(kept.get(tensor, 1), min(spans[k][1] - needed, height))
        return kept

    def _first_read(self, tensor: str, spans: Sequence[Span]) -> int:
        """First row of ``tensor`` that any node reads in this turn or will read later."""
        first = [
            reach.first(span[0])
            for node_reads, span, (_, height, _) in zip(self.reads, spans, self.outputs, strict=True)
            for name, reach in node_reads
            if name == tensor and span[0] < height
        ]
        return min(first, default=1 << 30)

    def lead(self, tensor: str, row_bytes: int, rows: int) -> int:
        """Bytes by which the last output must start before the outer ``tensor`` in order to lie over it."""
        _, height, out_bytes = self.outputs[-1]
        lead = -height * out_bytes
        by_the_last = any(name == tensor for name, _ in self.reads[-1])
        for spans in self.turns(rows):
            first, end = spans[-1]
            for row in range(first, end) if by_the_last else (end - 1,):  # others have read all of this turn's
                for first, end in self._live(tensor, spans, row):
                    lead = max(lead, end * out_bytes - first * row_bytes)
        return lead

    def _live(self, tensor: str, spans: Sequence[Span], row: int) -> Iterator[tuple[int, int]]:
        """Pairs (a, b): when rows below b of the last output are written, rows of ``tensor`` from a on are in use.

        An element-wise node reads an element just before it writes the same one, so its own row may be shared.
        """
        last = len(self.reads) - 1
        for k, node_reads in enumerate(self.reads):
            for name, reach in node_reads:
                next_row = spans[k][1] if k != last else row if reach.in_order else spans[k][0]
                if name != tensor or next_row >= self.outputs[k][1]:
                    continue
                if k == last and reach.elementwise:
                    yield row, row
                    yield row + 1, row + 1
                else:
                    yield reach.first(next_row), row + 1


def chain_of(graph: Int8Graph, nodes: Sequence[Int8Node]) -> Chain:
    """Geometry of consecutive nodes."""
    outputs = tuple((n.output, graph.shapes[n.output][0], row_bytes(graph, n.output)) for n in nodes)
    reads = tuple(tuple((t, reach_of(n, graph.shapes[t][0])) for t in n.inputs) for n in nodes)
    return Chain(outputs, reads)


def row_bytes(graph: Int8Graph, tensor: str) -> int:
    """Bytes of one row of an int8 tensor."""
    _, w, c = graph.shapes[tensor]
    return w * c


def saved_channels(n: Int8Node) -> int:
    """Channels of its input that a node keeps for its weight update."""
    assert n.window is not None
    return n.window.in_c if n.op == "depthwise" else n.window.groups * n.trained_in_c


def ring_bytes(graph: Int8Graph, rings: Mapping[str, int]) -> int:
    """Bytes of all rings."""
    return sum(rows * row_bytes(graph, tensor) for tensor, rows in rings.items())
