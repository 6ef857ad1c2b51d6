"""GRU and LSTM kernels against NUMERICS section 11, unit by unit on Python integers."""

from __future__ import annotations

import ctypes
import math
from dataclasses import dataclass

import kernel_reference as ref
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from kernel_cases import GQ, GRAD_TYPE, Values, examples, values, wide
from kernel_library import Finish, Recurrent, RecurrentGrad, Weights, at

SIG = [math.floor(32768 / (1 + math.exp(-(i - 128) / 16)) + 0.5) for i in range(257)]
MOST = 2**29 - 1
GATES = {"gru": 3, "lstm": 4}


def sig(x: int) -> int:
    a = ref.sat(x, -16383, 16383) + 16384
    i = a >> 7
    return SIG[i] + ref.rs((SIG[i + 1] - SIG[i]) * (a & 127), 7)


def tanh(x: int) -> int:
    return 2 * sig(2 * x) - 32768


def t15(v: int, f: int) -> int:
    return ref.rs(v * f, 15)


def bell(g: int) -> int:
    return t15(g, 32768 - g)


def hump(g: int) -> int:
    return 32768 - t15(g, g)


def clamp(v: int) -> int:
    return ref.sat(v, -MOST, MOST)


@dataclass(frozen=True)
class Cell:
    """One cell's integers; ``inputs`` [T][G H]."""

    op: str
    inputs: np.ndarray
    zero: int
    im: int
    shift: int
    weight: np.ndarray
    bias: np.ndarray
    hm: np.ndarray
    hs: np.ndarray

    @property
    def steps(self) -> int:
        return len(self.inputs)

    @property
    def units(self) -> int:
        return self.weight.shape[1]

    def parts(self, t: int, h: list[int]) -> tuple[list[int], list[int]]:
        """A and B of a step."""
        a, b = [], []
        for c in range(len(self.bias)):
            acc = int(self.bias[c]) + sum(int(w) * v for w, v in zip(self.weight[c], h, strict=True))
            a.append(ref.sat(ref.rs((int(self.inputs[t, c]) - self.zero) * self.im, self.shift), -(2**20), 2**20))
            b.append(ref.sat(ref.rs(acc * int(self.hm[c]), int(self.hs[c])), -(2**20), 2**20))
        return a, b

    def gates(self, t: int, h: list[int], u: int) -> tuple[int, ...]:
        """r, z, n and B_n; or i, f, g and o."""
        a, b = ([part[g * self.units + u] for g in range(GATES[self.op])] for part in self.parts(t, h))
        if self.op == "gru":
            r = sig(a[0] + b[0])
            return r, sig(a[1] + b[1]), tanh(a[2] + t15(b[2], r)), b[2]
        return sig(a[0] + b[0]), sig(a[1] + b[1]), tanh(a[2] + b[2]), sig(a[3] + b[3])

    def run(self) -> tuple[list[list[int]], list[list[int]]]:
        """Int8 states, and Q15 states or Q11 cells; both with the zeros before the first step."""
        states, inner = [[0] * self.units], [[0] * self.units]
        for t in range(self.steps):
            h, q = [], []
            for u, old in enumerate(inner[-1]):
                if self.op == "gru":
                    _, z, n, _ = self.gates(t, states[-1], u)
                    q.append(n + t15(old - n, z))
                    h.append(q[-1])
                else:
                    i, f, g, o = self.gates(t, states[-1], u)
                    q.append(ref.sat(t15(old, f) + ref.rs(i * g, 19), -32768, 32767))
                    h.append(t15(tanh(q[-1]), o))
            states.append([ref.sat(ref.rs(v, 8), -128, 127) for v in h])
            inner.append(q)
        return states, inner

    def back(self, grad: np.ndarray, lift: int, mw: np.ndarray, fsh: int, cm: int, cs: int) -> tuple[np.ndarray, ...]:
        """Sums v of the input's gradient and k of the products'."""
        states, inner = self.run()
        v, k = np.zeros(self.inputs.shape, np.int64), np.zeros(self.inputs.shape, np.int64)
        carry, carry_c = [0] * self.units, [0] * self.units
        for t in reversed(range(self.steps)):
            past = [0] * self.units
            for u in range(self.units):
                dh = clamp(int(grad[t, u]) * 2**lift + carry[u])
                if self.op == "gru":
                    r, z, n, product = self.gates(t, states[t], u)
                    dn = t15(t15(dh, 32768 - z), hump(n))
                    dz = t15(t15(dh, 256 * states[t][u] - n), bell(z))
                    dr = clamp(t15(ref.rs(dn * product, 11), bell(r)))
                    of_input, of_product = (dr, dz, dn), (dr, dz, t15(dn, r))
                    past[u] = t15(dh, z)
                else:
                    i, f, g, o = self.gates(t, states[t], u)
                    y = tanh(inner[t + 1][u])
                    dc = clamp(t15(t15(dh, o), hump(y)) + carry_c[u])
                    df = clamp(t15(ref.rs(dc * inner[t][u], 11), bell(f)))
                    of_input = (t15(t15(dc, g), bell(i)), df, t15(t15(dc, i), hump(g)), t15(t15(dh, y), bell(o)))
                    of_product = of_input
                    carry_c[u] = t15(dc, f)
                v[t, u :: self.units], k[t, u :: self.units] = of_input, of_product
            folded = [ref.rs(int(x) * int(m), fsh) for x, m in zip(k[t], mw, strict=True)]
            for u in range(self.units):
                acc = sum(int(w) * x for w, x in zip(self.weight[:, u], folded, strict=True))
                carry[u] = past[u] + clamp(ref.rs(cm * acc, cs))
        return v, k

    def structure(self) -> Recurrent:
        return Recurrent(self.steps, self.units, self.im, self.shift, self.zero, at(self.hm), at(self.hs))


