"""Attention against NUMERICS section 12.2 read aloud."""

import ctypes
import math
from dataclasses import dataclass

import kernel_reference as ref
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from kernel_cases import GQ, GRAD_TYPE, Values, examples, values, wide
from kernel_library import Attention, AttentionGrad, Finish, Window, at

EX = [math.floor(65536 * math.exp(-d / 16) + 0.5) for d in range(177)]
FINE = [math.floor(32768 * math.exp(-f / 256) + 0.5) for f in range(16)]


@dataclass(frozen=True)
class Shape:
    steps: int
    heads: int
    size: int
    zero_point: int

    @property
    def window(self) -> Window:
        c = self.heads * self.size
        return Window(1, self.steps, 3 * c, 1, self.steps, c, 1, 1, 1, 1, 0, 0, 1, 0, self.zero_point)

    def head(self, x: np.ndarray, part: int, head: int) -> np.ndarray:
        """[T][d] of one head, as a view."""
        first = (part * self.heads + head) * self.size
        return x[:, first : first + self.size]


shapes = st.builds(
    Shape, st.integers(1, 9), st.integers(1, 3), st.sampled_from([1, 2, 3, 4, 5, 8, 11, 33]), st.integers(-128, 127)
)


def weights(p: Attention, q: np.ndarray, k: np.ndarray) -> np.ndarray:
    """p of one head, [T][T]; q and k are u."""
    out = np.zeros((len(q), len(q)), np.int64)
    for t in range(len(q)):
        seen = range(t + 1) if p.causal else range(len(q))
        logits = [ref.rs(int(q[t] @ k[j]) * p.logit_m, p.logit_s) for j in seen]
        below = [max(logits) - value for value in logits]
        terms = [ref.rs((EX[d >> 4] if d >> 4 < 177 else 0) * FINE[d & 15], 15) for d in below]
        b = sum(terms).bit_length() - 17
        r = 2**31 // (sum(terms) >> b)
        out[t, : len(terms)] = [ref.rs(e * r, 16 + b) for e in terms]
    return out


def attended(p: Attention, shape: Shape, x: np.ndarray) -> np.ndarray:
    y = np.zeros((shape.steps, shape.heads * shape.size), np.int64)
    for head in range(shape.heads):
        q, k, v = (shape.head(wide(x) - shape.zero_point, part, head) for part in range(3))
        shape.head(y, 0, head)[...] = weights(p, q, k) @ v
    return ref.requantised(y, np.array([p.m]), np.array([p.s]), p.zero_point, p.lo, p.hi)


def gradient_sums(p: Attention, ag: AttentionGrad, shape: Shape, x: np.ndarray, grad: np.ndarray) -> np.ndarray:
    sums = np.zeros(x.shape, np.int64)
    for head in range(shape.heads):
        q, k, v = (shape.head(wide(x) - shape.zero_point, part, head) for part in range(3))
        g, w = shape.head(wide(grad), 0, head), weights(p, q, k)
        changes = g @ v.T
        scores = np.zeros_like(w)
        for t in range(shape.steps):
            mean = ref.rs(int(w[t] @ changes[t]), 15)
            assert max(abs(int(c) - mean) for c, seen in zip(changes[t], w[t], strict=True) if seen) < 2**31
            scores[t] = [
                ref.rs(int(i) * (int(c) - mean), ag.score_shift) for i, c in zip(w[t], changes[t], strict=True)
            ]
        shape.head(sums, 0, head)[...] = scores @ k * ag.gm
        shape.head(sums, 1, head)[...] = scores.T @ q * ag.gm
        of_v = w.T @ g
        shape.head(sums, 2, head)[...] = [[ref.rs(int(i), ag.value_shift) for i in row] for row in of_v]
    return sums


def attention_of(v: Values, shape: Shape, causal: bool) -> Attention:
    """Logits of some nats: far apart or close together."""
    reach = v.one(0, 12) + (255**2 * shape.size).bit_length()
    lo = v.one(-128, 127)
    return Attention(
        shape.heads, causal, 31 + reach - 12, 31 + v.one(8, 20), v.one(2**30, 2**31 - 1), v.one(2**30, 2**31 - 1),
        v.one(-128, 127), lo, v.one(lo, 127),
    )  # fmt: skip


