"""Calls a forward kernel row range by row range, its tensors whole or in rings that hold no more than is promised."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from hypothesis import strategies as st
from kernel_library import Rows, Span, Window, at

Call = Callable[[Rows, Rows, Span], None]


@dataclass(frozen=True)
class Streaming:
    """Rows computed a call; rows each ring holds beyond those a call needs (None: all rows); bytes between rows."""

    step: int
    spare_in: int | None
    spare_out: int | None
    gap_in: int
    gap_out: int

    def rows_per_call(self, win: Window) -> int:
        """The most."""
        return min(self.step, win.out_h)


_SPARE = st.one_of(st.none(), st.integers(0, 2))
streamings = st.builds(Streaming, st.integers(1, 8), _SPARE, _SPARE, st.integers(0, 5), st.integers(0, 5))


class Ring:
    """Rows of an int8 tensor [H][W][C] in a buffer that ends with its last row; what nobody wrote is noise."""

    def __init__(self, height: int, row_bytes: int, needed: int, spare: int | None, gap: int) -> None:
        self.count = height if spare is None else min(height, needed + spare)
        self.stride, self.row_bytes = row_bytes + gap, row_bytes
        size = self.stride * (self.count - 1) + row_bytes
        self.bytes = np.random.default_rng(size).integers(-128, 127, size, np.int8, endpoint=True)

    def row(self, r: int) -> np.ndarray:
        start = r % self.count * self.stride
        return self.bytes[start : start + self.row_bytes]

    def as_rows(self) -> Rows:
        return Rows(at(self.bytes), self.stride, self.count)


def met(win: Window, rows: Span) -> range:
    """The input rows that the windows of the output rows meet."""
    first = rows.first * win.stride_h - win.pad_top
    end = (rows.end - 1) * win.stride_h - win.pad_top + win.kernel_h
    return range(max(first, 0), min(end, win.in_h))


def spans(height: int, step: int) -> Iterator[Span]:
    """Row ranges of `step` rows, the last one perhaps shorter."""
    for first in range(0, height, step):
        yield Span(first, min(height, first + step))


def run(win: Window, how: Streaming, x: np.ndarray, call: Call) -> np.ndarray:
    """The whole output [out_h][out_w][out_c]; nothing but the rows asked for may change."""
    step = how.rows_per_call(win)
    needed = max(len(met(win, rows)) for rows in spans(win.out_h, step))
    source = Ring(win.in_h, win.in_w * win.in_c, needed, how.spare_in, how.gap_in)
    target = Ring(win.out_h, win.out_w * win.out_c, step, how.spare_out, how.gap_out)
    y = np.empty((win.out_h, win.out_w * win.out_c), np.int8)
    for rows in spans(win.out_h, step):
        for r in met(win, rows):
            source.row(r)[:] = x[r].reshape(-1)
        before = target.bytes.copy()
        call(source.as_rows(), target.as_rows(), rows)
        for r in range(rows.first, rows.end):
            y[r] = target.row(r)
            target.row(r)[:] = before[r % target.count * target.stride :][: target.row_bytes]
        np.testing.assert_array_equal(target.bytes, before)
    return y.reshape(win.out_h, win.out_w, win.out_c)
