"""Post-training quantisation: a float graph, its scheme and calibration samples become an int8 graph.

TFLite's scheme: weights per output channel symmetric, activations per tensor affine; formulas in docs/NUMERICS.md
section 3.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from tinyfl.compiler.scheme import trained_in_channels
from tinyfl.errors import ModelError
from tinyfl.ops import OPS, framed
from tinyfl.ops.arith import BIAS_LIMIT, qm_array
from tinyfl.ops.operator import ForwardConstants, operands
from tinyfl.ops.table import Table, tabled
from tinyfl.ops.weighted import Weighted
from tinyfl.types import (
    FloatArray,
    Graph,
    Int8Graph,
    Int8Node,
    IntArray,
    LayerUpdate,
    Node,
    QuantParams,
    Requant,
    Shape,
    UpdateScheme,
)

TRAINED_HEADROOM = 1.5  # NUMERICS section 3: otherwise every channel's largest weight starts on the rail
_DEAD_CHANNEL = 1e-3
_NO_RANGE = 1e-30  # a narrower range is a constant 0: its scale would not be a normal number
_WINDOW_LIMIT = 255  # kernel, stride and padding are bytes of tf_window
_LOGIT_UNITS = 16
_CHUNK_ELEMENTS = 1 << 23  # 64 MB of float64
_CLAMPS = {"none": (-math.inf, math.inf), "relu": (0.0, math.inf), "relu6": (0.0, 6.0), "relu_n1_to_1": (-1.0, 1.0)}


def activate(y: FloatArray, activation: str) -> FloatArray:
    """The fused activation in float."""
    return y if activation == "none" else np.clip(y, *_CLAMPS[activation])


def float_activations(graph: Graph, x: FloatArray) -> dict[str, FloatArray]:
    """Every tensor of the float graph for samples x [N, H, W, C]."""
    values = {graph.input: x}
    for node in graph.nodes:
        y = OPS[node.op].float_output(node, operands(node, values, graph.shapes))
        values[node.output] = activate(y, node.activation).reshape(len(x), *graph.shapes[node.output])
    return values


def activation_params(lo: float, hi: float) -> QuantParams:
    """Scale and zero point that hold lo..hi and represent 0 exactly."""
    lo, hi = min(lo, 0.0), max(hi, 0.0)
    scale = (hi - lo) / 255 if hi - lo > _NO_RANGE else 1.0
    return QuantParams(scale, int(np.clip(math.floor(-128 - lo / scale + 0.5), -128, 127)))


def to_int8(x: FloatArray, q: QuantParams) -> IntArray:
    """Float values quantised with ``q`` and saturated; int8 values held as int64."""
    return np.clip(np.floor(x / q.scale + 0.5) + q.zero_point, -128, 127).astype(np.int64)


def quantize(graph: Graph, scheme: UpdateScheme, calibration: FloatArray) -> Int8Graph:
    """Quantise ``graph`` with the ranges seen on ``calibration`` [N, H, W, C].

    Raises ModelError if the samples do not fit the network's input or a value is not finite.
    """
    if calibration.ndim != 4 or calibration.shape[1:] != graph.shapes[graph.input] or not len(calibration):
        raise ModelError(
            f"calibration samples of shape {calibration.shape[1:]} do not fit the network's input "
            f"{graph.shapes[graph.input]}; pass an array [N, H, W, C] with N > 0"
        )
    quant = _tensor_params(graph, scheme, calibration)
    nodes = tuple(_quantize_node(i, framed(n, graph.shapes), scheme, quant) for i, n in enumerate(graph.nodes))
    return Int8Graph(nodes, graph.shapes, quant, graph.input, graph.output, graph.target)


def _tensor_params(graph: Graph, scheme: UpdateScheme, calibration: FloatArray) -> dict[str, QuantParams]:
    """Quantisation of every int8 tensor: prescribed, taken over from the input, or calibrated."""
    own = [graph.input, *(n.output for n in graph.nodes if n.op != "logits" and not OPS[n.op].keeps_quantisation)]
    quant = dict(graph.quant)
    if not quant.keys() >= set(own):
        ranges = float_ranges(graph, calibration)
        quant = {t: quant.get(t) or _params_of(t, *ranges[t]) for t in own}
    for node in graph.nodes:
        if OPS[node.op].keeps_quantisation:
            quant[node.output] = quant[node.inputs[0]]
        if node.output in graph.alike:
            quant[node.output] = quant[graph.alike[node.output]]
        own_params = OPS[node.op].own_quantisation(node, _headroom(scheme.of(node.name)))
        if own_params is not None:
            quant[node.output] = own_params
    return quant


def float_ranges(graph: Graph, x: FloatArray) -> dict[str, tuple[float, float]]:
    """Smallest and largest value of every tensor over samples x [N, H, W, C], a few samples at a time."""
    ranges: dict[str, tuple[float, float]] = {}
    for part in chunks(graph.shapes, len(x)):
        for tensor, v in float_activations(graph, x[part]).items():
            lo, hi = float(v.min()), float(v.max())
            seen = ranges.get(tensor, (lo, hi))
            # NaN must survive: min and max of Python would drop it
            ranges[tensor] = (float(np.minimum(lo, seen[0])), float(np.maximum(hi, seen[1])))
    return ranges


def chunks(shapes: Mapping[str, Shape], samples: int) -> list[slice]:
    """Slices of the samples whose tensors together stay small enough for the memory of a small machine."""
    elements = sum(h * w * c for h, w, c in shapes.values())
    size = max(1, _CHUNK_ELEMENTS // elements)
    return [slice(start, start + size) for start in range(0, samples, size)]


def _params_of(tensor: str, lo: float, hi: float) -> QuantParams:
    if not (math.isfinite(lo) and math.isfinite(hi)):
        raise ModelError(f"tensor {tensor} is not finite on the calibration samples; check the data and the weights")
    return activation_params(lo, hi)


def weight_scales(weight: FloatArray, axis: int, headroom: float) -> FloatArray:
    """Per-channel scales max|w| / 127."""
    return headroom * np.abs(weight).max(axis=tuple(a for a in range(weight.ndim) if a != axis)) / 127


def floored(scales: FloatArray) -> FloatArray:
    """Scales floored at a share of the layer's largest, so that a dead channel has no unbounded 1/s."""
    top = float(scales.max())
    return np.maximum(scales, _DEAD_CHANNEL * top) if top > 0 else np.ones_like(scales)


