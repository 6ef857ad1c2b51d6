"""MCUNetV3's ablation: weights and biases follow the gradient of their integers, not scaled by 1/s^2."""

from __future__ import annotations

from dataclasses import replace

from tinyfl.compiler.bundle import Bundle
from tinyfl.ops.arith import qm_array
from tinyfl.types import GradConstants, Int8Node


def without_qas(bundle: Bundle, learning_rate: float) -> Bundle:
    """The same training step with ``learning_rate`` times dL/dw_int as the step of every integer weight and bias."""
    program = bundle.program
    grads = {i: _unscaled(program.graph.nodes[i], g, learning_rate) for i, g in program.grads.items()}
    return replace(bundle, program=replace(program, grads=grads, learning_rate=learning_rate))


def _unscaled(n: Int8Node, g: GradConstants, rate: float) -> GradConstants:
    """dL/dw_int = s_w dL/dw and dL/db_int = s_x s_w dL/db, where QAS has 1/s_w and 1/(s_x s_w)."""
    if n.weight_scale is None:
        return g
    s_x = n.input_quant[0].scale
    if g.km.size:
        km, ks = qm_array(rate * s_x * n.weight_scale * 256, 15)
        g = replace(g, km=km, ks=ks)
    if g.kb.size:
        kb, kbs = qm_array(rate * s_x * n.weight_scale, 15)
        g = replace(g, kb=kb, kbs=kbs)
    return g
