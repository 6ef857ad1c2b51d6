"""C declarations of the constants of operators without a window."""

from __future__ import annotations

from collections.abc import Mapping

from tinyfl.compiler.c_text import array, struct
from tinyfl.types import GradConstants, Int8Node, Shape


def elementwise_constants(n: Int8Node, shapes: Mapping[str, Shape]) -> str:
    """What the forward call of a node refers to."""
    i, r, q = n.index, n.requant, n.input_quant
    out = {"zero_point": r.zero_point, "lo": r.lo, "hi": r.hi}
    if n.op in ("add", "sub"):
        m = {"m0": int(r.m[0]), "m1": int(r.m[1])}
        return struct("tf_add", f"n{i}_add", **m, zero_point0=q[0].zero_point, zero_point1=q[1].zero_point, **out)
    if n.op in ("mul", "mul_channels"):
        zeros = {"zero_point0": q[0].zero_point, "zero_point1": q[1].zero_point}
        text = struct("tf_mul", f"n{i}_mul", m=int(r.m[0]), s=int(r.s[0]), **zeros, **out)
        return text + (f"enum {{ n{i}_gates = {shapes[n.inputs[1]][2]} }};\n" if n.op == "mul_channels" else "")
    if n.op == "requantize":
        m = {"m": int(r.m[0]), "s": int(r.s[0]), "in_zero_point": q[0].zero_point}
        return struct("tf_rescale", f"n{i}_rescale", **m, **out)
    if n.op == "concat":
        return _parts(n, shapes, out)
    return array("int8_t", f"n{i}_table", n.table) if n.table.size else ""


def _parts(n: Int8Node, shapes: Mapping[str, Shape], out: Mapping[str, int]) -> str:
    h, w, c = shapes[n.output]
    text = f"enum {{ n{n.index}_pixels = {h * w} }};\n"
    first = 0
    for k, tensor in enumerate(n.inputs):
        channels = shapes[tensor][2]
        place = {"channels": channels, "out_channels": c, "first": first}
        ratio = {"m": int(n.requant.m[k]), "in_zero_point": n.input_quant[k].zero_point}
        text += struct("tf_concat", f"n{n.index}_part{k}", **place, **ratio, **out)
        first += channels
    return text


def elementwise_gradients(n: Int8Node, g: GradConstants, finishes: Mapping[int, str]) -> str:
    """What the input-gradient calls of a node refer to; ``finishes`` are the operands' tf_finish initialisers."""
    i = n.index
    text = array("int16_t", f"n{i}_slopes", g.slopes) if g.slopes.size and finishes else ""
    for operand, finish in finishes.items():
        if g.operand_gm:
            other = n.input_quant[1 - operand].zero_point
            members = {"finish": finish, "gm": g.operand_gm[operand], "zero_point": other}
            text += struct("tf_mul_grad", f"n{i}_mg{operand}", **members)
        else:
            text += f"static const tf_finish n{i}_finish{operand} = {finish};\n"
    return text
