"""C of the training step: forward pass, loss, then straight-line calls of the backward pass."""

from __future__ import annotations

from tinyfl.compiler.autodiff import grad_of, kept_of, mask_of
from tinyfl.compiler.c_names import Names
from tinyfl.compiler.rows import row_bytes
from tinyfl.ops import OPS, weighted
from tinyfl.ops.operator import CallArguments
from tinyfl.ops.weighted import UpdateArguments
from tinyfl.types import Int8Node, Step


def train_function(names: Names) -> str:
    """``train_step``."""
    program = names.program
    graph = program.graph
    backward = program.steps[program.forward_steps + 1 :]
    steps = "".join(_backward(step, names) for step in backward)
    used = [n for n in graph.nodes if OPS[n.op].parametrised and f"&n{n.index}_wt" in steps]
    body = "".join(f"    {names.weights(n, biased=OPS[n.op].grad_needs_bias)}\n" for n in used)
    body += "    (void)label;\n" if graph.target else ""
    grad, scratch = names.pointer(grad_of(graph.output)), names.pointer("scratch:loss")
    body += (
        f"    int16_t *logits = (int16_t *)(void *)({names.at(graph.output)});\n"
        "    forward_pass(net, x, logits, 1);\n"
        f"    const tf_loss loss = {_loss(names, grad, scratch)};\n"
        "    const uint32_t step = net->step++;\n"
        "    if (loss.skip) {\n"
        "        return loss.p_label;\n"
        "    }\n"
        "    const int32_t e_top = loss.e_top + net->lr_shift;\n"
    )
    body += steps
    body += "    return loss.p_label;\n"
    return f"static uint32_t train_step(tf_net *net, const int8_t *x, uint16_t label) {{\n{body}}}\n"


def _loss(names: Names, grad: str, scratch: str) -> str:
    graph = names.program.graph
    if not graph.target:
        return f"tf_softmax_ce({graph.classes}, logits, label, {grad}, {scratch})"
    sizes = f"{graph.steps}, {graph.classes}"
    return f"tf_softmax_ce_steps({sizes}, logits, x + {graph.target}, {grad}, {scratch})"


def unchanged(step: Step, names: Names) -> bool:
    """Whether an input gradient is the output's, in place and at the same exponent: there is nothing to call."""
    n = names.program.graph.nodes[step.node]
    target, source = (names.plan.placements[grad_of(t)].offset for t in (n.inputs[step.operand], n.output))
    passed = bool(step.overlaps) and OPS[n.op].passes_grad(step.operand)
    return passed and target == source and names.program.grads[n.index].bsh[step.operand] == 0


def _backward(step: Step, names: Names) -> str:
    n = names.program.graph.nodes[step.node]
    if step.action == "mask":
        return _mask(n, names)
    if step.action == "again":
        return _again(step, n, names)
    if step.action == "input_grad":
        return "" if unchanged(step, names) else _input_grad(step, n, names)
    return _update(step, n, names)


def _mask(n: Int8Node, names: Names) -> str:
    graph = names.program.graph
    rows, elements = graph.shapes[n.output][0], row_bytes(graph, n.output)
    bits, grad = names.pointer(mask_of(n.output)), names.pointer(grad_of(n.output))
    return f"    tf_mask_grad({rows}, {elements}, {bits}, {grad});\n"


def _again(step: Step, n: Int8Node, names: Names) -> str:
    op, y = OPS[n.op], names.pointer(step.writes[0])
    if n.window is None:
        a = CallArguments(x=tuple(names.pointer(t) for t in n.inputs), y=y, count=f"n{n.index}_count")
    else:
        h, w, c = n.window.out_shape
        a = CallArguments(
            x=tuple(f"&(const tf_rows){names.rows(t, n)}" for t in n.inputs),
            y=f"&(const tf_rows_out){{{y}, {w * c}, {h}}}",
            rows=f"(tf_span){{0, {h}}}",
        )
    return f"    {op.c_forward(n, a)};\n"


def _input_grad(step: Step, n: Int8Node, names: Names) -> str:
    a = CallArguments(
        x=tuple(names.pointer(t) for t in n.inputs) if OPS[n.op].grad_needs_inputs else (),
        y=names.pointer(n.output) if OPS[n.op].grad_needs_output else "",
        grad_x=names.pointer(grad_of(n.inputs[step.operand])),
        grad_y=names.pointer(grad_of(n.output)),
        scratch=names.scratch(step.writes),
        accumulate=step.accumulate,
        kept=names.pointer(kept_of(n)) if kept_of(n) in step.writes else "0",
    )
    return f"    net->saturated += {OPS[n.op].c_input_grad(n, a, step.operand)};\n"


def _update(step: Step, n: Int8Node, names: Names) -> str:
    i, op, grad = n.index, weighted(n.op), names.pointer(step.reads[0])
    rate = f"&n{i}_rate, e_top + {names.program.grads[i].update_ro}, tf_counter_base(net->seed, step, {i})"
    if step.action == "update_bias":
        call = op.c_bias_update(n, UpdateArguments(rate, grad, b=f"net->b + {names.plane_offset[i, True]}"))
        return f"    {call};\n"
    plane = names.plane_offset[i, False]
    a = UpdateArguments(
        rate,
        grad,
        x=names.pointer(step.reads[1]),
        w=f"net->w + {plane}",
        f=f"net->f + {plane}" if names.program.fraction_bits else "0",
        scratch=names.scratch(step.writes),
    )
    return f"    {op.c_weight_update(n, a)};\n"
