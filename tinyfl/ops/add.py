"""Element-wise addition of two tensors (residual connections)."""

from __future__ import annotations

from collections.abc import Sequence

from tinyfl.ops.arith import rs, sat
from tinyfl.ops.elementwise import Elementwise
from tinyfl.ops.operator import CallArguments, Parameters
from tinyfl.types import FloatArray, Int8Node, IntArray, Node


class Add(Elementwise):
    """a + b with fused activation; ``requant.m`` holds am0 and am1."""

    def float_output(self, node: Node, xs: Sequence[FloatArray]) -> FloatArray:
        """a + b."""
        return xs[0] + xs[1]

    def output(self, n: Int8Node, p: Parameters, xs: Sequence[IntArray]) -> IntArray:
        """Section 4."""
        r = n.requant
        a, b = (x - q.zero_point for x, q in zip(xs, n.input_quant, strict=True))
        return sat(rs(a * r.m[0] + b * r.m[1], 20) + r.zero_point, r.lo, r.hi)

    def c_forward(self, n: Int8Node, a: CallArguments) -> str:
        """tf_add_s8."""
        return f"tf_add_s8(&n{n.index}_add, {a.count}, {a.x[0]}, {a.x[1]}, {a.y})"
