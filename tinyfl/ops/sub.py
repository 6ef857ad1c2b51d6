"""Element-wise difference of two tensors."""

from __future__ import annotations

from collections.abc import Sequence

from tinyfl.ops.add import Add
from tinyfl.ops.operator import CallArguments, Parameters
from tinyfl.types import FloatArray, GradConstants, Int8Node, IntArray, Node


class Sub(Add):
    """a - b with fused activation: an add whose second multiplier is negative."""

    def passes_grad(self, operand: int) -> bool:
        """The first one's."""
        return operand == 0

    def float_output(self, node: Node, xs: Sequence[FloatArray]) -> FloatArray:
        """a - b."""
        return xs[0] - xs[1]

    def input_sum(
        self, n: Int8Node, g: GradConstants, p: Parameters, operand: int, grad_y: IntArray, xs: Sequence[IntArray]
    ) -> IntArray:
        """Section 5.4: v = G_y or -G_y."""
        return -grad_y if operand else grad_y

    def real_input_grad(
        self, n: Int8Node, p: Parameters, operand: int, grad_y: FloatArray, xs: Sequence[IntArray]
    ) -> FloatArray:
        """The gradient, negative for the second operand."""
        return -grad_y if operand else grad_y

    def c_input_grad(self, n: Int8Node, a: CallArguments, operand: int) -> str:
        """tf_pass_grad or tf_negate_grad."""
        i, kernel = n.index, "negate" if operand else "pass"
        return f"tf_{kernel}_grad(&n{i}_finish{operand}, n{i}_count, {a.grad_y}, {a.grad_x})"
