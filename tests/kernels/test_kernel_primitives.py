import ctypes
import math
from fractions import Fraction

import kernel_reference as ref
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from kernel_cases import examples

INT64 = st.integers(-(2**62) + 1, 2**62 - 1)


@pytest.mark.parametrize(("v", "s", "result"), [(3, 1, 2), (-3, 1, -1), (-2, 1, -1), (-1, 1, 0), (5, -2, 20)])
def test_round_shift_vectors(lib8: ctypes.CDLL, v: int, s: int, result: int) -> None:
    assert lib8.shim_round_shift64(v, s) == result == ref.rs(v, s)


@pytest.mark.parametrize(("v", "s", "result"), [(1, 1, 0), (3, 1, 2), (-1, 1, 0), (-3, 1, -2), (5, 2, 1), (-7, 2, -2)])
def test_round_even_shift_vectors(lib8: ctypes.CDLL, v: int, s: int, result: int) -> None:
    assert lib8.shim_round_even64(v, s) == result == ref.re(v, s)


@examples
@given(st.one_of(INT64, st.integers(-40, 40)), st.integers(0, 61), st.booleans())
def test_round_even_shift(lib8: ctypes.CDLL, v: int, s: int, tie: bool) -> None:
    if tie and s > 0:
        v = (v >> s << s) + (1 << (s - 1))
    expected = round(Fraction(v, 2**s))  # Python rounds half to even
    assert lib8.shim_round_even64(v, s) == expected == ref.re(v, s)


@examples
@given(st.one_of(st.integers(0, 2**32 - 1), st.integers(0, 65535).map(lambda root: root * root)), st.integers(-1, 1))
def test_square_root(lib8: ctypes.CDLL, v: int, beside: int) -> None:
    v = ref.sat(v + beside, 0, 2**32 - 1)
    assert lib8.shim_isqrt32(v) == math.isqrt(v)


@pytest.mark.parametrize(
    ("x", "result"),
    [(0, 0), (1, 0x688990C0), (2, 0xD1132181), (0x9E3779B9, 0x01FCE552), (0xFFFFFFFF, 0x6768824A)],
)
def test_mix_vectors(lib8: ctypes.CDLL, x: int, result: int) -> None:
    assert lib8.shim_mix32(x) == result == ref.mix(x)


def test_the_bytes_of_a_random_word_serve_four_neighbours(lib8: ctypes.CDLL) -> None:
    words = [0xF5E71C96, 0xD4249895, 0x9ACEAD6B]
    stream = b"".join(word.to_bytes(4, "little") for word in words)
    # v = 0 rounds up by at most r >> 0 = r of 256: the smallest v that reaches 256 tells the byte.
    for i, byte in enumerate(stream):
        assert lib8.shim_stochastic_shift(255 - byte, 8, 0x12345678, i) == 0
        assert lib8.shim_stochastic_shift(256 - byte, 8, 0x12345678, i) == 1


@examples
@given(INT64, st.integers(-15, 70))
def test_round_shift(lib8: ctypes.CDLL, v: int, s: int) -> None:
    if s <= 0:
        v >>= 16
    assert lib8.shim_round_shift64(v, s) == ref.rs(v, s)


@examples
@given(st.integers(-(2**63), 2**63 - 1), st.integers(0, 63))
def test_floor_shift(lib8: ctypes.CDLL, v: int, s: int) -> None:
    assert lib8.shim_floor_shift64(v, s) == v >> s
    assert lib8.shim_floor_shift32(v >> 32, s >> 1) == (v >> 32) >> (s >> 1)


@examples
@given(st.integers(0, 2**32 - 1))
def test_bit_length_and_mix(lib8: ctypes.CDLL, m: int) -> None:
    assert lib8.shim_bit_length(m) == m.bit_length()
    assert lib8.shim_bit_length(m & 0xFFFF) == (m & 0xFFFF).bit_length()
    assert lib8.shim_mix32(m) == ref.mix(m)


@examples
@given(
    st.one_of(st.integers(-(2**46), 2**46), st.integers(-600, 600)),
    st.integers(-15, 80),
    st.integers(0, 2**32 - 1),
    st.integers(0, 2**21),
)
def test_stochastic_shift(lib8: ctypes.CDLL, v: int, s: int, base: int, i: int) -> None:
    assert lib8.shim_stochastic_shift(v, s, base, i) == ref.sr(v, s, base, i)


@pytest.mark.parametrize(("v", "s"), [(1, 3), (-5, 3), (37, 8), (-300, 8), (1000, 12), (-77777, 15)])
def test_stochastic_shift_is_right_on_average(lib8: ctypes.CDLL, v: int, s: int) -> None:
    n = 40_000
    drawn = np.array([lib8.shim_stochastic_shift(v, s, 0xC0FFEE, i) for i in range(n)])
    exact = v / 2**s
    assert set(drawn) <= {int(np.floor(exact)), int(np.floor(exact)) + 1}
    # Five standard errors of a coin, and half the 2^-8 to which the fraction is known.
    assert abs(drawn.mean() - exact) < 5 * 0.5 / np.sqrt(n) + 2**-9


@examples
@given(*[st.integers(0, 2**32 - 1)] * 2, st.integers(0, 5000))
def test_counter_base(lib8: ctypes.CDLL, seed: int, step: int, op: int) -> None:
    expected = ref.mix((seed * 0x85EBCA6B + step * 0xC2B2AE35 + (op + 100) * 0x27D4EB2F) & ref.M32)
    assert lib8.tf_counter_base(seed, step, op) == expected
