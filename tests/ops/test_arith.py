"""The primitives against the text of NUMERICS section 1, computed with Python's integers and fractions."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinyfl.ops.arith import bit_length, counter_base, mix_int, qm, rs, rs_even, stochastic_round
from tinyfl.ops.loss import softmax_ce

M32 = (1 << 32) - 1


def mix(x: int) -> int:
    x ^= x >> 16
    x = x * 0x7FEB352D & M32
    x ^= x >> 15
    x = x * 0x846CA68B & M32
    return x ^ (x >> 16)


def int64(v: int) -> np.ndarray:
    return np.array([v], np.int64)


@pytest.mark.parametrize(("v", "s", "expected"), [(3, 1, 2), (-3, 1, -1), (-2, 1, -1), (-1, 1, 0), (5, -2, 20)])
def test_rs_vectors(v: int, s: int, expected: int) -> None:
    assert rs(int64(v), s)[0] == expected


@pytest.mark.parametrize(
    ("v", "s", "expected"), [(1, 1, 0), (3, 1, 2), (-1, 1, 0), (-3, 1, -2), (5, 2, 1), (-7, 2, -2), (9, 0, 9)]
)
def test_rs_even_vectors(v: int, s: int, expected: int) -> None:
    assert rs_even(int64(v), s)[0] == expected


@given(st.integers(-(2**61), 2**61), st.integers(0, 62))
def test_rounding_shifts(v: int, s: int) -> None:
    assert rs(int64(v), s)[0] == math.floor(Fraction(v, 2**s) + Fraction(1, 2))
    assert rs_even(int64(v), s)[0] == round(Fraction(v, 2**s))


@given(st.integers(0, 2**20))
def test_bit_length(m: int) -> None:
    assert bit_length(m) == (0 if m == 0 else math.floor(math.log2(m)) + 1)


@pytest.mark.parametrize(
    ("x", "expected"),
    [(0, 0), (1, 0x688990C0), (2, 0xD1132181), (0x9E3779B9, 0x01FCE552), (0xFFFFFFFF, 0x6768824A)],
)
def test_mix_vectors(x: int, expected: int) -> None:
    assert mix_int(x) == mix(x) == expected


@given(st.integers(0, M32), st.integers(0, M32), st.integers(0, 1000))
def test_counter_base(seed: int, step: int, op: int) -> None:
    assert counter_base(seed, step, op) == mix(seed * 0x85EBCA6B + step * 0xC2B2AE35 + (op + 100) * 0x27D4EB2F & M32)


def sr(v: int, s: int, base: int, i: int) -> int:
    """SR as NUMERICS words it."""
    if s <= 0:
        return v * 2**-s
    t = min(s, 62)
    if t > 8:
        v, t = math.floor(Fraction(v, 2 ** (t - 8)) + Fraction(1, 2)), 8
    r = mix(base + (i >> 2) * 0x9E3779B9 & M32) >> 8 * (i & 3) & 255
    return (v + (r >> (8 - t))) >> t


@given(st.integers(-(2**45), 2**45), st.integers(-15, 70), st.integers(0, M32), st.integers(0, 2_000_000))
def test_stochastic_rounding(v: int, s: int, base: int, i: int) -> None:
    assert stochastic_round(int64(v), np.array([s]), base, np.array([i]))[0] == sr(v, s, base, i)


@pytest.mark.parametrize("v", [1, -1, 37, -100, 255, 12_345, -99_999])
@pytest.mark.parametrize("s", [1, 3, 8, 12])
def test_stochastic_rounding_is_exact_on_average(v: int, s: int) -> None:
    """Over N indices the mean has a standard deviation of at most 0.5 / sqrt(N); five of them, and half of 2^-8."""
    n = 200_000
    rounded = stochastic_round(np.full(n, v), np.array([s]), 0x1234567, np.arange(n))
    assert set(np.unique(rounded)) <= {math.floor(v / 2**s), math.floor(v / 2**s) + 1}
    assert abs(rounded.mean() - v / 2**s) <= 5 * 0.5 / math.sqrt(n) + (0 if s <= 8 else 2**-9)


@given(st.floats(1e-12, 1e12), st.sampled_from([15, 31]))
def test_qm(r: float, bits: int) -> None:
    m, s = qm(r, bits)
    assert 1 << (bits - 1) <= m < 1 << bits
    assert abs(Fraction(m) / Fraction(2) ** s / Fraction(r) - 1) <= Fraction(1, 2**bits)


@given(st.lists(st.integers(-32768, 32767), min_size=2, max_size=12), st.data(), st.sampled_from([8, 16]))
def test_softmax_cross_entropy(logits: list[int], data: st.DataObject, grad_bits: int) -> None:
    label = data.draw(st.integers(0, len(logits) - 1))
    loss = softmax_ce(np.array([logits], np.int64), np.array([label]), grad_bits)
    z = np.array(logits) / 16
    p = np.exp(z - z.max())
    p /= p.sum()
    assert abs(loss.p_label / 32768 - p[label]) <= 2.0**-14
    exact = p - (np.arange(len(p)) == label)
    if loss.grad is None:
        assert np.abs(exact).max() <= 2.0**-14
    else:
        limit = 2 ** (grad_bits - 1) - 1
        assert limit / 4 <= np.abs(loss.grad).max() <= limit
        assert np.abs(loss.grad * 2.0**-loss.e_top - exact).max() <= 2.0**-14 + 2.0 ** -(loss.e_top + 1)
