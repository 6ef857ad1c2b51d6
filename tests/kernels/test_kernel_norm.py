"""Layer norm and RMS norm against NUMERICS section 12.1 read aloud."""

import ctypes
import math
from fractions import Fraction

import kernel_reference as ref
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from kernel_cases import GQ, GRAD_TYPE, Values, examples, values, wide
from kernel_library import Finish, Norm, NormGrad, Window, at
from kernel_rows import Streaming, run, streamings

CHANNELS = st.one_of(st.integers(1, 9), st.sampled_from([31, 32, 33, 65, 1024]))
EPSILON = st.one_of(st.just(1), st.integers(1, 2**12), st.integers(0, 60).map(lambda e: 1 << e))
images = st.builds(
    lambda h, w, c, z: Window(h, w, c, h, w, c, 1, 1, 1, 1, 0, 0, 1, 0, z),
    st.integers(1, 3), st.integers(1, 4), CHANNELS, st.integers(-128, 127),
)  # fmt: skip


def root_of(v: int) -> tuple[int, int]:
    """inv and h of V."""
    h = next(h for h in range(-15, 17) if 2**30 <= Fraction(v) / Fraction(4) ** h < 2**32)
    return 2**31 // math.isqrt(math.floor(Fraction(v) / Fraction(4) ** h)), h


def pixel_of(norm: Norm, z: int, x: list[int]) -> tuple[list[int], int, int]:
    """d, inv and h of a pixel."""
    u = [int(value) - z for value in x]
    total = sum(u) if norm.centred else 0
    v = len(u) * sum(value * value for value in u) - total * total + norm.epsilon
    return [len(u) * value - total for value in u], *root_of(v)


def normalised(norm: Norm, z: int, x: list[int]) -> list[int]:
    d, inv, h = pixel_of(norm, z, x)
    xhat = [ref.sat(ref.rs(value * inv, 21 + h), -32768, 32767) for value in d]
    return [ref.sat(ref.rs(value * norm.m, norm.s) + norm.zero_point, norm.lo, norm.hi) for value in xhat]


def gradient_sums(norm: Norm, ng: NormGrad, z: int, x: list[int], g: list[int]) -> list[int]:
    d, inv, h = pixel_of(norm, z, x)
    total = sum(g) if norm.centred else 0
    b = ref.rs(inv * sum(i * j for i, j in zip(g, d, strict=True)), 26 + h)
    q, c = ref.rs(b * inv, 16), ref.rs(inv * ng.gm, 15)
    t = [len(g) * i - total - ref.rs(j * q, 20 + h) for i, j in zip(g, d, strict=True)]
    assert max(abs(value) for value in (b, q, *t)) < 2**31
    return [ref.rs(value * c, h - ng.half) for value in t]


def norm_of(v: Values, epsilon: int, centred: bool) -> Norm:
    lo = v.one(-128, 127)
    return Norm(epsilon, centred, v.one(2**30, 2**31 - 1), v.one(30, 45), v.one(-128, 127), lo, v.one(lo, 127))


def pixels(v: Values, win: Window) -> np.ndarray:
    """An image; some of its pixels are constant."""
    x = v.array(-128, 127, (win.in_h, win.in_w, win.in_c), np.int8)
    constant = v.uniform(0, 3, (win.in_h, win.in_w), int) == 0
    return np.where(constant[..., None], x[..., :1], x).astype(np.int8)


@examples
@given(images, EPSILON, st.booleans(), values, streamings)
def test_norm(lib8: ctypes.CDLL, win: Window, epsilon: int, centred: bool, v: Values, how: Streaming) -> None:
    norm, x = norm_of(v, epsilon, centred), pixels(v, win)
    y = run(win, how, x, lambda *rows: lib8.tf_norm_s8(win, norm, *rows))
    expected = [normalised(norm, win.in_zero_point, pixel) for pixel in x.reshape(-1, win.in_c)]
    assert y.reshape(-1, win.in_c).tolist() == expected


@examples
@given(images, EPSILON, st.booleans(), values, st.integers(0, 47), st.booleans())
def test_gradient(
    lib: ctypes.CDLL, bits: int, win: Window, epsilon: int, centred: bool, v: Values, bsh: int, accumulate: bool
) -> None:
    x = pixels(v, win)
    g = v.array(-GQ[bits], GQ[bits], x.shape, GRAD_TYPE[bits])
    check_gradient(lib, bits, win, norm_of(v, epsilon, centred), v, x, g, Finish(bsh, accumulate))


def check_gradient(
    lib: ctypes.CDLL, bits: int, win: Window, norm: Norm, v: Values, x: np.ndarray, g: np.ndarray, finish: Finish
) -> None:
    ng = NormGrad(finish, v.one(1, 2**15), root_of(norm.epsilon)[1])
    gx = v.array(-GQ[bits], GQ[bits], x.shape, GRAD_TYPE[bits])
    before = wide(gx) if finish.accumulate else None
    rows = zip(x.reshape(-1, win.in_c), wide(g).reshape(-1, win.in_c).tolist(), strict=True)
    sums = np.array([gradient_sums(norm, ng, win.in_zero_point, pixel, row) for pixel, row in rows], np.int64)
    expected, saturated = ref.finished(sums.reshape(x.shape), np.ones(1, np.int64), finish.bsh, before, GQ[bits])
    assert lib.tf_norm_input_grad(win, norm, ng, at(x), at(g), at(gx)) == saturated
    np.testing.assert_array_equal(gx, expected)


@pytest.mark.parametrize("centred", [False, True])
@pytest.mark.parametrize("z", [-128, 127])
@pytest.mark.parametrize("peaks", [1, 512])
@pytest.mark.parametrize("along", [-1, 1])
def test_the_largest_sums_fit(lib: ctypes.CDLL, bits: int, centred: bool, z: int, peaks: int, along: int) -> None:
    """A few channels of 1024 as far from the others as can be, and full gradients along or against them."""
    win = Window(1, 1, 1024, 1, 1, 1024, 1, 1, 1, 1, 0, 0, 1, 0, z)
    x, g = np.full((1, 1, 1024), z, np.int8), np.full((1, 1, 1024), -along * GQ[bits], GRAD_TYPE[bits])
    x[..., :peaks], g[..., :peaks] = -1 - z, along * GQ[bits]
    norm = Norm(1, centred, 2**31 - 1, 38, 0, -128, 127)
    check_gradient(lib, bits, win, norm, Values(0, "extreme"), x, g, Finish(40, 1))
