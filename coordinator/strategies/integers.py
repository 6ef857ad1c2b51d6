"""Exact integer arithmetic for strategies."""

from __future__ import annotations

import math

import numpy as np

from tinyfl.types import IntArray


def rounded_division(a: IntArray, n: int) -> IntArray:
    """``RDIV(a, n)`` of NUMERICS section 9: a / n, halves up; |a| < 2**61, n from 1."""
    return (2 * a + n) // (2 * n)


def weighted_mean(values: IntArray, weights: IntArray) -> IntArray:
    """The rounded mean of rows [rows, n] with integer weights [rows], equal ones where all are 0."""
    total = int(weights.sum())
    if total == 0:
        return rounded_division(values.sum(axis=0), len(values))
    return rounded_division((values * weights[:, None]).sum(axis=0), total)


def norms(rows: IntArray) -> IntArray:
    """Euclidean norm of each row, rounded down; exact for any size of the sum of squares."""
    return np.array([math.isqrt(sum(v * v for v in row)) for row in rows.tolist()], np.int64)
