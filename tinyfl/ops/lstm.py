"""Long short-term memory (Hochreiter and Schmidhuber, 1997; Gers et al., 2000) as torch has it: gates i, f, g, o."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tinyfl.ops.arith import rs, sat
from tinyfl.ops.gates import ONE, bell, hump, logistic, sigma, tanh, times
from tinyfl.ops.operator import Parameters
from tinyfl.ops.recurrent import CARRY_MOST, Recurrent
from tinyfl.types import FloatArray, GradConstants, Int8Node, IntArray


@dataclass(frozen=True)
class _Gates:
    i: IntArray
    f: IntArray
    g: IntArray
    o: IntArray

    def cell(self, before: IntArray) -> IntArray:
        """The cell, Q11."""
        return sat(times(before, self.f) + rs(self.i * self.g, 19), -ONE, ONE - 1)


class Lstm(Recurrent):
    """c' = f c + i g, h' = o tanh(c')."""

    gates = 4
    kernel = "lstm"
    words = 6

    def scratch_bytes(self, n: Int8Node, grad_bytes: int) -> int:
        """And the cells of all steps."""
        return super().scratch_bytes(n, grad_bytes) + 2 * self.steps(n) * self.units(n)

    def _gates(self, n: Int8Node, p: Parameters, gi: IntArray, h: IntArray) -> _Gates:
        """Section 11.2 of one step: [N, 4 H] and int8 states [N, H]."""
        i, f, g, o = np.split(self.input_part(n, gi) + self.state_part(n, p, h), 4, axis=1)
        return _Gates(sigma(i), sigma(f), tanh(g), sigma(o))

    def output(self, n: Int8Node, p: Parameters, xs: Sequence[IntArray]) -> IntArray:
        """Section 11.2."""
        gi = xs[0][:, 0]
        c = np.zeros((len(gi), self.units(n)), np.int64)
        h, out = c, []
        for t in range(gi.shape[1]):
            gates = self._gates(n, p, gi[:, t], h)
            c = gates.cell(c)
            h = sat(rs(times(tanh(c), gates.o), 8), -128, 127)
            out.append(h)
        return np.stack(out, axis=1)[:, None]

    def input_sums(
        self,
        n: Int8Node,
        g: GradConstants,
        p: Parameters,
        operand: int,
        grad_y: IntArray,
        xs: Sequence[IntArray],
        y: IntArray,
    ) -> tuple[IntArray, IntArray]:
        """Section 11.3."""
        gi, h, grad = xs[0][:, 0], y[:, 0], grad_y.reshape(y.shape)[:, 0]
        zero = np.zeros_like(h[:, 0])
        steps = gi.shape[1]
        gates = [self._gates(n, p, gi[:, t], h[:, t - 1] if t else zero) for t in range(steps)]
        cells = [zero]
        for gate in gates:
            cells.append(gate.cell(cells[-1]))
        carry, carry_c, sums = zero, zero, np.zeros_like(gi)
        for t in reversed(range(steps)):
            a, before, top = gates[t], cells[t], tanh(cells[t + 1])
            dh = _clamp((grad[:, t] << g.gs) + carry)
            dc = _clamp(times(times(dh, a.o), hump(top)) + carry_c)
            di = times(times(dc, a.g), bell(a.i))
            df = _clamp(times(rs(dc * before, 11), bell(a.f)))
            dg = times(times(dc, a.i), hump(a.g))
            do = times(times(dh, top), bell(a.o))
            sums[:, t] = np.concatenate([di, df, dg, do], axis=1)
            carry, carry_c = self.carried(g, p, sums[:, t]), times(dc, a.f)
        return sums[:, None], sums[:, None]

    def float_states(self, weight: FloatArray, bias: FloatArray, gi: FloatArray) -> FloatArray:
        """Torch's equations."""
        h = c = np.zeros((len(gi), weight.shape[1]))
        out = []
        for t in range(gi.shape[1]):
            i, f, g, o = np.split(gi[:, t] + h @ weight.T + bias, 4, axis=1)
            c = logistic(f) * c + logistic(i) * np.tanh(g)
            h = logistic(o) * np.tanh(c)
            out.append(h)
        return np.stack(out, axis=1)

    def real_input_grad(
        self, n: Int8Node, p: Parameters, operand: int, grad_y: FloatArray, xs: Sequence[IntArray]
    ) -> FloatArray:
        """Back through time at the int8 states."""
        assert n.weight_scale is not None
        gi, h = xs[0][:, 0], self.output(n, p, xs)[:, 0]
        grad = grad_y.reshape(h.shape)
        weight = p.weight[:, 0, 0] * n.weight_scale[:, None]
        i, f, g, o = np.split(sum(self.real_parts(n, p, gi, h)), 4, axis=2)
        i, f, g, o = logistic(i), logistic(f), np.tanh(g), logistic(o)
        cells = [np.zeros(h[:, 0].shape)]
        for t in range(gi.shape[1]):
            cells.append(f[:, t] * cells[-1] + i[:, t] * g[:, t])
        carry, carry_c, out = np.zeros_like(cells[0]), np.zeros_like(cells[0]), np.zeros(gi.shape)
        for t in reversed(range(gi.shape[1])):
            top = np.tanh(cells[t + 1])
            dh = grad[:, t] + carry
            dc = dh * o[:, t] * (1 - top**2) + carry_c
            di, df = dc * g[:, t] * i[:, t] * (1 - i[:, t]), dc * cells[t] * f[:, t] * (1 - f[:, t])
            dg, do = dc * i[:, t] * (1 - g[:, t] ** 2), dh * top * o[:, t] * (1 - o[:, t])
            out[:, t] = np.concatenate([di, df, dg, do], axis=1)
            carry, carry_c = out[:, t] @ weight, dc * f[:, t]
        return out[:, None]


def _clamp(v: IntArray) -> IntArray:
    return sat(v, -CARRY_MOST, CARRY_MOST)
