"""C declarations of a node's constants; names are ``n<index>_<what>``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields

from tinyfl.compiler.c_elementwise import elementwise_constants, elementwise_gradients
from tinyfl.compiler.c_text import array, struct
from tinyfl.compiler.layout import TrainedTensor
from tinyfl.ops import OPS, weighted
from tinyfl.types import GradConstants, Int8Node, Shape


def comment(name: str) -> str:
    """A name that cannot end the comment it stands in."""
    return name.replace("*/", "* /")


def tensor_table(tensors: tuple[TrainedTensor, ...]) -> str:
    """The model's list of trained tensors."""
    rows = "".join(
        f"    {{{t.offset}, {t.count}, {int(t.is_bias)}, {int(t.shared)}}}, /* {comment(t.name)} */\n" for t in tensors
    )
    return f"static const tf_tensor tensors[{len(tensors)}] = {{\n{rows}}};\n"


def node_constants(
    n: Int8Node, g: GradConstants | None, shapes: Mapping[str, Shape], operands: Mapping[int, bool]
) -> str:
    """Everything the calls of one node refer to.

    ``operands`` are those whose gradient is computed, and whether it adds to one that exists.
    """
    i, r = n.index, n.requant
    h, w, c = shapes[n.output]
    out = f"enum {{ n{i}_count = {h * w * c} }}; /* {n.op} {comment(n.name)} */\n"
    own = OPS[n.op].c_constants(n, shapes)
    if n.window is not None:
        out += window_constant(n)
    if own is not None:
        out += own
    elif n.window is None:
        out += elementwise_constants(n, shapes)
    elif r.m.size:
        out += array("int32_t", f"n{i}_m", r.m) + array("int8_t", f"n{i}_s", r.s)
        out += struct("tf_requant", f"n{i}_rq", m=f"n{i}_m", s=f"n{i}_s", zero_point=r.zero_point, lo=r.lo, hi=r.hi)
    if OPS[n.op].parametrised:
        out += _frozen(n)
    return out + (_gradient(n, g, operands) if g is not None else "")


def window_constant(n: Int8Node, of: str = "") -> str:
    """The node's tf_window; ``of`` ends its name."""
    assert n.window is not None
    w = n.window
    members = {f.name: getattr(w, f.name) for f in fields(w)}
    return struct(
        "tf_window",
        f"n{n.index}_win{of}",
        **members,
        trained_in_c=n.trained_in_c,
        in_zero_point=n.input_quant[0].zero_point,
    )


def _frozen(n: Int8Node) -> str:
    assert n.weight is not None
    assert n.bias is not None
    out = ""
    whole = n.trained_in_c > 0 and not weighted(n.op).sub_channels
    rest = n.weight[:0] if whole else n.weight[..., n.trained_in_c :]
    if rest.size:
        out += array("int8_t", f"n{n.index}_frozen", rest)
    if not n.bias_trained and n.bias.size:
        out += array("int32_t", f"n{n.index}_bias", n.bias)
    return out


def _gradient(n: Int8Node, g: GradConstants, operands: Mapping[int, bool]) -> str:
    i = n.index
    out = ""
    finishes = {operand: f"{{{g.bsh[operand]}, {int(accumulate)}}}" for operand, accumulate in operands.items()}
    own = OPS[n.op].c_grad_constants(n, g, finishes)
    if own is not None:
        out += own
    elif n.window is None or n.op == "max_pool":
        out += elementwise_gradients(n, g, finishes)
    elif finishes:
        gmc = mw = "0"
        if g.gmc.size:
            out += array("uint16_t", f"n{i}_gmc", g.gmc)
            gmc = f"n{i}_gmc"
        if g.mw.size:
            out += array("tf_fold_scale", f"n{i}_mw", g.mw)
            mw = f"n{i}_mw"
        out += struct("tf_input_grad", f"n{i}_ig", finish=finishes[0], gm=g.gm, gmc=gmc, mw=mw, fsh=g.fsh)
    return out + (_rates(i, g) if n.trains else "")


def _rates(i: int, g: GradConstants) -> str:
    out = ""
    members = {}
    rows = (("km", "uint16_t", g.km), ("ks", "int8_t", g.ks), ("kb", "uint16_t", g.kb), ("kbs", "int8_t", g.kbs))
    for name, ctype, values in rows:
        members[name] = f"n{i}_{name}" if values.size else "0"
        if values.size:
            out += array(ctype, f"n{i}_{name}", values)
    return out + struct("tf_rate", f"n{i}_rate", **members)