@st.composite
def cells(draw: st.DrawFn) -> tuple[Cell, Values]:
    op, v = draw(st.sampled_from(["gru", "lstm"])), draw(values)
    steps, units = draw(st.integers(1, 5)), draw(st.integers(1, 9))
    sums = GATES[op] * units
    cell = Cell(
        op,
        v.array(-128, 127, (steps, sums), np.int8),
        v.one(-128, 127),
        v.one(2**30, 2**31 - 1),
        v.one(20, 27),
        v.array(-127, 127, (sums, units), np.int8),
        v.array(-(2 ** v.one(1, 30)), 2 ** v.one(1, 30), (sums,), np.int32),
        v.uniform(2**30, 2**31 - 1, sums, np.int32),
        v.uniform(30, 36, sums, np.int8),
    )
    return cell, v


def states_of(lib: ctypes.CDLL, cell: Cell, trained: bool) -> np.ndarray:
    h, scratch = np.empty((cell.steps, cell.units), np.int8), np.empty(2 * cell.units, np.int8)
    weights = Weights(at(cell.weight) if trained else None, None if trained else at(cell.weight), at(cell.bias))
    getattr(lib, f"tf_{cell.op}_s8")(cell.structure(), weights, at(cell.inputs), at(h), at(scratch))
    return h


@examples
@given(cells(), st.booleans())
def test_forward(lib8: ctypes.CDLL, case: tuple[Cell, Values], trained: bool) -> None:
    cell, _ = case
    assert states_of(lib8, cell, trained).tolist() == cell.run()[0][1:]


