"""Learned vectors looked up by token, and learned vectors added to each step (positional embeddings)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from tinyfl.compiler.c_text import struct
from tinyfl.ops.arith import rs, sat
from tinyfl.ops.one_step import OneStep, pixels, same_step
from tinyfl.ops.operator import CallArguments, ForwardConstants, Parameters
from tinyfl.ops.weighted import UpdateArguments, Weighted
from tinyfl.types import FloatArray, GradConstants, Int8Node, IntArray, Node, QuantParams, Shape

MOST_TOKENS = 256  # a token is a byte of the sample, stored as token - 128


class Lookup(Weighted):
    """What both share: one scale for all weights, no bias, and all train or none."""

    sub_channels = False
    one_scale = True
    stepwise = True

    def channel_axis(self) -> int:
        """Weights are [rows, 1, 1, c]."""
        return 0

    def trained(self, n: Int8Node, weight: IntArray) -> IntArray:
        """All or none."""
        return weight if n.trained_in_c else weight[..., :0]

    def input_scale(self, inputs: Sequence[QuantParams]) -> float:
        """A weight is multiplied by nothing."""
        return 1.0


class Embedding(Lookup):
    """y[t] = w[token t]; an unknown token counts as the last one. Tokens are q = token - 128."""

    def own_quantisation(self, node: Node, headroom: float) -> QuantParams:
        """That of the weights, so that the result is a copy."""
        assert node.weight is not None
        largest = float(np.abs(node.weight).max())
        return QuantParams(headroom * largest / 127 if largest > 0 else 1.0, 0)

    def forward_constants(
        self, node: Node, inputs: Sequence[QuantParams], output: QuantParams, weight_scale: FloatArray | None
    ) -> ForwardConstants:
        """None."""
        return ForwardConstants(np.zeros(0, np.int64), np.zeros(0, np.int64))

    def backward_constants(self, n: Int8Node, ro: int, grad_bits: int) -> GradConstants:
        """No gradient goes on to the tokens."""
        return GradConstants(ro=ro)

    def float_output(self, node: Node, xs: Sequence[FloatArray]) -> FloatArray:
        """Rows of the weights."""
        assert node.weight is not None
        tokens = np.clip(xs[0].astype(np.int64), 0, len(node.weight) - 1)
        return node.weight[tokens[..., 0], 0, 0]

    def output(self, n: Int8Node, p: Parameters, xs: Sequence[IntArray]) -> IntArray:
        """Section 10.3."""
        return p.weight[_tokens(n, xs[0]), 0, 0].reshape(len(xs[0]), 1, -1, p.weight.shape[3])

    def input_sum(
        self, n: Int8Node, g: GradConstants, p: Parameters, operand: int, grad_y: IntArray, xs: Sequence[IntArray]
    ) -> IntArray:
        """Tokens have no gradient."""
        raise NotImplementedError

    def real_input_grad(
        self, n: Int8Node, p: Parameters, operand: int, grad_y: FloatArray, xs: Sequence[IntArray]
    ) -> FloatArray:
        """Tokens have no gradient."""
        raise NotImplementedError

    def weight_sum(self, n: Int8Node, grad_y: FloatArray, x: FloatArray) -> FloatArray:
        """Section 10.3: the sum over the steps that hold the row's token."""
        assert n.weight is not None
        total = np.zeros((len(n.weight), n.weight.shape[3]))
        np.add.at(total, _tokens(n, x.astype(np.int64)).ravel(), grad_y.reshape(-1, total.shape[1]))
        return total.reshape(n.weight.shape)

    def c_constants(self, n: Int8Node, shapes: Mapping[str, Shape]) -> str:
        """tf_embedding."""
        return self._struct(n, "embedding", pixels(shapes[n.output]))

    def c_step_constants(self, n: Int8Node, shapes: Mapping[str, Shape]) -> str:
        """That of one token."""
        return self._struct(n, "embedding_step", 1)

    def _struct(self, n: Int8Node, name: str, steps: int) -> str:
        assert n.weight is not None
        tokens, _, _, channels = n.weight.shape
        return struct("tf_embedding", f"n{n.index}_{name}", tokens=tokens, steps=steps, channels=channels)

    def c_forward(self, n: Int8Node, a: CallArguments) -> str:
        """tf_embedding_s8."""
        return f"tf_embedding_s8(&n{n.index}_embedding{a.of_step}, &n{n.index}_wt, {a.x[0]}, {a.y})"

    def c_input_grad(self, n: Int8Node, a: CallArguments, operand: int) -> str:
        """Tokens have no gradient."""
        raise NotImplementedError

    def c_weight_update(self, n: Int8Node, a: UpdateArguments) -> str:
        """tf_embedding_update."""
        return f"tf_embedding_update(&n{n.index}_embedding, {a.rate}, {a.x}, {a.grad}, {a.w}, {a.f})"


