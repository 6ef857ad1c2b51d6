"""Import of an int8 ``.tflite`` network: its integers stay as they are, scales and zero points are prescribed.

SOFTMAX, DEQUANTIZE and QUANTIZE at either end are dropped: the loss takes class scores, devices work on int8 samples.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tinyfl.compiler.fold import finish
from tinyfl.compiler.frontends.tflite_builder import Builder
from tinyfl.compiler.frontends.tflite_elementwise import activation, add, function, mul, sub
from tinyfl.compiler.frontends.tflite_layers import conv_2d, depthwise_conv_2d, fully_connected
from tinyfl.compiler.frontends.tflite_pad import pad
from tinyfl.compiler.frontends.tflite_pooling import average_pool_2d, max_pool_2d, mean
from tinyfl.compiler.frontends.tflite_reader import File, Operator, Tensor, read_tflite
from tinyfl.compiler.frontends.tflite_shapes import concatenation, reshape
from tinyfl.errors import ModelError
from tinyfl.types import Graph

_HANDLERS: dict[str, Callable[[Builder, Operator], None]] = {
    "ADD": add,
    "AVERAGE_POOL_2D": average_pool_2d,
    "CONCATENATION": concatenation,
    "CONV_2D": conv_2d,
    "DEPTHWISE_CONV_2D": depthwise_conv_2d,
    "EXPAND_DIMS": reshape,
    "FULLY_CONNECTED": fully_connected,
    "HARD_SWISH": function,
    "LOGISTIC": function,
    "MAX_POOL_2D": max_pool_2d,
    "MEAN": mean,
    "MUL": mul,
    "PAD": pad,
    "QUANTIZE": activation,
    "RELU": activation,
    "RELU6": activation,
    "RELU_N1_TO_1": activation,
    "RESHAPE": reshape,
    "SQUEEZE": reshape,
    "SUB": sub,
    "TANH": function,
}
_NEAREST = {
    "BATCH_MATMUL": "use FULLY_CONNECTED with constant weights",
    "DEQUANTIZE": "quantise the whole network to int8",
    "DIV": "multiply by the constant's inverse",
    "ELU": "use HARD_SWISH or RELU",
    "EXP": "use LOGISTIC or TANH",
    "GELU": "use HARD_SWISH",
    "IF": "export the network without branches on data",
    "LEAKY_RELU": "use RELU or HARD_SWISH",
    "LOG_SOFTMAX": "end the network in its class scores or SOFTMAX",
    "MAXIMUM": "use RELU",
    "MINIMUM": "use RELU6",
    "MIRROR_PAD": "use PAD, which fills with zeros",
    "PADV2": "use PAD, which fills with zeros",
    "PRELU": "use RELU or HARD_SWISH",
    "REDUCE_MAX": "use MAX_POOL_2D as large as the image",
    "REDUCE_MEAN": "use MEAN",
    "SOFTMAX": "use it at the end alone",
    "SUM": "use MEAN over height and width",
    "TRANSPOSE_CONV": "use CONV_2D",
    "UNIDIRECTIONAL_SEQUENCE_LSTM": "use convolutions over time",
    "WHILE": "export the network without loops; use convolutions over time for a recurrent layer",
}
_RESHAPES = ("EXPAND_DIMS", "RESHAPE", "SQUEEZE")


def import_tflite(path: Path) -> Graph:
    """Graph of a classifier in a ``.tflite`` file, with prescribed quantisation.

    Raises ModelError if the file is damaged or holds what is not supported: operator, node and nearest form.
    """
    file = read_tflite(path)
    for what, tensors in (("inputs", file.inputs), ("outputs", file.outputs)):
        if len(tensors) != 1:
            raise ModelError(f"{path} has {len(tensors)} {what}; export a network with one input and its class scores")
    source, operators = _without_head(file)
    scores, operators = _without_tail(file, operators)
    b = Builder()
    b.scores = _before_reshapes(scores, operators)
    first = next((op for op in operators if source in op.inputs), None)
    if first is None:
        raise ModelError(f"{path} computes nothing from its input; export the network again")
    name = b.add_input(first, source)
    for op in operators:
        handler = _HANDLERS.get(op.kind)
        if handler is None:
            remedy = _NEAREST.get(op.kind, f"supported are {', '.join(_HANDLERS)}")
            b.refuse(op, "is not supported" + (" here" if op.kind == "SOFTMAX" else ""), remedy)
        handler(b, op)
    return finish(b.nodes, b.shapes, name, b.values[scores.index].tensor, b.quant)


def _without_head(file: File) -> tuple[Tensor, list[Operator]]:
    """The int8 input, and the operators without the QUANTIZE that makes it from a float or uint8 one."""
    source, operators = file.inputs[0], list(file.operators)
    readers = [op for op in operators if source in op.inputs]
    if len(readers) == 1 and readers[0].kind == "QUANTIZE" and source.dtype in ("FLOAT32", "UINT8"):
        return readers[0].outputs[0], [op for op in operators if op is not readers[0]]
    return source, operators


def _without_tail(file: File, operators: list[Operator]) -> tuple[Tensor, list[Operator]]:
    """The class scores, and the operators without what turns them into probabilities or other units."""
    scores = file.outputs[0]
    while True:
        last = next((op for op in operators if scores in op.outputs), None)
        if last is None or last.kind not in ("SOFTMAX", "DEQUANTIZE", "QUANTIZE") or last.inputs[0] is None:
            return scores, operators
        if last.kind == "SOFTMAX" and last.options["Beta"] != 1:
            raise ModelError(f"node {last.index} ({scores.name}): SOFTMAX has beta {last.options['Beta']}; use beta 1")
        scores = last.inputs[0]
        operators = [op for op in operators if op is not last]


def _before_reshapes(scores: Tensor, operators: list[Operator]) -> int:
    """Index of the tensor that holds the class scores before they are reshaped."""
    while True:
        last = next((op for op in operators if scores in op.outputs), None)
        if last is None or last.kind not in _RESHAPES or last.inputs[0] is None:
            return scores.index
        scores = last.inputs[0]
