"""The shared nouns of the compiler. Shapes are (H, W, C); a 1-D network has H = 1, a vector is (1, 1, N)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
Numbers = TypeVar("Numbers", IntArray, FloatArray)
Shape = tuple[int, int, int]
Layout = Literal["channels_first", "channels_last"]
"""Whether torch has the channels of a sample before its steps, [1, C, L], or behind them, [1, T, C]"""


@dataclass(frozen=True)
class QuantParams:
    """Affine quantisation of an activation tensor: real = scale * (q - zero_point), q in -128..127."""

    scale: float
    zero_point: int


@dataclass(frozen=True)
class Window:
    """Geometry of a convolution or pooling; linear layers are 1x1 windows over a 1x1 image."""

    in_h: int
    in_w: int
    in_c: int
    out_h: int
    out_w: int
    out_c: int
    kernel_h: int = 1
    kernel_w: int = 1
    stride_h: int = 1
    stride_w: int = 1
    pad_top: int = 0
    pad_left: int = 0
    groups: int = 1

    @property
    def in_shape(self) -> Shape:
        """Shape (H, W, C) of the input."""
        return self.in_h, self.in_w, self.in_c

    @property
    def out_shape(self) -> Shape:
        """Shape (H, W, C) of the output."""
        return self.out_h, self.out_w, self.out_c

    @property
    def pixels(self) -> int:
        """Number of output pixels."""
        return self.out_h * self.out_w

    @property
    def taps(self) -> int:
        """Number of kernel positions."""
        return self.kernel_h * self.kernel_w


@dataclass(frozen=True)
class Node:
    """One operator of a graph.

    ``op`` names a member of ``tinyfl.ops.OPS``. ``weight`` is float [out_c, kernel_h, kernel_w, in_c/groups]
    (depthwise: [kernel_h, kernel_w, c]); ``activation`` is fused into the output: none, relu, relu6 or relu_n1_to_1.
    ``weight_scale`` [out_c] prescribes the scales that the weights are quantised with; None: calibrated.
    ``coefficients`` are the numbers of an operator that has some, in an order that its class states.
    """

    name: str
    op: str
    inputs: tuple[str, ...]
    output: str
    window: Window | None = None
    activation: str = "none"
    weight: FloatArray | None = None
    bias: FloatArray | None = None
    weight_scale: FloatArray | None = None
    coefficients: tuple[float, ...] = ()


@dataclass(frozen=True)
class Graph:
    """A float network in execution order; every tensor has one producer.

    ``quant`` prescribes the quantisation of tensors, as a network has it that was quantised elsewhere; tensors it does
    not name are calibrated. ``target``: 0 where a sample is labelled from outside; of a sequence, where in the bytes
    of a sample the labels of its steps begin (label - 128 each). ``alike``: tensors that take over the quantisation
    of another.
    """

    nodes: tuple[Node, ...]
    shapes: Mapping[str, Shape]
    input: str
    output: str
    quant: Mapping[str, QuantParams] = field(default_factory=dict)
    target: int = 0
    alike: Mapping[str, str] = field(default_factory=dict)

    @property
    def steps(self) -> int:
        """Number of pixels that have class scores of their own: 1 for a classifier, T for a sequence."""
        return self.shapes[self.output][0] * self.shapes[self.output][1]

    def consumers(self, tensor: str) -> tuple[Node, ...]:
        """Nodes that read ``tensor``, in execution order."""
        return tuple(n for n in self.nodes if tensor in n.inputs)

    @property
    def classes(self) -> int:
        """Number of classes of the classifier at the end."""
        return self.shapes[self.output][2]

    @property
    def parameters(self) -> int:
        """Number of float parameters of the network."""
        return sum(p.size for n in self.nodes for p in (n.weight, n.bias) if p is not None)


@dataclass(frozen=True)
class LayerUpdate:
    """What trains in one parametrised node.

    ``ratio`` is the share of leading input channels whose weights train (0..1; a depthwise layer trains all or
    none); ``shared`` says whether the layer's delta travels or stays personal. ``rank``: of the low-rank adapter that
    trains beside the layer's weights, which then are frozen; 0: none.
    """

    node: str
    ratio: float = 0.0
    bias: bool = True
    shared: bool = True
    rank: int = 0


@dataclass(frozen=True)
class UpdateScheme:
    """What trains, and what of it is shared; layers not named are frozen."""

    layers: tuple[LayerUpdate, ...]

    def of(self, node: str) -> LayerUpdate | None:
        """The update of ``node``, None if it is frozen."""
        return next((u for u in self.layers if u.node == node), None)


@dataclass(frozen=True)
class Requant:
    """Integer constants of an output (NUMERICS section 3); arrays are per output channel or of length 1."""

    m: IntArray
    s: IntArray
    zero_point: int
    lo: int
    hi: int
    mask_lo: bool
    mask_hi: bool


@dataclass(frozen=True)
class Int8Node:
    """A node with its integers: weights, biases, requantisation, and what of it trains.

    ``weight`` int8 and ``bias`` int32 values are held as int64 in the layout of ``Node``; ``weight_scale`` is float
    [out_c]. ``input_quant`` are the operands' parameters. ``trained_in_c`` counts the leading input channels of a
    group whose weights train (a depthwise layer: 0 or 1). ``table`` holds the 256 results of a function;
    ``constants`` are further integers, in an order that the operator's class states.
    """

    index: int
    name: str
    op: str
    inputs: tuple[str, ...]
    output: str
    input_quant: tuple[QuantParams, ...]
    output_quant: QuantParams | None
    requant: Requant
    window: Window | None = None
    weight: IntArray | None = None
    bias: IntArray | None = None
    weight_scale: FloatArray | None = None
    trained_in_c: int = 0
    bias_trained: bool = False
    shared: bool = True
    table: IntArray = field(default_factory=lambda: np.zeros(0, np.int64))
    coefficients: tuple[float, ...] = ()
    constants: tuple[int, ...] = ()

    @property
    def trains(self) -> bool:
        """Whether any parameter of the node trains."""
        return self.trained_in_c > 0 or self.bias_trained


@dataclass(frozen=True)
class Int8Graph:
    """The quantised network: what the device computes."""

    nodes: tuple[Int8Node, ...]
    shapes: Mapping[str, Shape]
    quant: Mapping[str, QuantParams]
    input: str
    output: str
    target: int = 0

    @property
    def steps(self) -> int:
        """Number of pixels that have class scores of their own."""
        return self.shapes[self.output][0] * self.shapes[self.output][1]

    @property
    def sample_bytes(self) -> int:
        """Bytes of a sample: the input and, of a sequence, what its labels need beyond it."""
        h, w, c = self.shapes[self.input]
        return max(h * w * c, self.target + self.steps if self.target else 0)

    @property
    def tokens(self) -> int:
        """How many tokens the input may hold; 0 where it is no sequence of tokens."""
        readers = self.consumers(self.input)
        return max((len(n.weight) for n in readers if n.op == "embedding" and n.weight is not None), default=0)

    def consumers(self, tensor: str) -> tuple[Int8Node, ...]:
        """Nodes that read ``tensor``, in execution order."""
        return tuple(n for n in self.nodes if tensor in n.inputs)

    @property
    def classes(self) -> int:
        """Number of classes."""
        return self.shapes[self.output][2]


@dataclass(frozen=True)
class GradConstants:
    """Integer constants of a node's backward pass (NUMERICS section 3); unused ones are empty or zero.

    ``ro`` is the exponent offset of the output's gradient; ``bsh`` the finishing shift per operand. ``operand_gm`` and
    ``operand_gs`` replace ``gm`` and ``gs`` where each operand has its own; ``slopes`` are those of a function's table;
    ``constants`` are further integers, in an order that the operator's class states. ``update_ro`` is the exponent
    offset of the gradient that the node's updates read.
    """

    ro: int = 0
    bsh: tuple[int, ...] = ()
    mw: IntArray = field(default_factory=lambda: np.zeros(0, np.int64))
    fsh: int = 0
    gm: int = 0
    gs: int = 0
    gmc: IntArray = field(default_factory=lambda: np.zeros(0, np.int64))
    km: IntArray = field(default_factory=lambda: np.zeros(0, np.int64))
    ks: IntArray = field(default_factory=lambda: np.zeros(0, np.int64))
    kb: IntArray = field(default_factory=lambda: np.zeros(0, np.int64))
    kbs: IntArray = field(default_factory=lambda: np.zeros(0, np.int64))
    operand_gm: tuple[int, ...] = ()
    operand_gs: tuple[int, ...] = ()
    slopes: IntArray = field(default_factory=lambda: np.zeros(0, np.int64))
    constants: tuple[int, ...] = ()
    update_ro: int = 0

    def shift(self, operand: int) -> int:
        """gs of an operand: its gradient's sum has the exponent ro + gs."""
        return self.operand_gs[operand] if self.operand_gs else self.gs