def _headroom(update: LayerUpdate | None) -> float:
    return TRAINED_HEADROOM if update is not None and update.ratio > 0 else 1.0


def _quantize_node(index: int, node: Node, scheme: UpdateScheme, quant: Mapping[str, QuantParams]) -> Int8Node:
    inputs = tuple(quant[t] for t in node.inputs)
    output = quant.get(node.output)
    _check_limits(node)
    op = OPS[node.op]
    weight = bias = scale = update = None
    if isinstance(op, Weighted):
        update = scheme.of(node.name)
        assert node.weight is not None
        assert node.bias is not None
        if not (np.isfinite(node.weight).all() and np.isfinite(node.bias).all()):
            raise ModelError(f"node {node.name}: its weights are not finite; train the network again")
        scale = floored(_weight_scales(op, node, _headroom(update)))
        shape = [-1 if a == op.channel_axis() else 1 for a in range(node.weight.ndim)]
        weight = np.clip(np.floor(node.weight / scale.reshape(shape) + 0.5), -127, 127).astype(np.int64)
        real = node.bias / (op.input_scale(inputs) * scale) if node.bias.size else node.bias
        bias = np.clip(np.floor(real + 0.5), -BIAS_LIMIT, BIAS_LIMIT).astype(np.int64)
    special = None if output is None else op.forward_constants(node, inputs, output, scale)
    requant = _requant(node, inputs, output, scale, special)
    return Int8Node(
        index=index,
        name=node.name,
        op=node.op,
        inputs=node.inputs,
        output=node.output,
        input_quant=inputs,
        output_quant=output,
        requant=requant,
        window=node.window,
        weight=weight,
        bias=bias,
        weight_scale=scale,
        trained_in_c=trained_in_channels(node, update),
        bias_trained=update is not None and update.bias and bias is not None and bias.size > 0,
        shared=update is not None and update.shared,
        table=_table(node, inputs[0], output or inputs[0], requant),
        coefficients=node.coefficients,
        constants=() if special is None else special.constants,
    )


