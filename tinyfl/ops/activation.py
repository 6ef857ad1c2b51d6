"""A ReLU or ReLU6 that no operator before it could take in."""

from __future__ import annotations

from collections.abc import Sequence

from tinyfl.ops.arith import sat
from tinyfl.ops.elementwise import Elementwise
from tinyfl.ops.operator import CallArguments, Parameters
from tinyfl.types import FloatArray, Int8Node, IntArray, Node


class Activation(Elementwise):
    """clamp(x, lo, hi) at the input's scale."""

    keeps_quantisation = True

    def float_output(self, node: Node, xs: Sequence[FloatArray]) -> FloatArray:
        """The input: the clamp itself is the node's fused activation."""
        return xs[0]

    def output(self, n: Int8Node, p: Parameters, xs: Sequence[IntArray]) -> IntArray:
        """Section 4."""
        return sat(xs[0], n.requant.lo, n.requant.hi)

    def c_forward(self, n: Int8Node, a: CallArguments) -> str:
        """tf_clamp_s8."""
        r = n.requant
        return f"tf_clamp_s8({r.lo}, {r.hi}, {a.count}, {a.x[0]}, {a.y})"
