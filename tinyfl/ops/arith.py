"""The primitives of docs/NUMERICS.md section 1 on int64 arrays, and the generator's QM of section 3."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from tinyfl.types import FloatArray, IntArray

_U32 = np.uint64(0xFFFFFFFF)
GOLDEN = 0x9E3779B9
BIAS_INDEX = 1_000_000
WEIGHT_MIN, WEIGHT_MAX = -32512, 32512
BIAS_LIMIT = 1 << 30


def rs(v: IntArray, s: int | IntArray) -> IntArray:
    """RS(v, s): v / 2^s rounded half towards +inf; a negative shift multiplies. v: int64, s: 62 at most."""
    shift = np.asarray(s, np.int64)
    if shift.size and shift.min() > 0:
        return (v + (np.int64(1) << (shift - 1))) >> shift
    right = np.maximum(shift, 1)
    rounded = (v + (np.int64(1) << (right - 1))) >> right
    out: IntArray = np.where(shift > 0, rounded, v << np.maximum(-shift, 0))
    return out


def rs_even(v: IntArray, s: int) -> IntArray:
    """RE(v, s): v / 2^s rounded half to even; s: 0..62."""
    if s == 0:
        return v
    return (v + (1 << (s - 1)) - 1 + ((v >> s) & 1)) >> s


def sat(v: IntArray, lo: int, hi: int) -> IntArray:
    """SAT(v, lo, hi)."""
    return np.clip(v, lo, hi)


def bit_length(m: int) -> int:
    """BL(m): bits of m >= 0."""
    return m.bit_length()


def isqrt(v: IntArray) -> IntArray:
    """ISQRT(v): the integer square root of 0 <= v < 2^52, rounded down."""
    return np.sqrt(v.astype(np.float64)).astype(np.int64)


def mix(x: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    """MIX(x) on uint32 values held in uint64."""
    x = x & _U32
    x = ((x ^ (x >> np.uint64(16))) * np.uint64(0x7FEB352D)) & _U32
    x = ((x ^ (x >> np.uint64(15))) * np.uint64(0x846CA68B)) & _U32
    return x ^ (x >> np.uint64(16))


def mix_int(x: int) -> int:
    """MIX of one integer."""
    return int(mix(np.array(x & 0xFFFFFFFF, np.uint64)))


def counter_base(seed: int, step: int, op: int) -> int:
    """Counter base of op ``op`` at step ``step``."""
    return mix_int(seed * 0x85EBCA6B + step * 0xC2B2AE35 + (op + 100) * 0x27D4EB2F)


def stochastic_round(v: IntArray, s: IntArray, base: int, index: IntArray) -> IntArray:
    """SR(v, s, base, i): v / 2^s rounded up with the probability of its fraction; shapes broadcast."""
    t = np.clip(s, 0, 62)
    coarse = t > 8
    v8 = np.where(coarse, rs(v, t - 8), v)
    t8 = np.minimum(t, 8)
    byte = _random_byte(base, index)
    out: IntArray = np.where(s <= 0, rs(v, np.minimum(s, 0)), (v8 + (byte >> (8 - t8))) >> t8)
    return out


def drop_fraction(master: IntArray, base: int, index: IntArray) -> IntArray:
    """The Q8.8 master rounded stochastically to whole int8 steps, by a random byte of its own; shapes broadcast."""
    return ((master + _random_byte(mix_int(base + 1), index)) >> 8) << 8


def _random_byte(base: int, index: IntArray) -> IntArray:
    """Byte (i & 3) of MIX(base + (i >> 2) * GOLDEN)."""
    hashed = mix(np.uint64(base) + (index >> 2).astype(np.uint64) * np.uint64(GOLDEN))
    return ((hashed >> ((index & 3) * 8).astype(np.uint64)) & np.uint64(0xFF)).astype(np.int64)


def qm(r: float, bits: int) -> tuple[int, int]:
    """QM(r, n): (m, s) with r ~ m 2^-s and 2^(n-1) <= m < 2^n; r must be positive and finite."""
    f, e = math.frexp(r)
    m = math.floor(f * 2**bits + 0.5)
    if m == 1 << bits:
        m >>= 1
        e += 1
    return m, bits - e


def qm_array(r: FloatArray, bits: int) -> tuple[IntArray, IntArray]:
    """QM elementwise over a vector."""
    pairs = [qm(float(v), bits) for v in r.ravel()]
    return np.array([p[0] for p in pairs], np.int64), np.array([p[1] for p in pairs], np.int64)
