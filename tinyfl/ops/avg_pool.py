"""Average pooling over any window; global pooling is a window as large as the image."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tinyfl.ops.conv import floats
from tinyfl.ops.operator import CallArguments, Operator, Parameters, requantise, window_of
from tinyfl.ops.patches import gather, scatter
from tinyfl.types import FloatArray, GradConstants, Int8Node, IntArray, Node, Window


def _spread(grad: FloatArray, win: Window) -> FloatArray:
    """Sum of the gradients of all windows that hold a pixel."""
    cols = np.broadcast_to(
        grad[:, :, :, None, None, :],
        (*grad.shape[:3], win.kernel_h, win.kernel_w, win.in_c),
    )
    return scatter(cols, win)


class AvgPool(Operator):
    """Mean of the window, padding counted; padding holds the real number 0."""

    by_rows = True

    def float_output(self, node: Node, xs: Sequence[FloatArray]) -> FloatArray:
        """Mean over the window."""
        win = window_of(node)
        return gather(xs[0], win).sum(axis=(3, 4)) / win.taps

    def output(self, n: Int8Node, p: Parameters, xs: Sequence[IntArray]) -> IntArray:
        """Section 4."""
        centred = floats(xs[0], n.input_quant[0].zero_point)
        return requantise(n, gather(centred, window_of(n)).sum(axis=(3, 4)).astype(np.int64))

    def input_sum(
        self, n: Int8Node, g: GradConstants, p: Parameters, operand: int, grad_y: IntArray, xs: Sequence[IntArray]
    ) -> IntArray:
        """Section 5.5."""
        return _spread(floats(grad_y), window_of(n)).astype(np.int64) * g.gm

    def real_input_grad(
        self, n: Int8Node, p: Parameters, operand: int, grad_y: FloatArray, xs: Sequence[IntArray]
    ) -> FloatArray:
        """The mean's adjoint."""
        win = window_of(n)
        return _spread(grad_y, win) / win.taps

    def c_forward(self, n: Int8Node, a: CallArguments) -> str:
        """tf_avg_pool_s8."""
        i = n.index
        return f"tf_avg_pool_s8(&n{i}_win, &n{i}_rq, {a.x[0]}, {a.y}, {a.rows})"

    def c_input_grad(self, n: Int8Node, a: CallArguments, operand: int) -> str:
        """tf_avg_pool_input_grad."""
        i = n.index
        return f"tf_avg_pool_input_grad(&n{i}_win, &n{i}_ig, {a.grad_y}, {a.grad_x})"
