"""The operators by name: the one table that the compiler's passes look into."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from tinyfl.ops.activation import Activation
from tinyfl.ops.add import Add
from tinyfl.ops.attention import Attention
from tinyfl.ops.avg_pool import AvgPool
from tinyfl.ops.concat import Concat
from tinyfl.ops.conv import Conv, Logits, Pointwise
from tinyfl.ops.crop import Crop
from tinyfl.ops.depthwise import Depthwise
from tinyfl.ops.embedding import Embedding, Positions
from tinyfl.ops.gru import Gru
from tinyfl.ops.lstm import Lstm
from tinyfl.ops.matmul import Matmul
from tinyfl.ops.max_pool import MaxPool
from tinyfl.ops.mul import Mul, MulChannels
from tinyfl.ops.norm import Norm, RmsNorm
from tinyfl.ops.operator import Operator
from tinyfl.ops.requantize import Requantize
from tinyfl.ops.sub import Sub
from tinyfl.ops.table import FUNCTIONS
from tinyfl.ops.weighted import Weighted
from tinyfl.types import Node, Shape

OPS: dict[str, Operator] = {
    "conv": Conv(),
    "pointwise": Pointwise(),
    "depthwise": Depthwise(),
    "logits": Logits(),
    "add": Add(),
    "avg_pool": AvgPool(),
    "max_pool": MaxPool(),
    "activation": Activation(),
    "sub": Sub(),
    "mul": Mul(),
    "mul_channels": MulChannels(),
    "concat": Concat(),
    "requantize": Requantize(),
    "crop": Crop(),
    "attention": Attention(),
    "matmul": Matmul(),
    "layer_norm": Norm(),
    "rms_norm": RmsNorm(),
    "embedding": Embedding(),
    "positions": Positions(),
    "gru": Gru(),
    "lstm": Lstm(),
    **FUNCTIONS,
}


def framed(n: Node, shapes: Mapping[str, Shape]) -> Node:
    """The node with the window that its operator has among tensors of these shapes."""
    return replace(n, window=OPS[n.op].window_for(n, shapes))


def weighted(op: str) -> Weighted:
    """The operator ``op``, which must have weights."""
    found = OPS[op]
    if not isinstance(found, Weighted):
        raise TypeError(f"operator {op} has no weights")
    return found
