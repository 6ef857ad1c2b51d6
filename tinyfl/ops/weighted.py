"""What convolution, linear and depthwise layers share: the update of weights and biases (NUMERICS section 6)."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from tinyfl.ops.arith import BIAS_INDEX, BIAS_LIMIT, WEIGHT_MAX, WEIGHT_MIN, drop_fraction, rs, sat, stochastic_round
from tinyfl.ops.operator import Operator, Parameters, window_of
from tinyfl.types import FloatArray, GradConstants, Int8Node, IntArray, QuantParams


@dataclass(frozen=True)
class UpdateArguments:
    """C expressions of an update: rate, exponent and counter base; gradient; the input and planes, or the biases."""

    rate: str
    grad: str
    x: str = ""
    w: str = ""
    f: str = ""
    scratch: str = ""
    b: str = ""


class Weighted(Operator):
    """An operator with weights and a bias per output channel."""

    parametrised = True
    sub_channels = True
    """Whether a part of the input channels may train; else all or none."""
    one_scale = False
    """Whether all weights have one scale, else one an output channel."""

    @abstractmethod
    def weight_sum(self, n: Int8Node, grad_y: FloatArray, x: FloatArray) -> FloatArray:
        """Sum over pixels of grad_y * (x - z_x) for every weight, in the weight's layout."""

    @abstractmethod
    def channel_axis(self) -> int:
        """Axis of the output channel in the weight's layout."""

    def input_scale(self, inputs: Sequence[QuantParams]) -> float:
        """Scale of what a weight is multiplied by."""
        return inputs[0].scale

    def update_input(self, n: Int8Node) -> str:
        """The tensor whose values the weight update reads."""
        return n.inputs[0]

    def c_weight_update(self, n: Int8Node, a: UpdateArguments) -> str:
        """C call of the weight update."""
        return f"tf_conv_update(&n{n.index}_win, {a.rate}, {a.x}, {a.grad}, {a.w}, {a.f}, {a.scratch})"

    def c_bias_update(self, n: Int8Node, a: UpdateArguments) -> str:
        """C call of the bias update."""
        win = window_of(n)
        return f"tf_bias_update({win.pixels}, {win.out_c}, {a.rate}, {a.grad}, {a.b})"

    def trained(self, n: Int8Node, weight: IntArray) -> IntArray:
        """The part of a weight-shaped array whose weights train."""
        return weight[..., : n.trained_in_c]

    def update_weight(
        self,
        n: Int8Node,
        g: GradConstants,
        master: IntArray,
        exponent: int,
        base: int,
        grad_y: IntArray,
        x: IntArray,
        fraction_bits: int = 8,
    ) -> IntArray:
        """New Q8.8 masters of the trained part; ``exponent`` is that of grad_y plus the learning-rate shift.

        With ``fraction_bits`` 0 they are whole int8 steps.
        """
        assert n.weight is not None
        total = self.weight_sum(n, grad_y.astype(np.float64), x.astype(np.float64)).astype(np.int64)
        index = np.arange(n.weight.size, dtype=np.int64).reshape(n.weight.shape)
        shape = [1] * n.weight.ndim
        shape[self.channel_axis()] = -1
        km, ks = g.km.reshape(shape), g.ks.reshape(shape)
        delta = stochastic_round(total * km, ks + exponent, base, index)
        new = sat(master - self.trained(n, delta), WEIGHT_MIN, WEIGHT_MAX)
        return new if fraction_bits else drop_fraction(new, base, self.trained(n, index))

    def update_bias(
        self, n: Int8Node, g: GradConstants, bias: IntArray, exponent: int, base: int, grad_y: IntArray
    ) -> IntArray:
        """New biases."""
        total = grad_y.reshape(-1, bias.size).sum(axis=0)
        index = BIAS_INDEX + np.arange(bias.size, dtype=np.int64)
        delta = stochastic_round(total * g.kb, g.kbs + exponent, base, index)
        return sat(bias - delta, -BIAS_LIMIT, BIAS_LIMIT)


def with_trained(op: Weighted, n: Int8Node, p: Parameters, master: IntArray) -> Parameters:
    """Parameters whose trained weights are the high bytes of ``master``: w = RS(W, 8)."""
    weight = p.weight.copy()
    op.trained(n, weight)[...] = rs(master, 8)
    return replace(p, weight=weight)
