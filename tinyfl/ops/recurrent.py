"""What GRU and LSTM cells share (NUMERICS section 11): the sums of their gates, and the weights between steps.

A node's input is the projection W x + b of a whole sequence, [1, T, G H] for G gates of H units each; its weight
[G H, 1, 1, H] and bias [G H] are those that the state of the step before is multiplied with, and its output
[1, T, H] are all states. ``coefficients`` holds T, ``constants`` the multiplier of the input and its shift.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from tinyfl.compiler.c_text import array, struct
from tinyfl.errors import ModelError
from tinyfl.ops.arith import qm, rs, sat
from tinyfl.ops.one_step import OneStep, same_step
from tinyfl.ops.operator import CallArguments, ForwardConstants, Parameters
from tinyfl.ops.weighted import UpdateArguments, Weighted
from tinyfl.types import FloatArray, GradConstants, Int8Node, IntArray, Node, QuantParams, Shape

STATE = QuantParams(1 / 128, 0)
SUM_MOST = 1 << 20
CARRY_MOST = (1 << 29) - 1
_LIFT = {8: 14, 16: 8}
_FOLD = (1 << 15) - 1
_LONGEST_SHIFT = 62


def scaled(r: float, bits: int, node: str) -> tuple[int, int]:
    """QM(r, bits) with a shift of 0..62."""
    m, s = qm(r, bits)
    if s < 0:
        raise ModelError(f"node {node}: its weights or its input are too large ({r:.3g}); scale the network down")
    return (int(rs(np.array(m, np.int64), s - _LONGEST_SHIFT)), _LONGEST_SHIFT) if s > _LONGEST_SHIFT else (m, s)


class Recurrent(Weighted):
    """A recurrent cell over a whole sequence, from the state zero."""

    sub_channels = False
    grad_needs_inputs = True
    grad_needs_output = True
    grad_needs_bias = True
    trains_through_input = True
    gates: int
    kernel: str
    words: int
    """32-bit words of the input gradient's scratch a unit"""

    # ---- quantisation

    def own_quantisation(self, node: Node, headroom: float) -> QuantParams:
        """States lie between -1 and 1."""
        return STATE

    def input_scale(self, inputs: Sequence[QuantParams]) -> float:
        """The weights multiply the state."""
        return STATE.scale

    def channel_axis(self) -> int:
        """Weights are [G H, 1, 1, H]."""
        return 0

    def update_input(self, n: Int8Node) -> str:
        """The states."""
        return n.output

    def forward_constants(
        self, node: Node, inputs: Sequence[QuantParams], output: QuantParams, weight_scale: FloatArray | None
    ) -> ForwardConstants:
        """Multipliers to Q11: of the products a gate, of the input, and T."""
        assert weight_scale is not None
        pairs = np.array([scaled(float(s) * 16, 31, node.name) for s in weight_scale], np.int64)
        steps = self.steps(node)
        if max(steps, len(weight_scale)) >= 1 << 16:
            raise ModelError(f"node {node.name}: over 65535 steps or sums a step; make the window or the cell smaller")
        return ForwardConstants(pairs[:, 0], pairs[:, 1], scaled(inputs[0].scale * 2048, 31, node.name))

    def backward_constants(self, n: Int8Node, ro: int, grad_bits: int) -> GradConstants:
        """The fold of the weights' scales; ``constants``: its multiplier and shift; gs: bits a gradient is lifted."""
        assert n.weight_scale is not None
        limit, steps, sums = (1 << (grad_bits - 1)) - 1, self.steps(n), n.weight_scale.size
        for what, trains, largest in (
            ("weights", n.trained_in_c > 0, limit * 128 * steps),
            ("bias", n.bias_trained, limit * steps),
        ):
            if trains and largest >= 1 << 31:
                raise ModelError(
                    f"node {n.name}: {steps} steps overflow the 32 bits of the {what}' gradient at gradients up to "
                    f"{limit}; use 8-bit gradients or leave them frozen"
                )
        top = float(n.weight_scale.max())
        mw = np.maximum(1, np.floor(n.weight_scale / top * _FOLD + 0.5).astype(np.int64))
        fsh = 15
        while 127 * sums << (44 + 15 - fsh) >= 1 << 62:
            fsh += 1
        m, s = qm(top / _FOLD, 15)
        m, s = scaled(m * 2.0 ** (fsh - s), 15, n.name)
        return GradConstants(ro=ro, mw=mw, fsh=fsh, gs=_LIFT[grad_bits], constants=(m, s))

    # ---- integers

    def input_part(self, n: Int8Node, gi: IntArray) -> IntArray:
        """A: a gate's share of the input, Q11."""
        m, s = n.constants
        return sat(rs((gi - n.input_quant[0].zero_point) * m, s), -SUM_MOST, SUM_MOST)

    def state_part(self, n: Int8Node, p: Parameters, h: IntArray) -> IntArray:
        """B: its share of the state before, Q11."""
        weight = p.weight[:, 0, 0].T.astype(np.float64)
        acc = (h.astype(np.float64) @ weight).astype(np.int64) + p.bias
        return sat(rs(acc * n.requant.m, n.requant.s), -SUM_MOST, SUM_MOST)

    def carried(self, g: GradConstants, p: Parameters, hidden: IntArray) -> IntArray:
        """The gradient of the state before through the weights."""
        m, s = g.constants
        folded = rs(hidden * g.mw, g.fsh)
        acc = (folded.astype(np.float64) @ p.weight[:, 0, 0].astype(np.float64)).astype(np.int64)
        return sat(rs(acc * m, s), -CARRY_MOST, CARRY_MOST)

    def input_sum(
        self, n: Int8Node, g: GradConstants, p: Parameters, operand: int, grad_y: IntArray, xs: Sequence[IntArray]
    ) -> IntArray:
        """Section 11."""
        return self.input_sums(n, g, p, operand, grad_y, xs, self.output(n, p, xs))[0]

    def weight_sum(self, n: Int8Node, grad_y: FloatArray, x: FloatArray) -> FloatArray:
        """Each step's gradient times the state before it."""
        assert n.weight is not None
        grads, states = (v[:, 0, a:b].reshape(-1, v.shape[-1]) for v, a, b in ((grad_y, 1, None), (x, 0, -1)))
        return (grads.T @ states).reshape(n.weight.shape)

    # ---- float

    @abstractmethod
    def float_states(self, weight: FloatArray, bias: FloatArray, gi: FloatArray) -> FloatArray:
        """States [N, T, H] of projections [N, T, G H]."""

    def float_output(self, node: Node, xs: Sequence[FloatArray]) -> FloatArray:
        """The cell's equations."""
        assert node.weight is not None
        assert node.bias is not None
        return self.float_states(node.weight[:, 0, 0], node.bias, xs[0][:, 0])[:, None]

    def real_parts(self, n: Int8Node, p: Parameters, gi: IntArray, h: IntArray) -> tuple[FloatArray, FloatArray]:
        """Real shares of input and state in the gates' sums, for all steps; h: int8 states [N, T, H]."""
        assert n.weight_scale is not None
        before = np.concatenate([np.zeros_like(h[:, :1]), h[:, :-1]], axis=1)
        acc = before.astype(np.float64) @ p.weight[:, 0, 0].T + p.bias
        q = n.input_quant[0]
        return (gi - q.zero_point).astype(np.float64) * q.scale, acc * n.weight_scale * STATE.scale

    # ---- cost and C

    def steps(self, n: Int8Node | Node) -> int:
        """T."""
        return int(n.coefficients[0])

    def macs(self, n: Int8Node | Node) -> int:
        """All weights every step."""
        assert n.weight is not None
        return self.steps(n) * n.weight.size

    def units(self, n: Int8Node) -> int:
        """H."""
        assert n.weight is not None
        return n.weight.shape[-1]

    def forward_scratch_bytes(self, n: Int8Node, rows: int) -> int:
        """The state in 16 bits."""
        return 2 * self.units(n)

    def scratch_bytes(self, n: Int8Node, grad_bytes: int) -> int:
        """What is carried from step to step, and the folded gradients of a step."""
        return 4 * self.words * self.units(n)

    def update_scratch_bytes(self, n: Int8Node, grad_bytes: int) -> int:
        """Of tf_conv_update over T - 1 pixels."""
        return 40 * min(64, -(-(self.steps(n) - 1) // 4) * 4)

    def kept_gradient_elements(self, n: Int8Node, shapes: Mapping[str, Shape]) -> int:
        """Those of the products with the state, a step and gate."""
        assert n.bias is not None
        return self.steps(n) * n.bias.size

    def one_step(self, n: Int8Node, shapes: Mapping[str, Shape], steps: int) -> OneStep:
        """Its state in 16 bits, then as its neighbours see it."""
        return replace(same_step(n, shapes), state_bytes=3 * self.units(n), scratch_bytes=0)

    def c_constants(self, n: Int8Node, shapes: Mapping[str, Shape]) -> str:
        """tf_recurrent, and the tf_window of the weights' update."""
        assert n.bias is not None
        i, r, (m, s), steps, units = n.index, n.requant, n.constants, self.steps(n), self.units(n)
        zero = n.input_quant[0].zero_point
        out = array("int32_t", f"n{i}_m", r.m) + array("int8_t", f"n{i}_s", r.s)
        members = {"steps": steps, "units": units, "in_m": m, "in_s": s, "in_zero_point": zero}
        out += struct("tf_recurrent", f"n{i}_cell", **members, m=f"n{i}_m", s=f"n{i}_s")
        if n.trained_in_c and steps > 1:
            ins = {"in_h": 1, "in_w": steps - 1, "in_c": units, "out_h": 1, "out_w": steps - 1, "out_c": n.bias.size}
            ones = dict.fromkeys(("kernel_h", "kernel_w", "stride_h", "stride_w", "groups"), 1)
            out += struct("tf_window", f"n{i}_win", **ins, **ones, trained_in_c=units)
        return out

    def c_grad_constants(self, n: Int8Node, g: GradConstants, finishes: Mapping[int, str]) -> str:
        """tf_recurrent_grad."""
        if not finishes:
            return ""
        i, (m, s) = n.index, g.constants
        members = {"finish": finishes[0], "lift": g.gs, "fsh": g.fsh, "gm": m, "gs": s, "mw": f"n{i}_mw"}
        return array("uint16_t", f"n{i}_mw", g.mw) + struct("tf_recurrent_grad", f"n{i}_cg", **members)

    def c_forward(self, n: Int8Node, a: CallArguments) -> str:
        """tf_gru_s8 or tf_lstm_s8; of a step tf_gru_step or tf_lstm_step."""
        i = n.index
        if a.step:
            before = f"(int8_t *)({a.state}) + {2 * self.units(n)}"
            states = f"{before}, (int16_t *)(void *)({a.state}), {a.y}"
            call = f"tf_{self.kernel}_step(&n{i}_cell, &n{i}_wt, {a.x[0]}, {states})"
            return f"{call}; memcpy({before}, {a.y}, {self.units(n)})"
        return f"tf_{self.kernel}_s8(&n{i}_cell, &n{i}_wt, {a.x[0]}, {a.y}, {a.scratch})"

    def c_input_grad(self, n: Int8Node, a: CallArguments, operand: int) -> str:
        """tf_gru_input_grad or tf_lstm_input_grad."""
        i = n.index
        return (
            f"tf_{self.kernel}_input_grad(&n{i}_cell, &n{i}_cg, &n{i}_wt, {a.x[0]}, {a.y}, {a.grad_y}, {a.grad_x}, "
            f"{a.kept}, {a.scratch})"
        )

    def c_weight_update(self, n: Int8Node, a: UpdateArguments) -> str:
        """A 1x1 convolution's: the states of all steps but the last meet the gradients of all but the first."""
        assert n.bias is not None
        if self.steps(n) == 1:
            return f"(void)&n{n.index}_rate"
        grad = f"{a.grad} + {n.bias.size}"
        return f"tf_conv_update(&n{n.index}_win, {a.rate}, {a.x}, {grad}, {a.w}, {a.f}, {a.scratch})"

    def c_bias_update(self, n: Int8Node, a: UpdateArguments) -> str:
        """Over all steps."""
        assert n.bias is not None
        return f"tf_bias_update({self.steps(n)}, {n.bias.size}, {a.rate}, {a.grad}, {a.b})"
