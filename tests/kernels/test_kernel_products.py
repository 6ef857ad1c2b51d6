"""Products, functions, requantisation and concatenation against NUMERICS read aloud."""

import ctypes

import kernel_reference as ref
import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from kernel_cases import GQ, GRAD_TYPE, Values, examples, values
from kernel_library import Concat, Finish, Mul, MulGrad, Rescale, at

COUNT = st.integers(1, 70)
GATES = st.one_of(st.integers(1, 9), st.sampled_from([31, 32, 33, 65]))
SHIFT = st.integers(-1, 62)


def int8s(v: Values, *shape: int) -> np.ndarray:
    return v.array(-128, 127, shape, np.int8)


def clamped(v: Values, kind: type, *ratio: int, zero_points: int) -> ctypes.Structure:
    lo = v.one(-128, 127)
    return kind(*ratio, *(v.one(-128, 127) for _ in range(zero_points)), lo, v.one(lo, 127))


def rescaled(p: ctypes.Structure, total: int, s: int) -> int:
    return ref.sat(ref.rs(int(total) * p.m, s) + p.zero_point, p.lo, p.hi)


@examples
@given(COUNT, values, SHIFT, st.sampled_from(["apart", "into a", "into b"]))
def test_mul(lib8: ctypes.CDLL, count: int, v: Values, s: int, where: str) -> None:
    a, b = int8s(v, count), int8s(v, count)
    p = clamped(v, Mul, v.one(0, 2**31 - 1), s, zero_points=3)
    expected = [rescaled(p, (int(i) - p.zero_point0) * (int(j) - p.zero_point1), s) for i, j in zip(a, b, strict=True)]
    y = {"apart": np.empty(count, np.int8), "into a": a, "into b": b}[where]
    lib8.tf_mul_s8(p, count, at(a), at(b), at(y))
    assert y.tolist() == expected


@examples
@given(st.integers(1, 6), GATES, values, SHIFT, st.booleans())
def test_mul_channels(lib8: ctypes.CDLL, pixels: int, gates: int, v: Values, s: int, in_place: bool) -> None:
    x, gate = int8s(v, pixels, gates), int8s(v, gates)
    p = clamped(v, Mul, v.one(0, 2**31 - 1), s, zero_points=3)
    products = (x.astype(int) - p.zero_point0) * (gate.astype(int) - p.zero_point1)
    expected = [rescaled(p, t, s) for t in products.ravel()]
    y = x if in_place else np.empty_like(x)
    lib8.tf_mul_channels_s8(p, gates, x.size, at(x), at(gate), at(y))
    assert y.ravel().tolist() == expected


@examples
@given(COUNT, values, SHIFT, st.booleans())
def test_requantize(lib8: ctypes.CDLL, count: int, v: Values, s: int, in_place: bool) -> None:
    x = int8s(v, count)
    p = clamped(v, Rescale, v.one(0, 2**31 - 1), s, zero_points=2)
    expected = [rescaled(p, int(i) - p.in_zero_point, s) for i in x]
    y = x if in_place else np.empty(count, np.int8)
    lib8.tf_requantize_s8(p, count, at(x), at(y))
    assert y.tolist() == expected


def part_of(v: Values, channels: int) -> Concat:
    first, rest = v.one(0, 5), v.one(0, 5)
    return clamped(
        v, Concat, channels, first + channels + rest, first, v.one(0, 2**31 - 1) >> v.one(0, 20), zero_points=2
    )


@examples
@given(st.integers(1, 6), GATES, values)
def test_concat(lib8: ctypes.CDLL, pixels: int, channels: int, v: Values) -> None:
    p, x = part_of(v, channels), int8s(v, pixels, channels)
    y = int8s(v, pixels, p.out_channels)
    expected = y.copy()
    scaled = [rescaled(p, int(i) - p.in_zero_point, 20) for i in x.ravel()]
    expected[:, p.first : p.first + channels] = np.reshape(scaled, x.shape)
    lib8.tf_concat_s8(p, pixels, at(x), at(y))
    assert np.array_equal(y, expected)


