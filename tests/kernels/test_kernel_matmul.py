"""Matmul against NUMERICS section 12.3 read aloud."""

import ctypes

import kernel_reference as ref
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from kernel_cases import GQ, GRAD_TYPE, Values, examples, values, wide
from kernel_library import Finish, Matmul, MatmulGrad, at

SIZES = st.tuples(st.integers(1, 3), *[st.one_of(st.integers(1, 6), st.sampled_from([31, 33]))] * 3)
Sizes = tuple[int, int, int, int]


def matrices(v: Values, sizes: Sizes, transposed: bool) -> tuple[np.ndarray, np.ndarray]:
    batch, m, k, n = sizes
    b = (batch, n, k) if transposed else (batch, k, n)
    return v.array(-128, 127, (batch, m, k), np.int8), v.array(-128, 127, b, np.int8)


@examples
@given(SIZES, st.booleans(), values, st.integers(25, 55))
def test_matmul(lib8: ctypes.CDLL, sizes: Sizes, transposed: bool, v: Values, s: int) -> None:
    (a, b), (batch, m, k, n) = matrices(v, sizes, transposed), sizes
    za, zb, zy, lo = (v.one(-128, 127) for _ in range(4))
    steps = (k, 1) if transposed else (1, n)
    p = Matmul(batch, m, n, k, *steps, v.one(2**30, 2**31 - 1), s, za, zb, zy, lo, v.one(lo, 127))
    y = np.empty((batch, m, n), np.int8)
    lib8.tf_matmul_s8(p, at(a), at(b), at(y))
    acc = (wide(a) - za) @ (wide(b.swapaxes(1, 2) if transposed else b) - zb)
    np.testing.assert_array_equal(y, ref.requantised(acc, np.array([p.m]), np.array([s]), zy, p.lo, p.hi))


def steps_of(sizes: Sizes, transposed: bool, operand: int) -> tuple[int, ...]:
    """Rows, columns, depth; steps of the gradient and of the other operand by row, column and term."""
    _, m, k, n = sizes
    if operand == 0:
        return (m, k, n), (n, 0, 1), (0, 1, k) if transposed else (0, n, 1)
    return ((n, k, m), (1, 0, n), (0, 1, k)) if transposed else ((k, n, m), (0, 1, n), (1, 0, k))


@examples
@given(SIZES, st.booleans(), st.integers(0, 1), values, st.integers(0, 47), st.booleans())
def test_gradient(
    lib: ctypes.CDLL, bits: int, sizes: Sizes, transposed: bool, operand: int, v: Values, bsh: int, accumulate: bool
) -> None:
    check(lib, bits, sizes, transposed, operand, v, Finish(bsh, accumulate))


def check(lib: ctypes.CDLL, bits: int, sizes: Sizes, transposed: bool, operand: int, v: Values, finish: Finish) -> None:
    ab, (batch, m, _, n), z = matrices(v, sizes, transposed), sizes, v.one(-128, 127)
    g = v.array(-GQ[bits], GQ[bits], (batch, m, n), GRAD_TYPE[bits])
    gx = v.array(-GQ[bits], GQ[bits], ab[operand].shape, GRAD_TYPE[bits])
    before, other = wide(gx) if finish.accumulate else None, wide(ab[1 - operand]) - z
    if operand == 0:
        sums = wide(g) @ (other if transposed else other.swapaxes(1, 2))
    else:
        sums = wide(g).swapaxes(1, 2) @ other if transposed else other.swapaxes(1, 2) @ wide(g)
    size, grad_step, other_step = steps_of(sizes, transposed, operand)
    mg = MatmulGrad(
        finish, v.one(2**14, 2**15 - 1), batch, *size, grad_step, other_step, m * n, ab[1 - operand][0].size, z
    )
    expected, saturated = ref.finished(sums, np.array([mg.gm]), finish.bsh, before, GQ[bits])
    assert lib.tf_matmul_input_grad(mg, at(ab[1 - operand]), at(g), at(gx)) == saturated
    np.testing.assert_array_equal(gx, expected)


@pytest.mark.parametrize("operand", [0, 1])
def test_the_largest_sums_fit(lib: ctypes.CDLL, bits: int, operand: int) -> None:
    most = {8: 65_535, 16: 257}[bits]
    sizes = (1, 1, 2, most) if operand == 0 else (1, most, 2, 1)
    check(lib, bits, sizes, True, operand, Values(1, "extreme"), Finish(40, 1))
