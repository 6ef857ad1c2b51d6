"""Sigmoid and tanh of recurrent cells in integers (NUMERICS section 11.1): arguments in Q11, results in Q15."""

from __future__ import annotations

import numpy as np

from tinyfl.ops.arith import rs, sat
from tinyfl.types import FloatArray, IntArray

ONE = 1 << 15
ARGUMENT_MOST = (8 << 11) - 1
SIGMA = np.floor(ONE / (1 + np.exp(-(np.arange(257) - 128) / 16)) + 0.5).astype(np.int64)


def sigma(x: IntArray) -> IntArray:
    """SIG(x): 1 / (1 + exp(-x)), between two entries of the table; 11..32757."""
    at = sat(x, -ARGUMENT_MOST, ARGUMENT_MOST) + (8 << 11)
    low = SIGMA[at >> 7]
    return low + rs((SIGMA[(at >> 7) + 1] - low) * (at & 127), 7)


def tanh(x: IntArray) -> IntArray:
    """TANH(x) = 2 SIG(2 x) - 1; |TANH| < 2^15."""
    return 2 * sigma(2 * x) - ONE


def times(v: IntArray, factor: IntArray) -> IntArray:
    """v times a factor in Q15."""
    return rs(v * factor, 15)


def bell(gate: IntArray) -> IntArray:
    """The slope of a sigmoid at its value."""
    return times(gate, ONE - gate)


def hump(value: IntArray) -> IntArray:
    """The slope of a tanh at its value."""
    return ONE - times(value, value)


def logistic(x: FloatArray) -> FloatArray:
    """1 / (1 + exp(-x)) in float, written so that exp cannot overflow."""
    return 0.5 + 0.5 * np.tanh(0.5 * x)
