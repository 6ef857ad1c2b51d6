"""Element-wise addition of two tensors (residual connections)."""

from __future__ import annotations

from collections.abc import Sequence

from tinyfl.ops.arith import rs, sat
from tinyfl.ops.operator import CallArguments, Operator, Parameters
from tinyfl.types import FloatArray, GradConstants, Int8Node, IntArray, Node


class Add(Operator):
    """a + b with fused activation; ``requant.m`` holds am0 and am1."""

    def float_output(self, node: Node, xs: Sequence[FloatArray]) -> FloatArray:
        """a + b."""
        return xs[0] + xs[1]

    def output(self, n: Int8Node, p: Parameters, xs: Sequence[IntArray]) -> IntArray:
        """Section 4."""
        r = n.requant
        a, b = (x - q.zero_point for x, q in zip(xs, n.input_quant, strict=True))
        return sat(rs(a * r.m[0] + b * r.m[1], 20) + r.zero_point, r.lo, r.hi)

    def input_sum(
        self, n: Int8Node, g: GradConstants, p: Parameters, operand: int, grad_y: IntArray, xs: Sequence[IntArray]
    ) -> IntArray:
        """Section 5.4: either operand gets the gradient unchanged."""
        return grad_y

    def real_input_grad(
        self, n: Int8Node, p: Parameters, operand: int, grad_y: FloatArray, xs: Sequence[IntArray]
    ) -> FloatArray:
        """The gradient unchanged."""
        return grad_y

    def c_forward(self, n: Int8Node, a: CallArguments) -> str:
        """tf_add_s8."""
        return f"tf_add_s8(&n{n.index}_add, n{n.index}_count, {a.x[0]}, {a.x[1]}, {a.y})"

    def c_input_grad(self, n: Int8Node, a: CallArguments, operand: int) -> str:
        """tf_pass_grad."""
        i = n.index
        return f"tf_pass_grad(&n{i}_finish{operand}, n{i}_count, {a.grad_y}, {a.grad_x})"