class Positions(Lookup):
    """y[t] = x[t] + w[t]: what each step has of its own."""

    by_rows = False

    def one_step(self, n: Int8Node, shapes: Mapping[str, Shape], steps: int) -> OneStep:
        """As many steps as there are weights for."""
        return replace(same_step(n, shapes), most=pixels(shapes[n.output]))

    def forward_constants(
        self, node: Node, inputs: Sequence[QuantParams], output: QuantParams, weight_scale: FloatArray | None
    ) -> ForwardConstants:
        """am0 and am1 of an add."""
        assert weight_scale is not None
        ratio = [np.floor(s / output.scale * 2**20 + 0.5) for s in (inputs[0].scale, float(weight_scale[0]))]
        return ForwardConstants(np.array(ratio, np.int64), np.full(2, 20, np.int64))

    def backward_constants(self, n: Int8Node, ro: int, grad_bits: int) -> GradConstants:
        """The gradient passes unchanged."""
        return GradConstants(ro=ro)

    def float_output(self, node: Node, xs: Sequence[FloatArray]) -> FloatArray:
        """x + w."""
        assert node.weight is not None
        return xs[0] + node.weight.reshape(xs[0].shape[1:])

    def output(self, n: Int8Node, p: Parameters, xs: Sequence[IntArray]) -> IntArray:
        """Section 10.3."""
        r = n.requant
        x = xs[0] - n.input_quant[0].zero_point
        return sat(rs(x * r.m[0] + p.weight.reshape(x.shape[1:]) * r.m[1], 20) + r.zero_point, r.lo, r.hi)

    def input_sum(
        self, n: Int8Node, g: GradConstants, p: Parameters, operand: int, grad_y: IntArray, xs: Sequence[IntArray]
    ) -> IntArray:
        """v = G_y."""
        return grad_y

    def real_input_grad(
        self, n: Int8Node, p: Parameters, operand: int, grad_y: FloatArray, xs: Sequence[IntArray]
    ) -> FloatArray:
        """The gradient unchanged."""
        return grad_y

    def weight_sum(self, n: Int8Node, grad_y: FloatArray, x: FloatArray) -> FloatArray:
        """The gradient itself."""
        assert n.weight is not None
        return grad_y.sum(axis=0).reshape(n.weight.shape)

    def c_constants(self, n: Int8Node, shapes: Mapping[str, Shape]) -> str:
        """tf_add, whose second operand are the weights."""
        r = n.requant
        members = {"m0": int(r.m[0]), "m1": int(r.m[1]), "zero_point0": n.input_quant[0].zero_point, "zero_point1": 0}
        return struct("tf_add", f"n{n.index}_add", **members, zero_point=r.zero_point, lo=r.lo, hi=r.hi)

    def c_forward(self, n: Int8Node, a: CallArguments) -> str:
        """tf_add_s8."""
        weights = f"n{n.index}_wt.{'trained' if n.trained_in_c else 'frozen'}"
        if a.step:
            weights += f" + {a.step} * {a.count}"
        return f"tf_add_s8(&n{n.index}_add, {a.count}, {a.x[0]}, {weights}, {a.y})"

    def c_input_grad(self, n: Int8Node, a: CallArguments, operand: int) -> str:
        """tf_pass_grad."""
        return f"tf_pass_grad(&n{n.index}_finish0, n{n.index}_count, {a.grad_y}, {a.grad_x})"

    def c_weight_update(self, n: Int8Node, a: UpdateArguments) -> str:
        """tf_positions_update."""
        return f"tf_positions_update(n{n.index}_count, {a.rate}, {a.grad}, {a.w}, {a.f})"


def _tokens(n: Int8Node, x: IntArray) -> IntArray:
    assert n.weight is not None
    out: IntArray = np.minimum(x + 128, len(n.weight) - 1)
    return out
