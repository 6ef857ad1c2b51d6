"""Products: of two tensors of one shape, and of a tensor with one value a channel or one for all."""

from __future__ import annotations

from collections.abc import Sequence

from tinyfl.ops.operator import CallArguments, Operator, Parameters, requantise
from tinyfl.types import FloatArray, GradConstants, Int8Node, IntArray, Node, Numbers


class Mul(Operator):
    """a * b with fused activation, both of one shape."""

    grad_needs_inputs = True
    by_rows = True
    stepwise = True

    def float_output(self, node: Node, xs: Sequence[FloatArray]) -> FloatArray:
        """a * b."""
        return xs[0] * xs[1]

    def output(self, n: Int8Node, p: Parameters, xs: Sequence[IntArray]) -> IntArray:
        """Section 4."""
        return requantise(n, self._centred(n, 0, xs) * self._centred(n, 1, xs))

    def input_sum(
        self, n: Int8Node, g: GradConstants, p: Parameters, operand: int, grad_y: IntArray, xs: Sequence[IntArray]
    ) -> IntArray:
        """Section 5.8."""
        return self._summed(operand, grad_y * self._centred(n, 1 - operand, xs), xs) * g.operand_gm[operand]

    def real_input_grad(
        self, n: Int8Node, p: Parameters, operand: int, grad_y: FloatArray, xs: Sequence[IntArray]
    ) -> FloatArray:
        """The gradient times the other operand."""
        other = self._centred(n, 1 - operand, xs) * n.input_quant[1 - operand].scale
        return self._summed(operand, grad_y * other, xs)

    def _centred(self, n: Int8Node, operand: int, xs: Sequence[IntArray]) -> IntArray:
        return xs[operand] - n.input_quant[operand].zero_point

    def _summed(self, operand: int, product: Numbers, xs: Sequence[IntArray]) -> Numbers:
        """The product for each value of the operand."""
        return product

    def c_forward(self, n: Int8Node, a: CallArguments) -> str:
        """tf_mul_s8."""
        return f"tf_mul_s8(&n{n.index}_mul, {a.count}, {a.x[0]}, {a.x[1]}, {a.y})"

    def c_input_grad(self, n: Int8Node, a: CallArguments, operand: int) -> str:
        """tf_mul_input_grad."""
        i = n.index
        return f"tf_mul_input_grad(&n{i}_mg{operand}, n{i}_count, {a.x[1 - operand]}, {a.grad_y}, {a.grad_x})"


class MulChannels(Mul):
    """x * gate with fused activation; the gate is [1, 1, C] or [1, 1, 1], as squeeze-and-excite makes it."""

    by_rows = stepwise = False  # every row needs the whole gate

    def _summed(self, operand: int, product: Numbers, xs: Sequence[IntArray]) -> Numbers:
        if operand == 0:
            return product
        channels = xs[1].shape[-1]
        return product.reshape(len(product), 1, 1, -1, channels).sum(axis=3)

    def c_forward(self, n: Int8Node, a: CallArguments) -> str:
        """tf_mul_channels_s8."""
        i = n.index
        return f"tf_mul_channels_s8(&n{i}_mul, n{i}_gates, {a.count}, {a.x[0]}, {a.x[1]}, {a.y})"

    def c_input_grad(self, n: Int8Node, a: CallArguments, operand: int) -> str:
        """tf_mul_channels_input_grad or, for the gate, tf_mul_channels_gate_grad."""
        i, what = n.index, "gate" if operand else "input"
        other = a.x[1 - operand]
        return (
            f"tf_mul_channels_{what}_grad(&n{i}_mg{operand}, n{i}_gates, n{i}_count, {other}, {a.grad_y}, {a.grad_x})"
        )
