"""What an operator is: float and integer semantics, gradient, cost and C calls. docs/adding-an-op.md explains it."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from tinyfl.ops.arith import rs, sat
from tinyfl.types import FloatArray, GradConstants, Int8Node, IntArray, Node, Numbers, Shape, Window


@dataclass(frozen=True)
class Parameters:
    """The int8 weights and int32 biases a step computes with (int64 arrays in the layout of ``Node``)."""

    weight: IntArray
    bias: IntArray


NO_PARAMETERS = Parameters(np.zeros(0, np.int64), np.zeros(0, np.int64))


@dataclass(frozen=True)
class CallArguments:
    """C expressions of a call: operands, output and their gradients, scratch.

    ``rows``: output rows that a windowed forward kernel computes, whose operands are ``tf_rows``; ``count``: elements
    that an element-wise one computes, whose operands are pointers.
    """

    x: tuple[str, ...]
    y: str
    count: str = ""
    rows: str = ""
    grad_x: str = ""
    grad_y: str = ""
    scratch: str = ""
    accumulate: bool = False


class Operator(ABC):
    """One operator. Arrays carry a leading sample axis: [N, H, W, C]."""

    parametrised = False
    """Whether the node has weights and a bias."""
    keeps_quantisation = False
    """Whether the output takes over the input's scale and zero point."""
    grad_needs_inputs = False
    """Whether the input gradient depends on the values of the inputs, which must then be kept for it."""

    @abstractmethod
    def float_output(self, node: Node, xs: Sequence[FloatArray]) -> FloatArray:
        """Float result before the fused activation, for calibration."""

    @abstractmethod
    def output(self, n: Int8Node, p: Parameters, xs: Sequence[IntArray]) -> IntArray:
        """Integer result of NUMERICS section 4: int8 values, or int16 logits."""

    @abstractmethod
    def input_sum(
        self, n: Int8Node, g: GradConstants, p: Parameters, operand: int, grad_y: IntArray, xs: Sequence[IntArray]
    ) -> IntArray:
        """The sum v of NUMERICS section 5.4 for one operand, before it is finished."""

    @abstractmethod
    def real_input_grad(
        self, n: Int8Node, p: Parameters, operand: int, grad_y: FloatArray, xs: Sequence[IntArray]
    ) -> FloatArray:
        """Exact gradient of one operand from the real gradient of the output, for calibration."""

    by_rows = False
    """Whether the forward kernel computes any range of rows from the rows that they read."""

    def forward_scratch_bytes(self, n: Int8Node, rows: int) -> int:
        """Scratch of the forward kernel when a call computes up to ``rows`` rows."""
        return 0

    def update_scratch_bytes(self, n: Int8Node, grad_bytes: int) -> int:
        """Scratch of the weight update's kernel."""
        return 0

    def macs(self, n: Int8Node) -> int:
        """Multiply-accumulates of the forward pass."""
        return 0

    def scratch_bytes(self, n: Int8Node, grad_bytes: int) -> int:
        """Scratch of the input-gradient kernel."""
        return 0

    @abstractmethod
    def c_forward(self, n: Int8Node, a: CallArguments) -> str:
        """C call of the forward kernel."""

    @abstractmethod
    def c_input_grad(self, n: Int8Node, a: CallArguments, operand: int) -> str:
        """C call of the input-gradient kernel; an expression that counts saturated elements."""


def operands(n: Int8Node | Node, values: Mapping[str, Numbers], shapes: Mapping[str, Shape]) -> list[Numbers]:
    """The operands [N, H, W, C] of a node; an element-wise one sees what was flattened in its output's shape."""
    xs, shape = [values[t] for t in n.inputs], shapes[n.output]
    if n.window is not None:
        return xs
    return [x.reshape(len(x), *shape) if x[0].size == math.prod(shape) else x for x in xs]


def window_of(n: Int8Node | Node) -> Window:
    """The node's window; every windowed operator has one."""
    if n.window is None:
        raise ValueError(f"node {n.name} has no window")
    return n.window


def requantise(n: Int8Node, acc: IntArray) -> IntArray:
    """y = SAT(RS(acc * m, s) + zero_point, lo, hi)."""
    r = n.requant
    return sat(rs(acc * r.m, r.s) + r.zero_point, r.lo, r.hi)
