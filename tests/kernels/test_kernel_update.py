import ctypes

import kernel_reference as ref
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from kernel_cases import GQ, GRAD_TYPE, Values, conv_shape, examples, in_shape, out_shape, values, wide, windows
from kernel_grad_scratch import conv_update_scratch
from kernel_library import Rate, Window, at

BASE = st.integers(0, 2**32 - 1)
EXPONENT = st.integers(-40, 40)


def rates(v: Values, channels: int, e: int) -> tuple[np.ndarray, np.ndarray]:
    """Multipliers and shifts; with e the shifts are in the -15..62 that section 7 allows."""
    lo = v.one(-15, 62)
    total = v.uniform(lo, v.one(lo, 62), channels, np.int64)
    return v.array(2**14, 2**15 - 1, (channels,), np.uint16), (total - e).astype(np.int8)


def planes(v: Values, shape: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Any master W in -32512 .. 32512, as its int8 plane and its uint8 plane."""
    stored = v.array(-32512, 32512, shape, np.int64) + 128
    return (stored >> 8).astype(np.int8), (stored & 255).astype(np.uint8)


def masters(w: np.ndarray, f: np.ndarray) -> np.ndarray:
    return 256 * wide(w) + wide(f) - 128


def stepped(
    master: np.ndarray, acc: np.ndarray, km: np.ndarray, s: np.ndarray, base: int, shape: tuple[int, ...], axis: int
) -> np.ndarray:
    """Masters after the step; shape: of the whole tensor, whose flat index counts; axis: the output channel's."""
    out = np.empty_like(master)
    for index, before in np.ndenumerate(master):
        c = index[axis]
        out[index] = ref.stepped_master(before, acc[index], km[c], s[c], base, int(np.ravel_multi_index(index, shape)))
    return out


def inputs(v: Values, win: Window, bits: int) -> tuple[np.ndarray, np.ndarray]:
    gq = GQ[bits]
    return v.array(-128, 127, in_shape(win), np.int8), v.array(-gq, gq, out_shape(win), GRAD_TYPE[bits])


@examples
@given(windows(), values, EXPONENT, BASE)
def test_conv(lib: ctypes.CDLL, bits: int, win: Window, v: Values, e: int, base: int) -> None:
    x, gy = inputs(v, win, bits)
    km, ks = rates(v, win.out_c, e)
    shape = conv_shape(win)
    w, f = planes(v, (*shape[:3], win.trained_in_c))
    acc = ref.conv_weight_sums(win, wide(x), wide(gy))
    expected = stepped(masters(w, f), acc, km, wide(ks) + e, base, shape, 0)
    packed, scratch = ref.trained_input(win, x), np.empty(conv_update_scratch(win), np.int8)
    lib.tf_conv_update(win, Rate(at(km), at(ks), None, None), e, base, at(packed), at(gy), at(w), at(f), at(scratch))
    np.testing.assert_array_equal(masters(w, f), expected)


@examples
@given(windows(pointwise=True), values, EXPONENT, BASE)
def test_pointwise(lib: ctypes.CDLL, bits: int, win: Window, v: Values, e: int, base: int) -> None:
    test_conv.hypothesis.inner_test(lib, bits, win, v, e, base)


@examples
@given(windows(channelwise=True), values, EXPONENT, BASE)
def test_depthwise(lib: ctypes.CDLL, bits: int, win: Window, v: Values, e: int, base: int) -> None:
    x, gy = inputs(v, win, bits)
    km, ks = rates(v, win.out_c, e)
    shape = (win.kernel_h, win.kernel_w, win.in_c)
    w, f = planes(v, shape)
    acc = ref.depthwise_weight_sums(win, wide(x), wide(gy))
    expected = stepped(masters(w, f), acc, km, wide(ks) + e, base, shape, 2)
    lib.tf_depthwise_update(win, Rate(at(km), at(ks), None, None), e, base, at(x), at(gy), at(w), at(f), None)
    np.testing.assert_array_equal(masters(w, f), expected)


@examples
@given(st.integers(1, 40), st.integers(1, 70), values, EXPONENT, BASE)
def test_bias(lib: ctypes.CDLL, bits: int, pixels: int, out_c: int, v: Values, e: int, base: int) -> None:
    gy = v.array(-GQ[bits], GQ[bits], (pixels, out_c), GRAD_TYPE[bits])
    kb, kbs = rates(v, out_c, e)
    b = v.array(-(2**30), 2**30, (out_c,), np.int32)
    sums = wide(gy).sum(0)
    expected = [ref.stepped_bias(b[c], sums[c], kb[c], int(kbs[c]) + e, base, c) for c in range(out_c)]
    lib.tf_bias_update(pixels, out_c, Rate(None, None, at(kb), at(kbs)), e, base, at(gy), at(b))
    assert b.tolist() == expected


@pytest.mark.parametrize("sign", [-1, 1])
def test_the_largest_sums_fit(lib: ctypes.CDLL, bits: int, sign: int) -> None:
    pixels = {8: 65_535, 16: 257}[bits]
    win = Window(1, pixels, 1, 1, pixels, 1, 1, 1, 1, 1, 0, 0, 1, 1, -128)
    x, gy = np.full(pixels, 127, np.int8), np.full(pixels, sign * GQ[bits], GRAD_TYPE[bits])
    scratch = np.empty(conv_update_scratch(win), np.int8)
    a = sign * GQ[bits] * 255 * pixels
    assert abs(a) < 2**31
    for update, kernel in (("conv", lib.tf_conv_update), ("depthwise", lib.tf_depthwise_update)):
        w, f, km, ks = (
            np.zeros(1, np.int8),
            np.full(1, 128, np.uint8),
            np.array([32767], np.uint16),
            np.zeros(1, np.int8),
        )
        kernel(win, Rate(at(km), at(ks), None, None), 31, 7, at(x), at(gy), at(w), at(f), at(scratch))
        assert masters(w, f)[0] == ref.stepped_master(0, a, 32767, 31, 7, 0), update
        assert 0 < abs(masters(w, f)[0]) < 32767
    b, kb, kbs = np.zeros(1, np.int32), np.array([32767], np.uint16), np.zeros(1, np.int8)
    lib.tf_bias_update(pixels, 1, Rate(None, None, at(kb), at(kbs)), 20, 7, at(gy), at(b))
    assert b[0] == ref.stepped_bias(0, sign * GQ[bits] * pixels, 32767, 20, 7, 0)


def test_a_step_of_one_part_in_the_resolution_survives_on_average(lib8: ctypes.CDLL) -> None:
    channels, steps = 64, 256
    win = Window(1, 1, 1, 1, 1, channels, 1, 1, 1, 1, 0, 0, 1, 1, 0)
    x, gy = np.ones(1, np.int8), np.ones(channels, np.int8)
    km, ks = np.full(channels, 2**14, np.uint16), np.zeros(channels, np.int8)
    w, f = np.zeros(channels, np.int8), np.full(channels, 128, np.uint8)
    scratch = np.empty(conv_update_scratch(win), np.int8)
    for n in range(steps):  # 2^14 / 2^20 = 1/64 of a master unit each step
        lib8.tf_conv_update(
            win, Rate(at(km), at(ks), None, None), 20, lib8.tf_counter_base(5, n, 3), at(x), at(gy), at(w), at(f),
            at(scratch),
        )  # fmt: skip
    moved = -masters(w, f)
    expected = steps / 64
    assert abs(moved.mean() - expected) < 5 * np.sqrt(expected / channels)
    assert moved.std() > 0
