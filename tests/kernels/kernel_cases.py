"""Shapes and values for the kernel tests: shapes drawn by hypothesis, values by a seed it draws."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from hypothesis import settings
from hypothesis import strategies as st
from kernel_library import Window

GQ = {8: 127, 16: 32767}
GRAD_TYPE = {8: np.int8, 16: np.int16}
EXAMPLES_VARIABLE = "TINYFL_TEST_KERNEL_EXAMPLES"
examples = settings(max_examples=int(os.environ.get(EXAMPLES_VARIABLE, "150")), deadline=None)

_FEW = st.integers(1, 9)
_MANY = st.sampled_from([31, 32, 33, 40, 65])  # around the 32 channels that a kernel sums at once
_CHANNEL_PAIRS = st.one_of(
    st.tuples(_FEW, _FEW), st.tuples(_MANY, st.integers(1, 4)), st.tuples(st.integers(1, 4), _MANY)
)


@dataclass(frozen=True)
class Values:
    """Random arrays; ``style`` is plain (uniform), extreme (only the ends of a range) or sparse (mostly zero)."""

    seed: int
    style: str

    @cached_property
    def _rng(self) -> np.random.Generator:
        return np.random.default_rng(self.seed)

    def array(self, lo: int, hi: int, shape: tuple[int, ...], dtype: type) -> np.ndarray:
        """Integers from lo to hi in the style drawn."""
        plain = self._rng.integers(lo, hi, shape, endpoint=True)
        if self.style == "extreme":
            plain = np.where(self._rng.random(shape) < 0.5, lo, hi)
        elif self.style == "sparse":
            plain = np.where(self._rng.random(shape) < 0.7, sat_zero(lo, hi), plain)
        return np.ascontiguousarray(plain, dtype)

    def uniform(self, lo: int, hi: int, shape: tuple[int, ...] | int, dtype: type) -> np.ndarray:
        """Integers from lo to hi whatever the style."""
        return self._rng.integers(lo, hi, shape, endpoint=True).astype(dtype)

    def one(self, lo: int, hi: int) -> int:
        """One integer from lo to hi."""
        return int(self._rng.integers(lo, hi, endpoint=True))


def sat_zero(lo: int, hi: int) -> int:
    """The value of the range nearest to zero."""
    return max(lo, min(hi, 0))


values = st.builds(Values, st.integers(0, 2**32 - 1), st.sampled_from(["plain", "extreme", "sparse"]))


@st.composite
def axes(draw: st.DrawFn, one: bool = False) -> tuple[int, int, int, int, int]:
    """Input, output, kernel, stride and leading padding of one axis; each window holds a pixel."""
    if one:
        return 1, 1, 1, 1, 0
    kernel = draw(st.sampled_from([1, 2, 3, 3, 4, 5, 7]))
    stride = draw(st.integers(1, 3))
    before, after = draw(st.integers(0, kernel - 1)), draw(st.integers(0, kernel - 1))
    size = draw(st.integers(max(1, kernel - before - after), 9))
    return size, (size + before + after - kernel) // stride + 1, kernel, stride, before


@st.composite
def windows(draw: st.DrawFn, channelwise: bool = False, pointwise: bool = False) -> Window:
    """Any window; channelwise: depthwise and pooling; pointwise: 1x1, stride 1, one group."""
    if pointwise:
        h, w = (
            (size, size, 1, 1, 0) for size in draw(st.tuples(st.integers(1, 3), st.sampled_from([1, 2, 3, 4, 5, 19])))
        )
    else:
        h, w = draw(axes(draw(st.booleans()))), draw(axes())
    groups = 1 if channelwise or pointwise else draw(st.sampled_from([1, 1, 2, 3]))
    group_in, group_out = draw(_CHANNEL_PAIRS)
    if channelwise:
        group_out = group_in
    return Window(
        h[0], w[0], groups * group_in, h[1], w[1], groups * group_out, h[2], w[2], h[3], w[3], h[4], w[4],
        groups, draw(st.integers(0, group_in)), draw(st.integers(-128, 127)),
    )  # fmt: skip


def in_shape(win: Window) -> tuple[int, int, int]:
    return win.in_h, win.in_w, win.in_c


def out_shape(win: Window) -> tuple[int, int, int]:
    return win.out_h, win.out_w, win.out_c


def conv_shape(win: Window) -> tuple[int, int, int, int]:
    return win.out_c, win.kernel_h, win.kernel_w, win.in_c // win.groups


def split(win: Window, w: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The trained and the frozen block of a convolution's weights."""
    trained = win.trained_in_c
    return np.ascontiguousarray(w[..., :trained]), np.ascontiguousarray(w[..., trained:])


def wide(array: np.ndarray) -> np.ndarray:
    """The array in int64."""
    return array.astype(np.int64)
