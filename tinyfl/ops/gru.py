"""Gated recurrent unit (Cho et al., 2014) as torch has it: gates r, z, n; r acts behind the product with the state."""

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
    r: IntArray
    z: IntArray
    n: IntArray
    product: IntArray
    """of n's weights with the state before, Q11"""


class Gru(Recurrent):
    """h' = n + z (h - n)."""

    gates = 3
    kernel = "gru"
    words = 4

    def _gates(self, n: Int8Node, p: Parameters, gi: IntArray, h: IntArray) -> _Gates:
        """Section 11.2 of one step: [N, 3 H] and int8 states [N, H]."""
        (ar, az, an), (br, bz, bn) = (
            np.split(part, 3, axis=1) for part in (self.input_part(n, gi), self.state_part(n, p, h))
        )
        r, z = sigma(ar + br), sigma(az + bz)
        return _Gates(r, z, tanh(an + times(bn, r)), bn)

    def output(self, n: Int8Node, p: Parameters, xs: Sequence[IntArray]) -> IntArray:
        """Section 11.2."""
        gi = xs[0][:, 0]
        fine = np.zeros((len(gi), self.units(n)), np.int64)
        h, out = fine, []
        for t in range(gi.shape[1]):
            g = self._gates(n, p, gi[:, t], h)
            fine = g.n + times(fine - g.n, g.z)
            h = sat(rs(fine, 8), -128, 127)
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
        carry = np.zeros_like(h[:, 0])
        inputs, products = np.zeros_like(gi), np.zeros_like(gi)
        for t in reversed(range(gi.shape[1])):
            before = h[:, t - 1] if t else 0 * h[:, 0]
            c = self._gates(n, p, gi[:, t], before)
            dh = sat((grad[:, t] << g.gs) + carry, -CARRY_MOST, CARRY_MOST)
            dz = times(times(dh, 256 * before - c.n), bell(c.z))
            dn = times(times(dh, ONE - c.z), hump(c.n))
            dr = sat(times(rs(dn * c.product, 11), bell(c.r)), -CARRY_MOST, CARRY_MOST)
            inputs[:, t] = np.concatenate([dr, dz, dn], axis=1)
            products[:, t] = np.concatenate([dr, dz, times(dn, c.r)], axis=1)
            carry = times(dh, c.z) + self.carried(g, p, products[:, t])
        return inputs[:, None], products[:, None]

    def float_states(self, weight: FloatArray, bias: FloatArray, gi: FloatArray) -> FloatArray:
        """Torch's equations."""
        h, out = np.zeros((len(gi), weight.shape[1])), []
        for t in range(gi.shape[1]):
            (ar, az, an), (br, bz, bn) = (np.split(v, 3, axis=1) for v in (gi[:, t], h @ weight.T + bias))
            r, z = logistic(ar + br), logistic(az + bz)
            n = np.tanh(an + r * bn)
            h = n + z * (h - n)
            out.append(h)
        return np.stack(out, axis=1)

    def real_input_grad(
        self, n: Int8Node, p: Parameters, operand: int, grad_y: FloatArray, xs: Sequence[IntArray]
    ) -> FloatArray:
        """Back through time at the int8 states."""
        assert n.weight_scale is not None
        gi, h = xs[0][:, 0], self.output(n, p, xs)[:, 0]
        grad = grad_y.reshape(len(h), *h.shape[1:])
        weight = p.weight[:, 0, 0] * n.weight_scale[:, None]
        a, b = self.real_parts(n, p, gi, h)
        carry, out = np.zeros_like(grad[:, 0]), np.zeros(gi.shape)
        for t in reversed(range(gi.shape[1])):
            before = h[:, t - 1] / 128 if t else np.zeros_like(carry)
            (ar, az, an), (br, bz, bn) = np.split(a[:, t], 3, axis=1), np.split(b[:, t], 3, axis=1)
            r, z = logistic(ar + br), logistic(az + bz)
            c = np.tanh(an + r * bn)
            dh = grad[:, t] + carry
            dn = dh * (1 - z) * (1 - c**2)
            dr, dz = dn * bn * r * (1 - r), dh * (before - c) * z * (1 - z)
            out[:, t] = np.concatenate([dr, dz, dn], axis=1)
            carry = dh * z + np.concatenate([dr, dz, dn * r], axis=1) @ weight
        return out[:, None]
