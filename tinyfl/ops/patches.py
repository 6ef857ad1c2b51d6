"""Gather and scatter between images and kernel windows: the linear maps that every windowed operator is made of.

Arrays are float [N, H, W, C]. Integers pass through exactly: NUMERICS section 7 keeps every sum below 2^31, and
float64 holds all integers up to 2^53, so the fast float matrix product is an exact integer one. Where the sums stay
below 2^24, float32 is as exact and twice as fast.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from tinyfl.types import FloatArray, Window


def gather(x: FloatArray, win: Window, fill: float = 0.0) -> FloatArray:
    """Windows of an image: [N, H, W, C] -> [N, out_h, out_w, kernel_h, kernel_w, C]; padding reads ``fill``."""
    n = x.shape[0]
    x = x.reshape(n, *win.in_shape)  # a flattened image arrives in its own shape
    plain = (win.taps, win.stride_h, win.stride_w, win.pad_top, win.pad_left) == (1, 1, 1, 0, 0)
    if plain and win.in_shape[:2] == win.out_shape[:2]:
        return x[:, :, :, None, None, :]
    padded = pad(x, win, fill)
    sn, sh, sw, sc = padded.strides
    view = np.lib.stride_tricks.as_strided(
        padded,
        (n, win.out_h, win.out_w, win.kernel_h, win.kernel_w, win.in_c),
        (sn, sh * win.stride_h, sw * win.stride_w, sh, sw, sc),
        writeable=False,
    )
    return np.ascontiguousarray(view)


def scatter(cols: FloatArray, win: Window) -> FloatArray:
    """Adjoint of ``gather``: sums [N, out_h, out_w, kernel_h, kernel_w, C] back into [N, H, W, C]."""
    padded = frame(cols.shape[0], win, cols.dtype)
    for ky, kx, view in taps(padded, win):
        view += cols[:, :, :, ky, kx]
    return crop(padded, win)


def pad(x: FloatArray, win: Window, fill: float = 0.0) -> FloatArray:
    """The image [N, H, W, C] in a frame that holds every window."""
    padded = np.full((x.shape[0], *_padded(win), win.in_c), fill, x.dtype)
    crop(padded, win)[...] = x.reshape(x.shape[0], *win.in_shape)
    return padded


def crop(padded: FloatArray, win: Window) -> FloatArray:
    """The image within its frame, as a view."""
    return padded[:, win.pad_top : win.pad_top + win.in_h, win.pad_left : win.pad_left + win.in_w]


def taps(padded: FloatArray, win: Window) -> Iterator[tuple[int, int, FloatArray]]:
    """For each kernel position the pixels that all outputs see there: views [N, out_h, out_w, C] of a framed image."""
    for ky in range(win.kernel_h):
        for kx in range(win.kernel_w):
            rows = slice(ky, ky + win.stride_h * win.out_h, win.stride_h)
            columns = slice(kx, kx + win.stride_w * win.out_w, win.stride_w)
            yield ky, kx, padded[:, rows, columns]


def frame(n: int, win: Window, dtype: npt.DTypeLike = np.float64) -> FloatArray:
    """An empty framed image for ``n`` samples, to sum into."""
    return np.zeros((n, *_padded(win), win.in_c), dtype)


def _padded(win: Window) -> tuple[int, int]:
    """Padded height and width that hold every window and the whole image."""
    height = max(win.pad_top + win.in_h, win.stride_h * win.out_h - 1 + win.kernel_h)
    width = max(win.pad_left + win.in_w, win.stride_w * win.out_w - 1 + win.kernel_w)
    return height, width
