"""Concatenation of channels."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tinyfl.ops.arith import rs, sat
from tinyfl.ops.operator import CallArguments, Operator, Parameters
from tinyfl.types import FloatArray, GradConstants, Int8Node, IntArray, Node, Numbers


class Concat(Operator):
    """Images side by side in their channels, with fused activation; ``requant.m`` holds one ratio an operand."""

    stepwise = True

    def float_output(self, node: Node, xs: Sequence[FloatArray]) -> FloatArray:
        """All channels."""
        return np.concatenate(xs, axis=3)

    def output(self, n: Int8Node, p: Parameters, xs: Sequence[IntArray]) -> IntArray:
        """Section 4."""
        r = n.requant
        parts = [rs((x - q.zero_point) * m, 20) for x, q, m in zip(xs, n.input_quant, r.m, strict=True)]
        return sat(np.concatenate(parts, axis=3) + r.zero_point, r.lo, r.hi)

    def input_sum(
        self, n: Int8Node, g: GradConstants, p: Parameters, operand: int, grad_y: IntArray, xs: Sequence[IntArray]
    ) -> IntArray:
        """Section 5.4: v = G_y at the operand's channels."""
        return self._part(operand, grad_y, xs)

    def real_input_grad(
        self, n: Int8Node, p: Parameters, operand: int, grad_y: FloatArray, xs: Sequence[IntArray]
    ) -> FloatArray:
        """The gradient at the operand's channels."""
        return self._part(operand, grad_y, xs)

    def _part(self, operand: int, grad_y: Numbers, xs: Sequence[IntArray]) -> Numbers:
        first = sum(x.shape[3] for x in xs[:operand])
        return grad_y[..., first : first + xs[operand].shape[3]]

    def c_forward(self, n: Int8Node, a: CallArguments) -> str:
        """tf_concat_s8 for each operand."""
        i, pixels = n.index, "1" if a.step else f"n{n.index}_pixels"
        return "; ".join(f"tf_concat_s8(&n{i}_part{k}, {pixels}, {x}, {a.y})" for k, x in enumerate(a.x))

    def c_input_grad(self, n: Int8Node, a: CallArguments, operand: int) -> str:
        """tf_concat_input_grad."""
        i = n.index
        parameters = f"&n{i}_part{operand}, &n{i}_finish{operand}, n{i}_pixels"
        return f"tf_concat_input_grad({parameters}, {a.grad_y}, {a.grad_x})"
