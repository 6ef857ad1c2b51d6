"""One quantised layer without a network around it: what the tests of the operators work on."""

from __future__ import annotations

import numpy as np

from tinyfl.ops.arith import qm_array
from tinyfl.types import GradConstants, Int8Node, IntArray, QuantParams, Requant, Window

LEARNING_RATE = 2.0**-6
INPUT = QuantParams(0.05, 7)


def layer(
    op: str,
    win: Window,
    rng: np.random.Generator,
    *,
    input_quant: QuantParams = INPUT,
) -> Int8Node:
    """A layer with random int8 weights and int32 biases."""
    if op == "depthwise":
        shape: tuple[int, ...] = (win.kernel_h, win.kernel_w, win.in_c)
    else:
        shape = (win.out_c, win.kernel_h, win.kernel_w, win.in_c // win.groups)
    empty = np.zeros(0, np.int64)
    return Int8Node(
        index=3,
        name="layer",
        op=op,
        inputs=("x",),
        output="y",
        input_quant=(input_quant,),
        output_quant=QuantParams(0.1, -3),
        requant=Requant(empty, empty, -3, -128, 127, False, False),
        window=win,
        weight=rng.integers(-85, 86, shape),
        bias=rng.integers(-500, 500, win.out_c),
        weight_scale=rng.uniform(0.002, 0.02, win.out_c),
        trained_in_c=1 if op == "depthwise" else shape[3],
        bias_trained=True,
    )


def rates(n: Int8Node) -> GradConstants:
    """The update's constants, from the formulas of NUMERICS section 3."""
    sx, sw = n.input_quant[0].scale, n.weight_scale
    assert sw is not None
    km, ks = qm_array(LEARNING_RATE * sx / sw * 256, 15)
    kb, kbs = qm_array(LEARNING_RATE / (sx * sw), 15)
    return GradConstants(km=km, ks=ks, kb=kb, kbs=kbs)


def random_step(n: Int8Node, rng: np.random.Generator) -> tuple[IntArray, IntArray]:
    """A random gradient of the output and a random input: [1, H, W, C] each."""
    win = n.window
    assert win is not None
    return rng.integers(-127, 128, (1, *win.out_shape)), rng.integers(-128, 128, (1, *win.in_shape))
