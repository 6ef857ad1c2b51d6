"""What the forward pass leaves to the backward pass: masks and inputs, saved row range by row range."""

import ctypes

import kernel_reference as ref
import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from kernel_cases import GQ, GRAD_TYPE, Values, examples, in_shape, values, windows
from kernel_library import Window, at
from kernel_rows import Ring, Streaming, spans, streamings

INT8 = st.integers(-128, 127)


def saved(x: np.ndarray, how: Streaming, save, into: np.ndarray) -> np.ndarray:
    """``into`` after all row ranges of x [rows][elements] were handed over, the last range first."""
    ring = Ring(len(x), x.shape[1], min(how.step, len(x)), how.spare_in, how.gap_in)
    for rows in reversed(list(spans(len(x), how.step))):
        for r in range(rows.first, rows.end):
            ring.row(r)[:] = x[r]
        save(ring.as_rows(), rows, at(into))
    return into


def passes(y: np.ndarray, lo: int, hi: int, mask_lo: bool, mask_hi: bool) -> np.ndarray:
    """Section 5.3."""
    return ~((mask_lo & (y <= lo)) | (mask_hi & (y >= hi)))


@examples
@given(st.integers(1, 6), st.integers(1, 70), values, streamings, INT8, INT8, st.integers(0, 3))
def test_save_mask(
    lib8: ctypes.CDLL,
    rows: int,
    elements: int,
    v: Values,
    how: Streaming,
    one: int,
    other: int,
    clip: int,
) -> None:
    lo, hi, below, above = *sorted((one, other)), bool(clip & 1), bool(clip & 2)
    y = np.clip(v.array(-128, 127, (rows, elements), np.int8), lo, hi)
    bits = v.uniform(0, 255, (rows, (elements + 7) // 8), np.uint8)
    saved(y, how, lambda *call: lib8.tf_save_mask(lo, hi, below, above, elements, *call), bits)
    np.testing.assert_array_equal(bits, np.packbits(passes(y, lo, hi, below, above), axis=1, bitorder="little"))


@examples
@given(st.integers(1, 4), st.integers(1, 70), values)
def test_mask_grad(lib: ctypes.CDLL, bits: int, rows: int, elements: int, v: Values) -> None:
    grad = v.array(-GQ[bits], GQ[bits], (rows, elements), GRAD_TYPE[bits])
    mask = v.array(0, 1, (rows, elements), np.bool_)
    expected = np.where(mask, grad, 0)
    packed = np.packbits(mask, axis=1, bitorder="little")
    lib.tf_mask_grad(rows, elements, at(packed), at(grad))
    np.testing.assert_array_equal(grad, expected)


@examples
@given(windows(), values, streamings)
def test_save_input(lib8: ctypes.CDLL, win: Window, v: Values, how: Streaming) -> None:
    x = v.array(-128, 127, in_shape(win), np.int8)
    into = np.empty((win.in_h, win.in_w, win.groups * win.trained_in_c), np.int8)
    saved(x.reshape(win.in_h, -1), how, lambda *call: lib8.tf_save_input(win, *call), into)
    np.testing.assert_array_equal(into, ref.trained_input(win, x))
