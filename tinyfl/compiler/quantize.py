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
from tinyfl.ops import OPS
from tinyfl.ops.arith import BIAS_LIMIT, qm, qm_array
from tinyfl.types import FloatArray, Graph, Int8Graph, Int8Node, IntArray, Node, QuantParams, Requant, UpdateScheme

TRAINED_HEADROOM = 1.5  # NUMERICS section 3: otherwise every channel's largest weight starts on the rail
_DEAD_CHANNEL = 1e-3
_NO_RANGE = 1e-30  # a narrower range is a constant 0: its scale would not be a normal number
_WINDOW_LIMIT = 255  # kernel, stride and padding are bytes of tf_window
_LOGIT_UNITS = 16


def activate(y: FloatArray, activation: str) -> FloatArray:
    """The fused activation in float."""
    if activation == "none":
        return y
    return np.clip(y, 0.0, 6.0 if activation == "relu6" else None)


def float_activations(graph: Graph, x: FloatArray) -> dict[str, FloatArray]:
    """Every tensor of the float graph for samples x [N, H, W, C]."""
    values = {graph.input: x}
    for node in graph.nodes:
        y = OPS[node.op].float_output(node, [values[t] for t in node.inputs])
        values[node.output] = activate(y, node.activation)
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
    values = float_activations(graph, calibration)
    quant: dict[str, QuantParams] = {graph.input: _params_of(graph.input, values[graph.input])}
    nodes = []
    for index, node in enumerate(graph.nodes):
        if OPS[node.op].keeps_quantisation:
            quant[node.output] = quant[node.inputs[0]]
        elif node.op != "logits":
            quant[node.output] = _params_of(node.output, values[node.output])
        nodes.append(_quantize_node(index, node, scheme, quant))
    return Int8Graph(tuple(nodes), graph.shapes, quant, graph.input, graph.output)


def _params_of(tensor: str, v: FloatArray) -> QuantParams:
    lo, hi = float(v.min()), float(v.max())
    if not (math.isfinite(lo) and math.isfinite(hi)):
        raise ModelError(f"tensor {tensor} is not finite on the calibration samples; check the data and the weights")
    return activation_params(lo, hi)


def weight_scales(weight: FloatArray, axis: int, headroom: float) -> FloatArray:
    """Per-channel scales max|w| / 127, floored so that a dead channel has no unbounded 1/s."""
    largest = np.abs(weight).max(axis=tuple(a for a in range(weight.ndim) if a != axis))
    scales = headroom * largest / 127
    top = float(scales.max())
    return np.maximum(scales, _DEAD_CHANNEL * top) if top > 0 else np.ones_like(scales)


def _quantize_node(index: int, node: Node, scheme: UpdateScheme, quant: Mapping[str, QuantParams]) -> Int8Node:
    inputs = tuple(quant[t] for t in node.inputs)
    output = quant.get(node.output)
    op = OPS[node.op]
    _check_limits(node)
    weight = bias = scale = None
    update = scheme.of(node.name) if op.parametrised else None
    if op.parametrised:
        assert node.weight is not None
        assert node.bias is not None
        if not (np.isfinite(node.weight).all() and np.isfinite(node.bias).all()):
            raise ModelError(f"node {node.name}: its weights are not finite; train the network again")
        axis = 2 if node.op == "depthwise" else 0
        trained = update is not None and update.ratio > 0
        scale = weight_scales(node.weight, axis, TRAINED_HEADROOM if trained else 1.0)
        shape = [-1 if a == axis else 1 for a in range(node.weight.ndim)]
        weight = np.clip(np.floor(node.weight / scale.reshape(shape) + 0.5), -127, 127).astype(np.int64)
        bias = np.clip(np.floor(node.bias / (inputs[0].scale * scale) + 0.5), -BIAS_LIMIT, BIAS_LIMIT).astype(np.int64)
    return Int8Node(
        index=index,
        name=node.name,
        op=node.op,
        inputs=node.inputs,
        output=node.output,
        input_quant=inputs,
        output_quant=output,
        requant=_requant(node, inputs, output, scale),
        window=node.window,
        weight=weight,
        bias=bias,
        weight_scale=scale,
        trained_in_c=trained_in_channels(node, update),
        bias_trained=update is not None and update.bias,
        shared=update is not None and update.shared,
    )


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
    node: Node, inputs: tuple[QuantParams, ...], output: QuantParams | None, weight_scale: FloatArray | None
) -> Requant:
    m, s = _multiplier(node, inputs, output, weight_scale)
    if output is None:
        return Requant(m, s, 0, -128, 127, False, False)
    z = output.zero_point
    lo, hi, mask_hi = -128, 127, False
    if node.activation != "none":
        lo = z
    if node.activation == "relu6":
        six = z + math.floor(6 / output.scale + 0.5)
        hi, mask_hi = min(127, six), six <= 127
    return Requant(m, s, z, lo, hi, node.activation != "none", mask_hi)


def _multiplier(
    node: Node, inputs: tuple[QuantParams, ...], output: QuantParams | None, weight_scale: FloatArray | None
) -> tuple[IntArray, IntArray]:
    if weight_scale is not None:
        to = _LOGIT_UNITS if output is None else 1 / output.scale
        return qm_array(inputs[0].scale * weight_scale * to, 31)
    assert output is not None
    if node.op == "add":
        ratio = [math.floor(q.scale / output.scale * 2**20 + 0.5) for q in inputs]
        if max(ratio) >= 1 << 31:
            raise ModelError(f"node {node.name}: an operand's scale is over 2048 times the sum's; recalibrate")
        return np.array(ratio, np.int64), np.full(2, 20, np.int64)
    if node.op == "avg_pool":
        assert node.window is not None
        m, s = qm(inputs[0].scale / (output.scale * node.window.taps), 31)
        return np.array([m], np.int64), np.array([s], np.int64)
    empty = np.zeros(0, np.int64)
    return empty, empty
