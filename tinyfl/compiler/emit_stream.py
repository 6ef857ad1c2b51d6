"""C of a network that computes one step at a time: the function ``stream`` and the constants it has of its own."""

from __future__ import annotations

from dataclasses import replace

from tinyfl.compiler.c_constants import comment, window_constant
from tinyfl.compiler.c_names import Names
from tinyfl.compiler.c_text import struct
from tinyfl.compiler.emit_forward import declarations, whole_call
from tinyfl.compiler.stream import Remembered, Stream, taps_of
from tinyfl.ops import OPS
from tinyfl.types import Int8Node, Step

_HEAD = "static int stream(tf_net *net, void *state, const int8_t *x, int16_t *logits) {\n"


def stream_function(stream: Stream) -> str:
    """``stream`` and what it refers to beside the constants of the whole network."""
    graph = stream.program.graph
    names = Names(stream.program, stream.plan)
    of = {r.node: r for r in stream.remembered}
    constants = "".join(_constants(stream, n, of.get(n.index)) for n in graph.nodes)
    begins = [f"tf_past_begin(&n{r.node}_past, words + {r.word});" for r in stream.remembered if r.past]
    lines = ["uint32_t *const words = state;", "const uint32_t t = words[0];"]
    lines += [f"if (t >= {stream.most}u) {{", "    return TF_ERR_SPACE;", "}"] if stream.most else []
    lines += ["if (t == 0) {", *(f"    {line}" for line in begins), "}"] if begins else []
    for step in stream.program.steps:
        n = graph.nodes[step.node]
        lines += _gather(names, n, step, of[n.index]) if step.action == "gather" else _forward(names, n, step, of)
    if not any("net->" in line for line in lines):
        lines.insert(0, "(void)net;")
    lines += ["words[0] = t + (t < UINT32_MAX);", "return TF_OK;"]
    body = "".join(f"    {line}\n" for line in lines)
    return f"{constants}\n{_HEAD}{body}}}\n"


def _constants(stream: Stream, n: Int8Node, kept: Remembered | None) -> str:
    out = OPS[n.op].c_step_constants(n, stream.program.graph.shapes)
    if n.window is not None:
        out += window_constant(n, "_step")
    if kept is None or kept.past is None:
        return out
    past, whole = kept.past, stream.program.graph
    members = {"steps": past.steps, "taps": past.taps, "apart": past.apart, "channels": whole.shapes[kept.tensor][2]}
    return out + struct("tf_past", f"n{n.index}_past", **members, zero_point=n.input_quant[0].zero_point)


def _gather(names: Names, n: Int8Node, step: Step, kept: Remembered) -> list[str]:
    taps = names.pointer(taps_of(n.index))
    return [f"tf_past_take(&n{n.index}_past, words + {kept.word}, {names.pointer(step.reads[0])}, {taps});"]


def _forward(names: Names, n: Int8Node, step: Step, kept: dict[int, Remembered]) -> list[str]:
    """One step of a node, in a block of its own."""
    h, w, c = names.program.graph.shapes[n.output]
    state = f"words + {kept[n.index].word}" if n.index in kept and kept[n.index].past is None else ""
    arguments = replace(whole_call(names, step, n, str(h * w * c)), step="t", state=state)
    lines = [*declarations(names, step, [n]), f"{OPS[n.op].c_forward(n, arguments)};"]
    return [f"{{ /* {n.op} {comment(n.name)} */", *(f"    {line}" for line in lines), "}"]