@examples
@given(cells(), st.booleans(), st.booleans(), st.integers(0, 40))
def test_backward(
    lib: ctypes.CDLL, bits: int, case: tuple[Cell, Values], trained: bool, accumulate: bool, bsh: int
) -> None:
    cell, v = case
    gq, dtype, sums = GQ[bits], GRAD_TYPE[bits], cell.inputs.shape[1]
    lift, fsh, cm, cs = {8: 14, 16: 8}[bits], v.one(15, 16), v.one(2**14, 2**15 - 1), v.one(18, 30)
    mw = v.array(1, 32767, (sums,), np.uint16)
    gy, gx = v.array(-gq, gq, (cell.steps, cell.units), dtype), v.array(-gq, gq, cell.inputs.shape, dtype)
    kept, before = np.empty_like(gx), wide(gx)
    words, cells_bytes = {"gru": (4, 0), "lstm": (6, 2 * cell.steps)}[cell.op]
    scratch = np.empty((4 * words + cells_bytes) * cell.units, np.int8)
    h = states_of(lib, cell, True)
    counted = getattr(lib, f"tf_{cell.op}_input_grad")(
        cell.structure(), RecurrentGrad(Finish(bsh, accumulate), lift, fsh, cm, cs, at(mw)),
        Weights(at(cell.weight), None, at(cell.bias)), at(cell.inputs), at(h), at(gy), at(gx),
        at(kept) if trained else None, at(scratch),
    )  # fmt: skip
    of_input, of_product = cell.back(gy, lift, mw, fsh, cm, cs)
    one = np.array([1])
    grad, clamped = ref.finished(of_input, one, bsh, before if accumulate else None, gq)
    np.testing.assert_array_equal(gx, grad)
    assert counted == clamped
    if trained:
        np.testing.assert_array_equal(kept, ref.finished(of_product, one, bsh, None, gq)[0])


def test_the_gates_are_sigmoid_and_tanh() -> None:
    """To within 1e-4 inside of the table, and its last value beyond."""
    x = np.arange(-16383, 16384)
    exact = 1 / (1 + np.exp(-x / 2048))
    assert np.abs(np.array([sig(int(v)) for v in x]) / 32768 - exact).max() < 1e-4
    assert np.abs(np.array([tanh(int(v)) for v in x]) / 32768 - np.tanh(x / 2048)).max() < 7e-4
    assert (sig(-(2**21)), sig(2**21)) == (11, 32757)


@pytest.mark.parametrize("op", ["gru", "lstm"])
@pytest.mark.parametrize("sign", [-1, 1])
def test_the_largest_sums_fit(lib: ctypes.CDLL, bits: int, op: str, sign: int) -> None:
    """Weights, products and gradients at their ends in a cell as wide as the fold allows."""
    units = 2064 // GATES[op]
    sums = GATES[op] * units
    cell = Cell(
        op,
        np.full((3, sums), sign * 127, np.int8),
        -128 * sign,
        2**31 - 1,
        20,
        np.full((sums, units), 127, np.int8),
        np.full(sums, sign * 2**30, np.int32),
        np.full(sums, 2**31 - 1, np.int32),
        np.zeros(sums, np.int8),
    )
    one = Cell(op, cell.inputs[:, ::units].copy(), cell.zero, cell.im, 20, cell.weight[::units, :1], cell.bias[::units],
               cell.hm[::units], cell.hs[::units])  # fmt: skip
    assert (states_of(lib, cell, True) == np.array(one.run()[0][1:])).all()
    gy, gx = np.full((3, units), sign * GQ[bits], GRAD_TYPE[bits]), np.zeros((3, sums), GRAD_TYPE[bits])
    h, mw = np.full((3, units), sign * 127, np.int8), np.full(sums, 32767, np.uint16)
    scratch = np.empty((24 + 6) * units, np.int8)
    getattr(lib, f"tf_{op}_input_grad")(
        cell.structure(), RecurrentGrad(Finish(20, 0), {8: 14, 16: 8}[bits], 15, 32767, 0, at(mw)),
        Weights(at(cell.weight), None, at(cell.bias)), at(cell.inputs), at(h), at(gy), at(gx), None, at(scratch),
    )  # fmt: skip
    assert np.abs(wide(gx)).max() <= GQ[bits]
