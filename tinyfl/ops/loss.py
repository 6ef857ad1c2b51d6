"""Softmax cross-entropy in integers (NUMERICS section 5.1)."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from tinyfl.ops.arith import bit_length, rs, sat
from tinyfl.types import IntArray

_EXP = np.array([math.floor(65536 * math.exp(-d / 16) + 0.5) for d in range(177)], np.int64)


@dataclass(frozen=True)
class Loss:
    """Result of one sample: mean probability of the labels (Q15), exponent and gradient of the logits [steps, classes].

    ``grad`` is None where the gradient is zero everywhere: there is nothing to learn from the sample.
    """

    p_label: int
    e_top: int
    grad: IntArray | None


def exp_sixteenths(d: IntArray) -> IntArray:
    """EX[d]: exp(-d/16) in Q16 for d >= 0."""
    out: IntArray = np.where(d <= 176, _EXP[np.minimum(d, 176)], 0)
    return out


def softmax(logits: IntArray) -> IntArray:
    """Probabilities in Q15 of int16 logits [..., classes] in 1/16 nat."""
    t = exp_sixteenths(logits.max(axis=-1, keepdims=True) - logits)
    total = t.sum(axis=-1, keepdims=True)
    out: IntArray = ((t << 15) + total // 2) // total
    return out


def softmax_ce(logits: IntArray, labels: IntArray, grad_bits: int) -> Loss:
    """Gradient of the summed cross-entropy of logits [steps, classes], labels [steps], normalised to ``grad_bits``.

    The step is skipped where it vanishes.
    """
    limit = (1 << (grad_bits - 1)) - 1
    g = softmax(logits)
    steps = np.arange(len(g))
    p_label = (int(g[steps, labels].sum()) + len(g) // 2) // len(g)
    g[steps, labels] -= 32768
    m = int(np.abs(g).max())
    if m == 0:
        return Loss(p_label, 0, None)
    k = bit_length(m) - (grad_bits - 1)
    e_top = 15 - k
    if int(rs(np.array(m, np.int64), k)) > limit:
        e_top -= 1
    return Loss(p_label, e_top, sat(rs(g, 15 - e_top), -limit, limit))
