"""Products of two activations as matrices (NUMERICS section 12.3)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from tinyfl.compiler.c_text import struct
from tinyfl.errors import ModelError
from tinyfl.ops.arith import qm, qm_array
from tinyfl.ops.conv import floats
from tinyfl.ops.operator import CallArguments, ForwardConstants, Operator, Parameters, requantise
from tinyfl.types import FloatArray, GradConstants, Int8Node, IntArray, Node, QuantParams, Shape


class Matmul(Operator):
    """y [B, M, N] = a b^T with b [B, N, K], or a b with b [B, K, N]; a is [B, M, K].

    ``coefficients`` are (B, M, K, N, 1 for b^T); the operands' tensors hold the matrices in this order, in any shape.
    """

    grad_needs_inputs = True

    def forward_constants(
        self, node: Node, inputs: Sequence[QuantParams], output: QuantParams, weight_scale: FloatArray | None
    ) -> ForwardConstants:
        """The multiplier of a product."""
        *sizes, _ = node.coefficients
        depth = int(sizes[2])
        if max(sizes) >= 1 << 16:
            raise ModelError(f"node {node.name}: matrices of {int(max(sizes))} rows or columns; 65535 are the most")
        if 255**2 * depth >= 1 << 30:
            raise ModelError(f"node {node.name}: a sum of {depth} products can overflow 32 bits; make it smaller")
        return ForwardConstants(*qm_array(np.array([inputs[0].scale * inputs[1].scale / output.scale]), 31))

    def backward_constants(self, n: Int8Node, ro: int, grad_bits: int) -> GradConstants:
        """The scale of the other operand."""
        _, m, _, columns, _ = map(int, n.coefficients)
        limit = (1 << (grad_bits - 1)) - 1
        if limit * 255 * max(m, columns) >= 1 << 31:
            raise ModelError(
                f"node {n.name}: products of {m} by {columns} overflow their gradients' 32 bits at gradients up to "
                f"{limit}; use 8-bit gradients"
            )
        pairs = [qm(q.scale, 15) for q in reversed(n.input_quant)]
        return GradConstants(ro=ro, operand_gm=tuple(m for m, _ in pairs), operand_gs=tuple(s for _, s in pairs))

    def float_output(self, node: Node, xs: Sequence[FloatArray]) -> FloatArray:
        """The product."""
        a, b = _matrices(node, xs)
        return a @ b

    def output(self, n: Int8Node, p: Parameters, xs: Sequence[IntArray]) -> IntArray:
        """Section 12.3."""
        a, b = self._centred(n, xs)
        return requantise(n, (a @ b).astype(np.int64))

    def input_sum(
        self, n: Int8Node, g: GradConstants, p: Parameters, operand: int, grad_y: IntArray, xs: Sequence[IntArray]
    ) -> IntArray:
        """Section 12.3."""
        acc = self._product(n, operand, floats(grad_y), self._centred(n, xs))
        return acc.astype(np.int64) * g.operand_gm[operand]

    def real_input_grad(
        self, n: Int8Node, p: Parameters, operand: int, grad_y: FloatArray, xs: Sequence[IntArray]
    ) -> FloatArray:
        """The gradient times the other operand."""
        return self._product(n, operand, grad_y, self._centred(n, xs)) * n.input_quant[1 - operand].scale

    def _centred(self, n: Int8Node, xs: Sequence[IntArray]) -> list[FloatArray]:
        return _matrices(n, [floats(x, q.zero_point) for x, q in zip(xs, n.input_quant, strict=True)])

    def _product(self, n: Int8Node, operand: int, grad_y: FloatArray, ab: Sequence[FloatArray]) -> FloatArray:
        """The sums of one operand's gradient, in its tensor's order."""
        a, b = ab
        if operand == 0:
            return grad_y @ b.swapaxes(2, 3)
        product = a.swapaxes(2, 3) @ grad_y
        return np.ascontiguousarray(product.swapaxes(2, 3)) if n.coefficients[4] else product

    def macs(self, n: Int8Node | Node) -> int:
        """One a product."""
        batch, m, k, columns, _ = map(int, n.coefficients)
        return batch * m * k * columns

    def c_constants(self, n: Int8Node, shapes: Mapping[str, Shape]) -> str:
        """tf_matmul."""
        r, q, (batch, m, k, columns, transposed) = n.requant, n.input_quant, map(int, n.coefficients)
        b_column, b_depth = (k, 1) if transposed else (1, columns)
        return struct(
            "tf_matmul",
            f"n{n.index}_matmul",
            batch=batch,
            rows=m,
            columns=columns,
            depth=k,
            b_column=b_column,
            b_depth=b_depth,
            m=int(r.m[0]),
            s=int(r.s[0]),
            zero_point0=q[0].zero_point,
            zero_point1=q[1].zero_point,
            zero_point=r.zero_point,
            lo=r.lo,
            hi=r.hi,
        )

    def c_grad_constants(self, n: Int8Node, g: GradConstants, finishes: Mapping[int, str]) -> str:
        """A tf_matmul_grad for each operand."""
        batch, m, k, columns, transposed = map(int, n.coefficients)
        text = ""
        for operand, finish in finishes.items():
            if operand == 0:  # [M][K], the sum over N
                size = (m, k, columns)
                grad, other = (columns, 0, 1), (0, 1, k) if transposed else (0, columns, 1)
            elif transposed:  # [N][K], the sum over M
                size, grad, other = (columns, k, m), (1, 0, columns), (0, 1, k)
            else:  # [K][N], the sum over M
                size, grad, other = (k, columns, m), (0, 1, columns), (1, 0, k)
            members = {"finish": finish, "gm": g.operand_gm[operand], "batch": batch}
            members |= dict(zip(("rows", "columns", "depth"), size, strict=True))
            members |= {"grad_step": _steps(grad), "other_step": _steps(other)}
            members |= {"grad_size": m * columns, "other_size": k * (m if operand else columns)}
            members |= {"zero_point": n.input_quant[1 - operand].zero_point}
            text += struct("tf_matmul_grad", f"n{n.index}_mg{operand}", **members)
        return text

    def c_forward(self, n: Int8Node, a: CallArguments) -> str:
        """tf_matmul_s8."""
        return f"tf_matmul_s8(&n{n.index}_matmul, {a.x[0]}, {a.x[1]}, {a.y})"

    def c_input_grad(self, n: Int8Node, a: CallArguments, operand: int) -> str:
        """tf_matmul_input_grad."""
        return f"tf_matmul_input_grad(&n{n.index}_mg{operand}, {a.x[1 - operand]}, {a.grad_y}, {a.grad_x})"


def _matrices(n: Node | Int8Node, xs: Sequence[FloatArray]) -> list[FloatArray]:
    """a [samples, B, M, K] and b [samples, B, K, N]."""
    batch, m, k, columns, transposed = map(int, n.coefficients)
    a = xs[0].reshape(-1, batch, m, k)
    if transposed:
        return [a, xs[1].reshape(-1, batch, columns, k).swapaxes(2, 3)]
    return [a, xs[1].reshape(-1, batch, k, columns)]


def _steps(steps: tuple[int, int, int]) -> str:
    return f"{{{', '.join(map(str, steps))}}}"
