"""Max pooling; the gradient goes to the first maximum of each window."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tinyfl.ops.conv import floats
from tinyfl.ops.operator import CallArguments, Operator, Parameters, window_of
from tinyfl.ops.patches import gather, scatter
from tinyfl.types import FloatArray, GradConstants, Int8Node, IntArray, Node, Window


def _winners(x: FloatArray, win: Window) -> FloatArray:
    """One at the first maximum of each window in row-major order, zero elsewhere: the shape of ``gather``."""
    cols = gather(x, win, fill=-np.inf)
    flat = cols.reshape(*cols.shape[:3], win.taps, win.in_c)
    first = flat.argmax(axis=3)
    hot = np.arange(win.taps)[:, None] == first[:, :, :, None, :]
    return hot.astype(np.float64).reshape(cols.shape)


class MaxPool(Operator):
    """Largest input of the window; padding never wins."""

    by_rows = True
    keeps_quantisation = True
    grad_needs_inputs = True

    def float_output(self, node: Node, xs: Sequence[FloatArray]) -> FloatArray:
        """Maximum over the window."""
        return gather(xs[0], window_of(node), fill=-np.inf).max(axis=(3, 4))

    def output(self, n: Int8Node, p: Parameters, xs: Sequence[IntArray]) -> IntArray:
        """Section 4."""
        return gather(floats(xs[0]), window_of(n), fill=-np.inf).max(axis=(3, 4)).astype(np.int64)

    def input_sum(
        self, n: Int8Node, g: GradConstants, p: Parameters, operand: int, grad_y: IntArray, xs: Sequence[IntArray]
    ) -> IntArray:
        """Section 5.5."""
        return self.real_input_grad(n, p, operand, floats(grad_y), xs).astype(np.int64)

    def real_input_grad(
        self, n: Int8Node, p: Parameters, operand: int, grad_y: FloatArray, xs: Sequence[IntArray]
    ) -> FloatArray:
        """Gradients of the windows that a pixel won."""
        win = window_of(n)
        return scatter(_winners(floats(xs[0]), win) * grad_y[:, :, :, None, None, :], win)

    def c_forward(self, n: Int8Node, a: CallArguments) -> str:
        """tf_max_pool_s8."""
        return f"tf_max_pool_s8(&n{n.index}_win, {a.x[0]}, {a.y}, {a.rows})"

    def c_input_grad(self, n: Int8Node, a: CallArguments, operand: int) -> str:
        """tf_max_pool_input_grad."""
        i = n.index
        return f"tf_max_pool_input_grad(&n{i}_win, &n{i}_finish{operand}, {a.x[0]}, {a.grad_y}, {a.grad_x})"