def scratch(shape: Shape, a_step: int, vectors: int) -> np.ndarray:
    return np.empty(a_step * shape.steps + 2 * vectors * -(-shape.size // 4) * 4, np.int8)


@examples
@given(shapes, st.booleans(), values)
def test_attention(lib8: ctypes.CDLL, shape: Shape, causal: bool, v: Values) -> None:
    p, x = attention_of(v, shape, causal), v.array(-128, 127, (shape.steps, shape.window.in_c), np.int8)
    y, room = np.empty((shape.steps, shape.window.out_c), np.int8), scratch(shape, 4, 1)
    lib8.tf_attention_s8(shape.window, p, at(x), at(y), at(room))
    np.testing.assert_array_equal(y, attended(p, shape, x))


@examples
@given(shapes, st.booleans(), values, st.integers(0, 47), st.booleans())
def test_gradient(
    lib: ctypes.CDLL, bits: int, shape: Shape, causal: bool, v: Values, bsh: int, accumulate: bool
) -> None:
    x = v.array(-128, 127, (shape.steps, shape.window.in_c), np.int8)
    g = v.array(-GQ[bits], GQ[bits], (shape.steps, shape.window.out_c), GRAD_TYPE[bits])
    check_gradient(lib, bits, shape, attention_of(v, shape, causal), v, x, g, Finish(bsh, accumulate))


def check_gradient(
    lib: ctypes.CDLL, bits: int, shape: Shape, p: Attention, v: Values, x: np.ndarray, g: np.ndarray, finish: Finish
) -> None:
    sh = max(0, (260 * GQ[bits] * shape.size).bit_length() - 13)
    ag = AttentionGrad(finish, v.one(2**14, 2**15 - 1), v.one(-20, 5), sh)
    gx = v.array(-GQ[bits], GQ[bits], x.shape, GRAD_TYPE[bits])
    before = wide(gx) if finish.accumulate else None
    sums = gradient_sums(p, ag, shape, x, g)
    expected, saturated = ref.finished(sums, np.ones(1, np.int64), finish.bsh, before, GQ[bits])
    room = scratch(shape, 20, 2)
    assert lib.tf_attention_input_grad(shape.window, p, ag, at(x), at(g), at(gx), at(room)) == saturated
    np.testing.assert_array_equal(gx, expected)


@pytest.mark.parametrize("z", [-128, 127])
@pytest.mark.parametrize("sign", [-1, 1])
def test_the_largest_sums_fit(lib: ctypes.CDLL, bits: int, z: int, sign: int) -> None:
    """Full gradients along values that are all or nothing, halved weights, and the widest heads."""
    shape = Shape(4, 1, {8: 16383, 16: 252}[bits], z)
    x = np.full((4, 3 * shape.size), z, np.int8)
    x[1::2] = -1 - z
    x[:, : shape.size] = z
    g = np.full((4, shape.size), sign * GQ[bits], GRAD_TYPE[bits])
    p = Attention(1, 0, 60, 45, 2**31 - 1, 2**31 - 1, 0, -128, 127)
    check_gradient(lib, bits, shape, p, Values(0, "extreme"), x, g, Finish(40, 1))


@pytest.mark.parametrize("style", ["plain", "extreme", "sparse"])
def test_most_steps(lib8: ctypes.CDLL, style: str) -> None:
    shape, v = Shape(1024, 1, 1, 0), Values(5, style)
    p, x = Attention(1, 0, 56, 43, 2**30, 2**31 - 1, 0, -128, 127), v.array(-128, 127, (1024, 3), np.int8)
    y, room = np.empty((1024, 1), np.int8), scratch(shape, 4, 1)
    lib8.tf_attention_s8(shape.window, p, at(x), at(y), at(room))
    few = slice(None, None, 341)  # rows are alike: four of them
    logits = wide(x[few, :1]) * wide(x[:, 1])
    for t, row in zip(range(1024)[few], logits, strict=True):
        below = [ref.rs(int(row.max()) * p.logit_m, p.logit_s) - ref.rs(int(i) * p.logit_m, p.logit_s) for i in row]
        terms = [ref.rs((EX[d >> 4] if d >> 4 < 177 else 0) * FINE[d & 15], 15) for d in below]
        b = sum(terms).bit_length() - 17
        w = [ref.rs(e * (2**31 // (sum(terms) >> b)), 16 + b) for e in terms]
        acc = sum(i * int(j) for i, j in zip(w, x[:, 2], strict=True))
        assert y[t, 0] == ref.sat(ref.rs(acc * p.m, p.s), -128, 127)
