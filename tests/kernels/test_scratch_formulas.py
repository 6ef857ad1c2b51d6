"""The compiler's scratch sizes are those that the kernels' header states and their tests use."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from kernel_cases import examples, windows
from kernel_grad_scratch import conv_grad_scratch, conv_update_scratch, depthwise_grad_scratch, pointwise_grad_scratch
from kernel_library import Window as Struct
from kernel_scratch import conv_scratch, depthwise_scratch

from tinyfl.ops import OPS
from tinyfl.types import Int8Node, QuantParams, Requant, Window


def node_of(op: str, win: Struct) -> Int8Node:
    fields = {name: getattr(win, name) for name in Window.__dataclass_fields__}
    empty = np.zeros(0, np.int64)
    requant = Requant(empty, empty, 0, -128, 127, False, False)
    quant = QuantParams(1.0, 0)
    return Int8Node(
        0, op, op, ("x",), "y", (quant,), quant, requant, Window(**fields), empty, empty, None, win.trained_in_c
    )


@examples
@given(windows(), st.integers(1, 9), st.sampled_from([1, 2]))
def test_conv(win: Struct, rows: int, grad_bytes: int) -> None:
    n = node_of("conv", win)
    assert OPS["conv"].forward_scratch_bytes(n, rows) == conv_scratch(win, rows)
    assert OPS["conv"].scratch_bytes(n, grad_bytes) == conv_grad_scratch(win, grad_bytes)
    assert OPS["conv"].update_scratch_bytes(n, grad_bytes) == conv_update_scratch(win)


@examples
@given(windows(pointwise=True), st.integers(1, 9))
def test_pointwise(win: Struct, rows: int) -> None:
    n = node_of("pointwise", win)
    assert OPS["pointwise"].forward_scratch_bytes(n, rows) == conv_scratch(win, rows)
    assert OPS["pointwise"].scratch_bytes(n, 1) == pointwise_grad_scratch(win)


@examples
@given(windows(channelwise=True), st.integers(1, 9))
def test_depthwise(win: Struct, rows: int) -> None:
    n = node_of("depthwise", win)
    assert OPS["depthwise"].forward_scratch_bytes(n, rows) == depthwise_scratch(win, rows)
    assert OPS["depthwise"].scratch_bytes(n, 1) == depthwise_grad_scratch(win)
