import ctypes

import kernel_reference as ref
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from kernel_cases import GQ, GRAD_TYPE, Values, examples, values
from kernel_library import Add, Finish, at

COUNT = st.integers(1, 70)
INT8 = st.integers(-128, 127)


@examples
@given(COUNT, values, st.sampled_from(["apart", "into a", "into b"]), st.integers(0, 20))
def test_add(lib8: ctypes.CDLL, count: int, v: Values, where: str, shift: int) -> None:
    a, b = (v.array(-128, 127, (count,), np.int8) for _ in range(2))
    lo = v.one(-128, 127)
    # Up to the largest ratio of scales that still fits the multiplier.
    m0, m1 = v.one(0, 2**31 - 1) >> shift, v.one(0, 2**31 - 1) >> v.one(0, 20)
    p = Add(m0, m1, v.one(-128, 127), v.one(-128, 127), v.one(-128, 127), lo, v.one(lo, 127))
    expected = [
        ref.sat(
            ref.rs((int(i) - p.zero_point0) * p.m0 + (int(j) - p.zero_point1) * p.m1, 20) + p.zero_point, p.lo, p.hi
        )
        for i, j in zip(a, b, strict=True)
    ]
    y = {"apart": np.empty(count, np.int8), "into a": a, "into b": b}[where]
    lib8.tf_add_s8(p, count, at(a), at(b), at(y))
    assert y.tolist() == expected


@examples
@given(COUNT, values, INT8, INT8, st.booleans())
def test_clamp(lib8: ctypes.CDLL, count: int, v: Values, one: int, other: int, in_place: bool) -> None:
    lo, hi = sorted((one, other))
    x = v.array(-128, 127, (count,), np.int8)
    expected = [ref.sat(int(value), lo, hi) for value in x]
    y = x if in_place else np.empty(count, np.int8)
    lib8.tf_clamp_s8(lo, hi, count, at(x), at(y))
    assert y.tolist() == expected


@examples
@given(COUNT, values, st.integers(0, 47), st.sampled_from(["new", "accumulate", "in place"]))
def test_pass(lib: ctypes.CDLL, bits: int, count: int, v: Values, bsh: int, how: str) -> None:
    bsh = bsh if v.one(0, 1) else bsh % 4
    gy, gx = (v.array(-GQ[bits], GQ[bits], (count,), GRAD_TYPE[bits]) for _ in range(2))
    before = gx.astype(np.int64) if how == "accumulate" else None
    expected, clamped = ref.finished(gy.astype(np.int64), np.array([1]), bsh, before, GQ[bits])
    target = gy if how == "in place" else gx
    counted = lib.tf_pass_grad(Finish(bsh, how == "accumulate"), count, at(gy), at(target))
    np.testing.assert_array_equal(target, expected)
    assert counted == clamped


@pytest.mark.parametrize("sign", [-1, 1])
def test_two_full_gradients_saturate(lib: ctypes.CDLL, bits: int, sign: int) -> None:
    gy, gx = (np.full(3, sign * GQ[bits], GRAD_TYPE[bits]) for _ in range(2))
    assert lib.tf_pass_grad(Finish(0, 1), 3, at(gy), at(gx)) == 3
    assert gx.tolist() == [sign * GQ[bits]] * 3
