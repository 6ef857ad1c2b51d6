import ctypes

import kernel_reference as ref
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from kernel_cases import GQ, GRAD_TYPE, Values, conv_shape, examples, in_shape, out_shape, split, values, wide, windows
from kernel_grad_scratch import conv_grad_scratch, depthwise_grad_scratch, pointwise_grad_scratch
from kernel_library import Finish, InputGrad, Weights, Window, at

BSH = st.integers(0, 47)
FLAG = st.booleans()

FOLD_TYPE = {8: np.uint8, 16: np.uint16}


def gradients(v: Values, win: Window, bits: int) -> tuple[np.ndarray, np.ndarray]:
    """The gradient of the output, and what stands where the one of the input shall go."""
    gq, dtype = GQ[bits], GRAD_TYPE[bits]
    return v.array(-gq, gq, out_shape(win), dtype), v.array(-gq, gq, in_shape(win), dtype)


def multiplier(v: Values, count: int) -> np.ndarray:
    return v.array(2**14, 2**15 - 1, (count,), np.int32)


def expect(
    acc: np.ndarray, m: np.ndarray, finish: Finish, before: np.ndarray, bits: int, gx: np.ndarray, counted: int
) -> None:
    grad, clamped = ref.finished(acc, m, finish.bsh, wide(before) if finish.accumulate else None, GQ[bits])
    np.testing.assert_array_equal(gx, grad)
    assert counted == clamped


def check_conv(function, win: Window, v: Values, bits: int, bsh: int, accumulate: bool, scratch_bytes: int) -> None:
    gy, gx = gradients(v, win, bits)
    before = gx.copy()
    w = v.array(-127, 127, conv_shape(win), np.int8)
    fsh = {8: 8, 16: 15}[bits] + v.one(0, 2)
    mw = v.array(1, 255 if bits == 8 else 32767, (win.out_c,), FOLD_TYPE[bits])
    m = multiplier(v, 1)
    trained, frozen = split(win, w)
    scratch = np.empty(scratch_bytes, np.int8)
    finish = Finish(bsh, accumulate)
    counted = function(
        win, InputGrad(finish, int(m[0]), None, at(mw), fsh), Weights(at(trained), at(frozen), None), at(gy), at(gx),
        at(scratch),
    )  # fmt: skip
    acc = ref.conv_input_sums(win, wide(w), ref.folded(wide(gy), mw, fsh))
    expect(acc, m, finish, before, bits, gx, counted)


@examples
@given(windows(), values, BSH, FLAG)
def test_conv(lib: ctypes.CDLL, bits: int, win: Window, v: Values, bsh: int, accumulate: bool) -> None:
    check_conv(lib.tf_conv_input_grad, win, v, bits, bsh, accumulate, conv_grad_scratch(win, bits // 8))


@examples
@given(windows(pointwise=True), values, BSH, FLAG)
def test_pointwise(lib: ctypes.CDLL, bits: int, win: Window, v: Values, bsh: int, accumulate: bool) -> None:
    check_conv(lib.tf_pointwise_input_grad, win, v, bits, bsh, accumulate, pointwise_grad_scratch(win))


@examples
@given(windows(channelwise=True), values, BSH, FLAG, FLAG)
def test_depthwise(
    lib: ctypes.CDLL, bits: int, win: Window, v: Values, bsh: int, accumulate: bool, trains: bool
) -> None:
    gy, gx = gradients(v, win, bits)
    before = gx.copy()
    w = v.array(-127, 127, (win.kernel_h, win.kernel_w, win.in_c), np.int8)
    gmc = v.array(1, 2**15 - 1, (win.in_c,), np.uint16)
    finish = Finish(bsh, accumulate)
    weights = Weights(at(w) if trains else None, None if trains else at(w), None)
    scratch = np.empty(depthwise_grad_scratch(win), np.int8)
    counted = lib.tf_depthwise_input_grad(
        win, InputGrad(finish, 0, at(gmc), None, 0), weights, at(gy), at(gx), at(scratch)
    )
    expect(ref.depthwise_input_sums(win, wide(w), wide(gy)), gmc, finish, before, bits, gx, counted)


@examples
@given(windows(channelwise=True), values, BSH, FLAG)
def test_avg_pool(lib: ctypes.CDLL, bits: int, win: Window, v: Values, bsh: int, accumulate: bool) -> None:
    gy, gx = gradients(v, win, bits)
    before, m, finish = gx.copy(), multiplier(v, 1), Finish(bsh, accumulate)
    counted = lib.tf_avg_pool_input_grad(win, InputGrad(finish, int(m[0]), None, None, 0), at(gy), at(gx))
    expect(ref.avg_pool_input_sums(win, wide(gy)), m, finish, before, bits, gx, counted)


@examples
@given(windows(channelwise=True), values, BSH, FLAG, st.integers(0, 7))
def test_max_pool(lib: ctypes.CDLL, bits: int, win: Window, v: Values, bsh: int, accumulate: bool, coarse: int) -> None:
    gy, gx = gradients(v, win, bits)
    x = v.array(-128, 127, in_shape(win), np.int8) >> coarse  # coarse values: many equal maxima
    before, finish = gx.copy(), Finish(bsh if v.one(0, 1) else bsh % 4, accumulate)
    counted = lib.tf_max_pool_input_grad(win, finish, at(x), at(gy), at(gx))
    expect(ref.max_pool_input_sums(win, x, wide(gy)), np.array([1]), finish, before, bits, gx, counted)


@pytest.mark.parametrize("sign", [-1, 1])
def test_the_largest_sums_fit(lib: ctypes.CDLL, bits: int, sign: int) -> None:
    out_c = {8: 65_535, 16: 516}[bits]
    gq, mw_max, fsh = GQ[bits], {8: 255, 16: 32767}[bits], {8: 8, 16: 15}[bits]
    win = Window(1, 1, 2, 1, 1, out_c, 1, 1, 1, 1, 0, 0, 1, 1, 0)
    gy, w = np.full(out_c, sign * gq, GRAD_TYPE[bits]), np.full((out_c, 1, 1, 2), 127, np.int8)
    mw, gx = np.full(out_c, mw_max, FOLD_TYPE[bits]), np.empty(2, GRAD_TYPE[bits])
    scratch = np.empty(pointwise_grad_scratch(win), np.int8)
    trained, frozen = split(win, w)
    acc = 127 * out_c * ref.rs(sign * gq * mw_max, fsh)
    assert abs(acc) < 2**31
    bsh = (abs(acc) * 32767 // gq).bit_length()
    counted = lib.tf_pointwise_input_grad(
        win, InputGrad(Finish(bsh, 0), 32767, None, at(mw), fsh), Weights(at(trained), at(frozen), None), at(gy),
        at(gx), at(scratch),
    )  # fmt: skip
    assert gx.tolist() == [ref.re(acc * 32767, bsh)] * 2
    assert counted == 0
