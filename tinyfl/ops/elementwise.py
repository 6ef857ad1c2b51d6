"""What add and stand-alone activations share: their gradient is the output's, unchanged."""

from __future__ import annotations

from collections.abc import Sequence

from tinyfl.ops.operator import CallArguments, Operator, Parameters
from tinyfl.types import FloatArray, GradConstants, Int8Node, IntArray


class Elementwise(Operator):
    """An operator whose every operand gets the (masked) gradient of the output (NUMERICS section 5.4)."""

    by_rows = True
    grad_in_place = True
    stepwise = True

    def passes_grad(self, operand: int) -> bool:
        """All do."""
        return True

    def input_sum(
        self, n: Int8Node, g: GradConstants, p: Parameters, operand: int, grad_y: IntArray, xs: Sequence[IntArray]
    ) -> IntArray:
        """Section 5.4: v = G_y."""
        return grad_y

    def real_input_grad(
        self, n: Int8Node, p: Parameters, operand: int, grad_y: FloatArray, xs: Sequence[IntArray]
    ) -> FloatArray:
        """The gradient unchanged."""
        return grad_y

    def c_input_grad(self, n: Int8Node, a: CallArguments, operand: int) -> str:
        """tf_pass_grad."""
        i = n.index
        return f"tf_pass_grad(&n{i}_finish{operand}, n{i}_count, {a.grad_y}, {a.grad_x})"
