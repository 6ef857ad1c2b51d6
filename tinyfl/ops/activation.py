"""A ReLU or ReLU6 that no operator before it could take in."""

from __future__ import annotations

from collections.abc import Sequence

from tinyfl.ops.arith import sat
from tinyfl.ops.operator import CallArguments, Operator, Parameters
from tinyfl.types import FloatArray, GradConstants, Int8Node, IntArray, Node


class Activation(Operator):
    """clamp(x, lo, hi) at the input's scale."""

    keeps_quantisation = True

    def float_output(self, node: Node, xs: Sequence[FloatArray]) -> FloatArray:
        """The input: the clamp itself is the node's fused activation."""
        return xs[0]

    def output(self, n: Int8Node, p: Parameters, xs: Sequence[IntArray]) -> IntArray:
        """Section 4."""
        return sat(xs[0], n.requant.lo, n.requant.hi)

    def input_sum(
        self, n: Int8Node, g: GradConstants, p: Parameters, operand: int, grad_y: IntArray, xs: Sequence[IntArray]
    ) -> IntArray:
        """Section 5.4: the masked gradient unchanged."""
        return grad_y

    def real_input_grad(
        self, n: Int8Node, p: Parameters, operand: int, grad_y: FloatArray, xs: Sequence[IntArray]
    ) -> FloatArray:
        """The masked gradient unchanged."""
        return grad_y

    def c_forward(self, n: Int8Node, a: CallArguments) -> str:
        """tf_clamp_s8."""
        r = n.requant
        return f"tf_clamp_s8({r.lo}, {r.hi}, n{n.index}_count, {a.x[0]}, {a.y})"

    def c_input_grad(self, n: Int8Node, a: CallArguments, operand: int) -> str:
        """tf_pass_grad."""
        i = n.index
        return f"tf_pass_grad(&n{i}_finish{operand}, n{i}_count, {a.grad_y}, {a.grad_x})"
