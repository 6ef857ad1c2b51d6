import ctypes

import kernel_reference as ref
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from kernel_cases import Values, conv_shape, examples, in_shape, split, values, wide, windows
from kernel_library import Requant, Weights, Window, at
from kernel_rows import Streaming, run, streamings
from kernel_scratch import conv_scratch, depthwise_scratch

WHOLE = Streaming(1, None, None, 0, 0)


def bias_of(v: Values, win: Window) -> np.ndarray:
    return v.array(-(2**30), 2**30, (win.out_c,), np.int32) >> v.one(0, 30)


def requantisation(v: Values, channels: int) -> tuple[np.ndarray, np.ndarray, int, int, int]:
    """m, s, zero_point, lo, hi; the shifts around those that bring a sum into the range of int8."""
    m = v.uniform(2**30, 2**31 - 1, channels, np.int32)
    s = (
        v.uniform(v.one(1, 40), v.one(41, 62), channels, np.int8)
        if v.one(0, 1)
        else v.uniform(33, 54, channels, np.int8)
    )
    lo, hi = (-128, 127) if v.one(0, 1) else sorted(v.uniform(-128, 127, 2, np.int64).tolist())
    return m, s, v.one(-128, 127), lo, hi


def run_conv(function, win: Window, v: Values, how: Streaming) -> tuple[np.ndarray, np.ndarray]:
    x = v.array(-128, 127, in_shape(win), np.int8)
    w = v.array(-127, 127, conv_shape(win), np.int8)
    bias, (m, s, zero_point, lo, hi) = bias_of(v, win), requantisation(v, win.out_c)
    trained, frozen = split(win, w)
    requant, weights = Requant(at(m), at(s), zero_point, lo, hi), Weights(at(trained), at(frozen), at(bias))
    scratch = np.empty(conv_scratch(win, how.rows_per_call(win)), np.int8)
    y = run(win, how, x, lambda *rows: function(win, requant, weights, *rows, at(scratch)))
    acc = ref.conv_sums(win, wide(w), bias, wide(x))
    return y, ref.requantised(acc, m, s, zero_point, lo, hi)


@examples
@given(windows(), values, streamings)
def test_conv(lib8: ctypes.CDLL, win: Window, v: Values, how: Streaming) -> None:
    np.testing.assert_array_equal(*run_conv(lib8.tf_conv_s8, win, v, how))


@examples
@given(windows(pointwise=True), values, streamings)
def test_pointwise(lib8: ctypes.CDLL, win: Window, v: Values, how: Streaming) -> None:
    np.testing.assert_array_equal(*run_conv(lib8.tf_pointwise_s8, win, v, how))


@pytest.mark.parametrize("sign", [-1, 1])
def test_the_largest_sums_of_a_pointwise_kernel_fit(lib8: ctypes.CDLL, sign: int) -> None:
    channels = 33_000
    win = Window(1, 1, channels, 1, 1, 2, 1, 1, 1, 1, 0, 0, 1, 20_000, -128)
    x, w = np.full((1, 1, channels), 127, np.int8), np.full(conv_shape(win), sign * 127, np.int8)
    bias, m, s = np.full(2, sign * 2**30, np.int32), np.full(2, 2**31 - 1, np.int32), np.array([57, 56], np.int8)
    trained, frozen = split(win, w)
    requant, weights = Requant(at(m), at(s), 0, -128, 127), Weights(at(trained), at(frozen), at(bias))
    scratch = np.empty(conv_scratch(win, 1), np.int8)
    y = run(win, WHOLE, x, lambda *rows: lib8.tf_pointwise_s8(win, requant, weights, *rows, at(scratch)))[0, 0]
    acc = sign * (2**30 + 127 * 255 * channels)
    assert abs(acc) < 2**31
    assert y.tolist() == [ref.sat(ref.rs(acc * int(m[c]), int(s[c])), -128, 127) for c in range(2)]
    assert abs(int(y[0])) < 127


@examples
@given(st.integers(1, 70), st.integers(2, 40), st.integers(1, 9), st.data(), values)
def test_logits(lib8: ctypes.CDLL, in_c: int, classes: int, steps: int, data: st.DataObject, v: Values) -> None:
    zero_point = data.draw(st.integers(-128, 127))
    trains = data.draw(st.integers(0, in_c))
    win = Window(1, steps, in_c, 1, steps, classes, 1, 1, 1, 1, 0, 0, 1, trains, zero_point)
    x, w = v.array(-128, 127, in_shape(win), np.int8), v.array(-127, 127, conv_shape(win), np.int8)
    bias, (m, s, *_) = bias_of(v, win), requantisation(v, classes)
    trained, frozen = split(win, w)
    logits = np.empty((steps, classes), np.int16)
    lib8.tf_logits_s8(
        win, Requant(at(m), at(s), 55, 1, 2), Weights(at(trained), at(frozen), at(bias)), at(x), at(logits)
    )
    acc = ref.conv_sums(win, wide(w), bias, wide(x))
    np.testing.assert_array_equal(logits, ref.requantised(acc, m, s, 0, -32768, 32767)[0])


@examples
@given(windows(channelwise=True), values, streamings, st.booleans())
def test_depthwise(lib8: ctypes.CDLL, win: Window, v: Values, how: Streaming, trains: bool) -> None:
    x = v.array(-128, 127, in_shape(win), np.int8)
    w = v.array(-127, 127, (win.kernel_h, win.kernel_w, win.in_c), np.int8)
    bias, (m, s, zero_point, lo, hi) = bias_of(v, win), requantisation(v, win.out_c)
    requant = Requant(at(m), at(s), zero_point, lo, hi)
    weights = Weights(at(w) if trains else None, None if trains else at(w), at(bias))
    scratch = np.empty(depthwise_scratch(win, how.rows_per_call(win)), np.int8)
    y = run(win, how, x, lambda *rows: lib8.tf_depthwise_s8(win, requant, weights, *rows, at(scratch)))
    acc = ref.depthwise_sums(win, wide(w), bias, wide(x))
    np.testing.assert_array_equal(y, ref.requantised(acc, m, s, zero_point, lo, hi))


@examples
@given(windows(channelwise=True), values, streamings)
def test_avg_pool(lib8: ctypes.CDLL, win: Window, v: Values, how: Streaming) -> None:
    x = v.array(-128, 127, in_shape(win), np.int8)
    m, s, zero_point, lo, hi = requantisation(v, 1)
    requant = Requant(at(m), at(s), zero_point, lo, hi)
    y = run(win, how, x, lambda *rows: lib8.tf_avg_pool_s8(win, requant, *rows))
    np.testing.assert_array_equal(y, ref.requantised(ref.pool_sums(win, wide(x)), m, s, zero_point, lo, hi))


@examples
@given(windows(channelwise=True), values, streamings)
def test_max_pool(lib8: ctypes.CDLL, win: Window, v: Values, how: Streaming) -> None:
    x = v.array(-128, 127, in_shape(win), np.int8)
    y = run(win, how, x, lambda *rows: lib8.tf_max_pool_s8(win, *rows))
    expected = np.empty_like(y)
    for (oy, ox, c), (iy, ix) in ref.first_maxima(win, x).items():
        expected[oy, ox, c] = x[iy, ix, c]
    np.testing.assert_array_equal(y, expected)