def _weight_scales(op: Weighted, node: Node, headroom: float) -> FloatArray:
    assert node.weight is not None
    if node.weight_scale is not None:
        return node.weight_scale
    if op.one_scale:
        return headroom * np.abs(node.weight).max(keepdims=True).reshape(1) / 127
    return weight_scales(node.weight, op.channel_axis(), headroom)


def _check_limits(node: Node) -> None:
    """What the kernels' integers hold (NUMERICS section 7)."""
    w = node.window
    if w is None:
        return
    largest = max(w.kernel_h, w.kernel_w, w.stride_h, w.stride_w, w.pad_top, w.pad_left)
    if largest > _WINDOW_LIMIT:
        raise ModelError(
            f"node {node.name}: a kernel, stride or padding of {largest} is over {_WINDOW_LIMIT}; pool in two steps"
        )
    terms = w.taps * (1 if node.op in ("depthwise", "avg_pool", "max_pool") else w.in_c // w.groups)
    if 127 * 255 * terms >= 1 << 30:
        raise ModelError(f"node {node.name}: a sum of {terms} products can overflow 32 bits; make the layer smaller")


def _requant(
    node: Node,
    inputs: tuple[QuantParams, ...],
    output: QuantParams | None,
    weight_scale: FloatArray | None,
    special: ForwardConstants | None,
) -> Requant:
    m, s = (special.m, special.s) if special else _multiplier(node, inputs, output, weight_scale)
    if output is None:
        return Requant(m, s, 0, -128, 127, False, False)
    z = output.zero_point
    below, above = (min(abs(end) / output.scale, 256.0) for end in _CLAMPS[node.activation])
    lo, hi = z - math.floor(below + 0.5), z + math.floor(above + 0.5)
    mask_lo, mask_hi = z - math.ceil(below - 0.5) >= -128, z + math.ceil(above - 0.5) <= 127
    return Requant(m, s, z, max(-128, lo), min(127, hi), mask_lo, mask_hi)


def _multiplier(
    node: Node, inputs: tuple[QuantParams, ...], output: QuantParams | None, weight_scale: FloatArray | None
) -> tuple[IntArray, IntArray]:
    if weight_scale is not None:
        to = _LOGIT_UNITS if output is None else 1 / output.scale
        return qm_array(inputs[0].scale * weight_scale * to, 31)
    assert output is not None
    if node.op in ("add", "sub", "concat"):
        return _ratios(node, inputs, output)
    one = None
    if node.op == "avg_pool":
        assert node.window is not None
        one = inputs[0].scale / (output.scale * node.window.taps)
    elif node.op in ("mul", "mul_channels"):
        one = inputs[0].scale * inputs[1].scale / output.scale
    elif node.op == "requantize":
        one = inputs[0].scale / output.scale
    return qm_array(np.zeros(0) if one is None else np.array([one]), 31)


def _ratios(node: Node, inputs: tuple[QuantParams, ...], output: QuantParams) -> tuple[IntArray, IntArray]:
    """Q20 ratio of each operand's scale to the output's; that of what sub takes away is negative."""
    ratio = [math.floor(q.scale / output.scale * 2**20 + 0.5) for q in inputs]
    if max(ratio) >= 1 << 31:
        raise ModelError(f"node {node.name}: an operand's scale is over 2048 times the output's; recalibrate")
    if node.op == "sub":
        ratio[1] = -ratio[1]
    return np.array(ratio, np.int64), np.full(len(ratio), 20, np.int64)


def _table(node: Node, x: QuantParams, y: QuantParams, r: Requant) -> IntArray:
    """Results of a function for the 256 values of its input."""
    op = OPS[node.op]
    if not isinstance(op, Table):
        return np.zeros(0, np.int64)
    real = op.value(tabled(x), node.coefficients)
    return np.clip(np.floor(real / y.scale + 0.5) + y.zero_point, r.lo, r.hi).astype(np.int64)