@examples
@given(COUNT, values, st.booleans())
def test_table(lib8: ctypes.CDLL, count: int, v: Values, in_place: bool) -> None:
    table, x = int8s(v, 256), int8s(v, count)
    expected = [int(table[int(i) + 128]) for i in x]
    y = x if in_place else np.empty(count, np.int8)
    lib8.tf_table_s8(at(table), count, at(x), at(y))
    assert y.tolist() == expected


def gradients(v: Values, bits: int, *shape: int) -> np.ndarray:
    return v.array(-GQ[bits], GQ[bits], shape, GRAD_TYPE[bits])


def finishing(v: Values) -> Finish:
    return Finish(v.one(0, 47) if v.one(0, 1) else v.one(0, 12), v.one(0, 1))


def check(v: Values, bits: int, finish: Finish, sums: np.ndarray, call, in_place: np.ndarray | None = None) -> None:  # type: ignore[no-untyped-def]
    """``call`` writes the finished gradient of ``sums`` (int64, v of section 5.4); in place it must be new."""
    if in_place is not None and v.one(0, 1):
        finish.accumulate, grad = 0, in_place
    else:
        grad = gradients(v, bits, *sums.shape)
    before = grad.astype(np.int64) if finish.accumulate else None
    expected, saturated = ref.finished(sums, np.ones(1, np.int64), finish.bsh, before, GQ[bits])
    assert call(at(grad)) == saturated
    assert np.array_equal(grad, expected)


@examples
@given(COUNT, values)
def test_negate(lib: ctypes.CDLL, bits: int, count: int, v: Values) -> None:
    g, finish = gradients(v, bits, count), finishing(v)
    check(v, bits, finish, -g.astype(np.int64), lambda x: lib.tf_negate_grad(finish, count, at(g), x), g)


@examples
@given(COUNT, values)
def test_table_gradient(lib: ctypes.CDLL, bits: int, count: int, v: Values) -> None:
    g, finish, x = gradients(v, bits, count), finishing(v), int8s(v, count)
    slopes = v.array(-(2**14), 2**14, (256,), np.int16)
    sums = g.astype(np.int64) * slopes[x.astype(int) + 128]
    check(v, bits, finish, sums, lambda to: lib.tf_table_input_grad(finish, at(slopes), count, at(x), at(g), to), g)


@examples
@given(st.integers(1, 6), GATES, values)
def test_concat_gradient(lib: ctypes.CDLL, bits: int, pixels: int, channels: int, v: Values) -> None:
    p, finish = part_of(v, channels), finishing(v)
    g = gradients(v, bits, pixels, p.out_channels)
    sums = g[:, p.first : p.first + channels].astype(np.int64)
    check(v, bits, finish, sums, lambda to: lib.tf_concat_input_grad(p, finish, pixels, at(g), to))


@examples
@given(COUNT, values)
def test_mul_gradient(lib: ctypes.CDLL, bits: int, count: int, v: Values) -> None:
    other, g = int8s(v, count), gradients(v, bits, count)
    mg = MulGrad(finishing(v), v.one(0, 2**15 - 1), v.one(-128, 127))
    sums = g.astype(np.int64) * (other.astype(np.int64) - mg.zero_point) * mg.gm
    check(v, bits, mg.finish, sums, lambda to: lib.tf_mul_input_grad(mg, count, at(other), at(g), to), g)


@examples
@given(st.integers(1, 6), GATES, values)
def test_mul_channels_gradients(lib: ctypes.CDLL, bits: int, pixels: int, gates: int, v: Values) -> None:
    x, gate, g = int8s(v, pixels, gates), int8s(v, gates), gradients(v, bits, pixels, gates)
    mg = MulGrad(finishing(v), v.one(0, 2**15 - 1), v.one(-128, 127))
    wide = g.astype(np.int64)
    sums = (wide * (x.astype(np.int64) - mg.zero_point)).sum(axis=0) * mg.gm
    check(v, bits, mg.finish, sums, lambda to: lib.tf_mul_channels_gate_grad(mg, gates, x.size, at(x), at(g), to))
    sums = wide * (gate.astype(np.int64) - mg.zero_point) * mg.gm
    check(
        v, bits, mg.finish, sums, lambda to: lib.tf_mul_channels_input_grad(mg, gates, x.size, at(gate), at(g), to), g
    )