@dataclass(frozen=True)
class Overlap:
    """``written`` may lie over ``read``, which dies in the step, if it starts ``lead`` bytes or more before it.

    A negative lead lets it start so many bytes after it: that much of ``read`` is used up before the first write.
    """

    written: str
    read: str
    lead: int


@dataclass(frozen=True)
class Segment:
    """Consecutive nodes that the forward pass computes together, ``rows`` rows of the last output a turn.

    ``rings``: rows kept of each inner tensor, which no other node reads. A single node has none and takes one turn.
    """

    nodes: tuple[int, ...]
    rows: int
    rings: Mapping[str, int]


@dataclass(frozen=True)
class Step:
    """One instruction of the training program.

    ``action``: forward, loss, mask, again, input_grad, update_weight or update_bias. ``reads`` and ``writes`` name
    buffers: activations by tensor, ``ring:tensor``, ``again:tensor`` (computed a second time), gradients
    ``grad:tensor``, ``mask:tensor`` (bits), ``input:node`` (the packed input of a weight update), ``scratch:what``.
    ``node`` is the last one where a ``segment`` has several.
    """

    action: str
    node: int
    operand: int = 0
    reads: tuple[str, ...] = ()
    writes: tuple[str, ...] = ()
    accumulate: bool = False
    overlaps: tuple[Overlap, ...] = ()
    segment: Segment | None = None


@dataclass(frozen=True)
class Program:
    """The training step of a network: forward, loss, then the pruned backward pass with updates in place.

    The sample lies in the arena and is used up there if ``buffer_bytes`` has the graph's input; else with the caller.
    """

    graph: Int8Graph
    grads: Mapping[int, GradConstants]
    steps: tuple[Step, ...]
    buffer_bytes: Mapping[str, int]
    grad_bits: int
    learning_rate: float
    fraction_bits: int = 8
    """8: trained weights keep a fraction (Q8.8 masters); 0: they are int8 alone, rounded stochastically"""

    @property
    def forward_steps(self) -> int:
        """Number of leading steps that belong to the forward pass."""
        return sum(s.action == "forward" for s in self.steps)


@dataclass(frozen=True)
class Placement:
    """Where a buffer lies in the arena and when: steps ``first`` to ``last``, both included."""

    offset: int
    size: int
    first: int
    last: int


@dataclass(frozen=True)
class MemoryPlan:
    """Arena layout of a program."""

    arena_bytes: int
    placements: Mapping[str, Placement]


Json = dict[str, Any]
