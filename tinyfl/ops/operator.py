"""What an operator is: float and integer semantics, gradient, cost and C calls. docs/adding-an-op.md explains it."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from tinyfl.ops.arith import rs, sat
from tinyfl.ops.one_step import NotCausal, OneStep, same_step
from tinyfl.types import FloatArray, GradConstants, Int8Node, IntArray, Node, Numbers, QuantParams, Shape, Window


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
    that an element-wise one computes, whose operands are pointers. ``kept``: where an input gradient leaves what the
    node's updates read. ``step``: of a node that computes one step (``Operator.one_step``), the number of that step,
    and ``state`` its own state.
    """

    x: tuple[str, ...]
    y: str
    count: str = ""
    rows: str = ""
    grad_x: str = ""
    grad_y: str = ""
    scratch: str = ""
    accumulate: bool = False
    kept: str = ""
    step: str = ""
    state: str = ""

    @property
    def of_step(self) -> str:
        """How names of constants end that know the number of steps."""
        return "_step" if self.step else ""


@dataclass(frozen=True)
class ForwardConstants:
    """Multipliers of a node's ``Requant`` and its further integers (``Int8Node.constants``)."""

    m: IntArray
    s: IntArray
    constants: tuple[int, ...] = ()


class Operator(ABC):
    """One operator. Arrays carry a leading sample axis: [N, H, W, C]."""

    parametrised = False
    """Whether the node has weights and a bias."""
    keeps_quantisation = False
    """Whether the output takes over the input's scale and zero point."""
    grad_needs_inputs = False
    """Whether the input gradient depends on the values of the inputs, which must then be kept for it."""
    grad_needs_output = False
    """Whether it depends on the output's."""
    grad_needs_bias = False
    """Whether it depends on the bias."""
    trains_through_input = False
    """Whether the node's own updates read what the kernel of its input gradient computes, which then always runs."""

    grad_in_place = False
    """Whether the kernel of the input gradient may write it over the output's, element by element."""
    cheap = False
    """Whether the result may be computed twice, from one operand without weights or scratch, instead of kept."""

    def passes_grad(self, operand: int) -> bool:
        """Whether the operand's gradient is the output's itself, but for its exponent."""
        return False

    def window_for(self, node: Node, shapes: Mapping[str, Shape]) -> Window | None:
        """The window of the quantised node; one that sees pixels by themselves may take its size from the shapes."""
        return node.window

    def own_quantisation(self, node: Node, headroom: float) -> QuantParams | None:
        """Quantisation of the output where the operator itself sets it; None: it is calibrated.

        ``headroom``: by how much weights may grow that train.
        """
        return None

    def forward_constants(
        self, node: Node, inputs: Sequence[QuantParams], output: QuantParams, weight_scale: FloatArray | None
    ) -> ForwardConstants | None:
        """Integers of the forward pass; None: those that ``tinyfl/compiler/quantize.py`` has for all layers."""
        return None

    def backward_constants(self, n: Int8Node, ro: int, grad_bits: int) -> GradConstants | None:
        """Multipliers of the input gradient; None: those that ``tinyfl/compiler/gradients.py`` has for all layers."""
        return None

    def c_constants(self, n: Int8Node, shapes: Mapping[str, Shape]) -> str | None:
        """C of what the forward call refers to; None: the common ones of ``c_constants.py``."""
        return None

    def c_grad_constants(self, n: Int8Node, g: GradConstants, finishes: Mapping[int, str]) -> str | None:
        """C of what the input-gradient calls refer to; ``finishes``: initialisers of tf_finish by operand."""
        return None

    def input_sums(
        self,
        n: Int8Node,
        g: GradConstants,
        p: Parameters,
        operand: int,
        grad_y: IntArray,
        xs: Sequence[IntArray],
        y: IntArray,
    ) -> tuple[IntArray, IntArray | None]:
        """``input_sum``, and the sums of what its kernel leaves to the node's updates, finished with the same shift."""
        return self.input_sum(n, g, p, operand, grad_y, xs), None

    def kept_gradient_elements(self, n: Int8Node, shapes: Mapping[str, Shape]) -> int:
        """How many gradients the kernel leaves to the updates; 0: those read the output's gradient."""
        return 0

    stepwise = False
    """Whether each pixel of the result is computed from the same pixel of the operands alone."""

    def one_step(self, n: Int8Node, shapes: Mapping[str, Shape], steps: int) -> OneStep:
        """The node as it computes one step of a sequence of ``steps``; raises NotCausal."""
        if not self.stepwise:
            raise NotCausal("it needs all steps at once")
        return same_step(n, shapes)

    def c_step_constants(self, n: Int8Node, shapes: Mapping[str, Shape]) -> str:
        """C of what the call for one step refers to beside the window; names end in ``_step``."""
        return ""

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

    def macs(self, n: Int8Node | Node) -> int:
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


def pixelwise(shape: Shape, channels: int) -> Window:
    """The window of an operator that makes an image of ``shape`` from one of the same size with ``channels``."""
    h, w, c = shape
    return Window(h, w, channels, h, w, c)


def window_of(n: Int8Node | Node) -> Window:
    """The node's window; every windowed operator has one."""
    if n.window is None:
        raise ValueError(f"node {n.name} has no window")
    return n.window


def requantise(n: Int8Node, acc: IntArray, which: int | None = None) -> IntArray:
    """y = SAT(RS(acc * m, s) + zero_point, lo, hi); ``which``: the one of several multipliers."""
    r = n.requant
    m, s = (r.m, r.s) if which is None else (r.m[which], r.s[which])
    return sat(rs(acc * m, s) + r.zero_point, r.lo, r.hi)
