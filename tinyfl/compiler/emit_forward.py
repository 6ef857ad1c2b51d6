"""C of the forward pass: one function a segment, called one after the other.

A segment of several nodes is a loop over turns: each node computes the rows that the next ones need for theirs. What
the backward pass will read (masks, packed inputs) is kept as soon as its rows exist, and only in training.
"""

from __future__ import annotations

from tinyfl.compiler.autodiff import input_of, mask_of
from tinyfl.compiler.c_constants import comment
from tinyfl.compiler.c_names import Names
from tinyfl.compiler.rows import output_rows, row_bytes
from tinyfl.ops import OPS
from tinyfl.ops.operator import CallArguments
from tinyfl.types import Int8Node, Segment, Step


def forward_functions(names: Names) -> str:
    """The segments' functions and ``forward_pass``, which calls them."""
    steps = names.program.steps[: names.program.forward_steps]
    functions = [_function(names, step) for step in steps]
    calls = "".join(f"    segment{step.node}({', '.join(_arguments(names, step))});\n" for step in steps)
    calls = ("" if "train)" in calls else "    (void)train;\n") + calls
    sample = names.program.graph.input
    copy = ""
    if sample in names.program.buffer_bytes:
        copy = (
            f"    int8_t *sample = (int8_t *)({names.at(sample)});\n"
            "    if (x != sample) {\n"
            "        memcpy(sample, x, TF_NET_INPUT_BYTES);\n"
            "        x = sample;\n"
            "    }\n"
        )
    head = "static void forward_pass(tf_net *net, const int8_t *x, int16_t *logits, int32_t train) {\n"
    return "\n".join([*functions, f"{head}{copy}{calls}}}\n"])


_TYPES = {"net": "tf_net *net", "x": "const int8_t *x", "logits": "int16_t *logits", "train": "int32_t train"}


def _arguments(names: Names, step: Step) -> list[str]:
    """What a segment's function takes, by name."""
    graph = names.program.graph
    out = ["net"]
    out += ["x"] if graph.input in step.reads else []
    out += ["logits"] if graph.output in step.writes else []
    return out + (["train"] if any(name.startswith(("mask:", "input:")) for name in step.writes) else [])


def _function(names: Names, step: Step) -> str:
    assert step.segment is not None
    nodes = [names.program.graph.nodes[i] for i in step.segment.nodes]
    height = output_rows(nodes[-1], names.program.graph)
    lines = declarations(names, step, nodes) + _keep_outer(names, step, nodes)
    at_once = len(nodes) == 1 and step.segment.rows >= height
    lines += _whole(names, step, nodes[0]) if at_once else _turns(names, step, nodes)
    if not any("net->" in line for line in lines):
        lines.insert(0, "(void)net;")
    title = f"/* {', '.join(f'{n.op} {comment(n.name)}' for n in nodes)} */\n"
    parameters = ", ".join(_TYPES[a] for a in _arguments(names, step))
    body = "".join(f"    {line}\n" for line in lines)
    return f"{title}static void segment{step.node}({parameters}) {{\n{body}}}\n"


def declarations(names: Names, step: Step, nodes: list[Int8Node]) -> list[str]:
    """Weights of the nodes and the rows that their kernels read and write."""
    out = [names.weights(n) for n in nodes if OPS[n.op].parametrised]
    by_pointer = len(nodes) == 1 and not _takes_rows(nodes[0])
    produced = {n.output for n in nodes}
    for tensor in dict.fromkeys(t for n in nodes for t in n.inputs if t not in produced):
        reader = next(n for n in nodes if tensor in n.inputs)
        if not by_pointer:
            out.append(f"const tf_rows {_read(names, tensor)} = {names.rows(tensor, reader)};")
    for n in nodes:
        kept = any(f"&{_read(names, n.output)}," in line for line in _keep(names, step, n, ""))
        if not by_pointer:
            out.append(f"const tf_rows_out o{n.index} = {names.rows_out(n)};")
        if kept or any(n.output in m.inputs for m in nodes):
            out.append(f"const tf_rows {_read(names, n.output)} = {names.rows(n.output, None)};")
    return out


def _read(names: Names, tensor: str) -> str:
    """Name of the rows of a tensor to read: by its producer's index."""
    producer = next((n.index for n in names.program.graph.nodes if n.output == tensor), None)
    return "t_sample" if producer is None else f"t{producer}"


def _takes_rows(n: Int8Node) -> bool:
    return OPS[n.op].by_rows and n.window is not None


def _call(names: Names, step: Step, n: Int8Node, span: str) -> list[str]:
    """Computes rows ``span`` (an initialiser) of a node."""
    if not _takes_rows(n):
        raise ValueError(f"node {n.name} is not computed by rows")
    return [f"{OPS[n.op].c_forward(n, _by_rows(names, step, n, span))};"]


def _by_rows(names: Names, step: Step, n: Int8Node, span: str) -> CallArguments:
    return CallArguments(
        x=tuple(f"&{_read(names, t)}" for t in n.inputs),
        y=f"&o{n.index}",
        rows=f"(tf_span){span}",
        scratch=names.scratch(step.writes),
    )


def whole_call(names: Names, step: Step, n: Int8Node, count: str) -> CallArguments:
    """Arguments that compute all of a node's output, of ``count`` elements."""
    if _takes_rows(n):
        return _by_rows(names, step, n, f"{{0, {output_rows(n, names.program.graph)}}}")
    return CallArguments(
        x=tuple(names.pointer(t) for t in n.inputs),
        y=names.pointer(n.output),
        count=count,
        scratch=names.scratch(step.writes),
    )


def _whole(names: Names, step: Step, n: Int8Node) -> list[str]:
    lines = [f"{OPS[n.op].c_forward(n, whole_call(names, step, n, f'n{n.index}_count'))};"]
    return lines + _keep(names, step, n, f"{{0, {names.program.graph.shapes[n.output][0]}}}")


def _keep_outer(names: Names, step: Step, nodes: list[Int8Node]) -> list[str]:
    """Packs what the backward pass needs of the network's input, before anything may lie over it."""
    sample = names.program.graph.input
    lines = []
    for n in nodes:
        if n.inputs[0] == sample and input_of(n) in step.writes:
            assert n.window is not None
            lines += _packing(names, n, "t_sample", f"{{0, {n.window.in_h}}}")
    return lines


def _keep(names: Names, step: Step, n: Int8Node, span: str) -> list[str]:
    """Keeps for the backward pass what it reads of these rows of the node's output."""
    lines = []
    rows = f"t{n.index}"
    if mask_of(n.output) in step.writes:
        r = n.requant
        arguments = f"{r.lo}, {r.hi}, {int(r.mask_lo)}, {int(r.mask_hi)}, {row_bytes(names.program.graph, n.output)}"
        bits = names.pointer(mask_of(n.output))
        lines += [f"if (train) {{ tf_save_mask({arguments}, &{rows}, (tf_span){span}, {bits}); }}"]
    for reader in names.program.graph.consumers(n.output):
        if input_of(reader) in step.writes:
            lines += _packing(names, reader, *_seen(names, n, reader, rows, span))
    return lines


def _seen(names: Names, n: Int8Node, reader: Int8Node, rows: str, span: str) -> tuple[str, str]:
    """The rows and span of a node's output as its reader sees them, which may be another image of the same bytes."""
    win = reader.window
    assert win is not None
    if win.in_shape == names.program.graph.shapes[n.output]:
        return rows, span
    return f"(const tf_rows){names.rows(n.output, reader)}", f"{{0, {win.in_h}}}"


def _packing(names: Names, n: Int8Node, rows: str, span: str) -> list[str]:
    to = names.pointer(input_of(n))
    return [f"if (train) {{ tf_save_input(&n{n.index}_win, &{rows}, (tf_span){span}, {to}); }}"]


def _turns(names: Names, step: Step, nodes: list[Int8Node]) -> list[str]:
    """The loop over the last output's rows."""
    assert step.segment is not None
    last = nodes[-1]
    height = names.program.graph.shapes[last.output][0]
    lines = [f"int32_t done{n.index} = 0;" for n in nodes]
    lines += [
        f"while (done{last.index} < {height}) {{",
        f"    const int32_t next = done{last.index} + {step.segment.rows};",
        f"    const int32_t end{last.index} = next < {height} ? next : {height};",
    ]
    for k in reversed(range(len(nodes) - 1)):
        lines.append(f"    {_end(names, step.segment, nodes, k)}")
    for n in nodes:
        span = f"{{done{n.index}, end{n.index}}}"
        lines += [f"    {line}" for line in _rows_call(names, step, n, span)]
        lines += [f"    {line}" for line in _keep(names, step, n, span)]
        lines.append(f"    done{n.index} = end{n.index};")
    return [*lines, "}"]


def _end(names: Names, segment: Segment, nodes: list[Int8Node], k: int) -> str:
    """Declaration of how far node k must have come for what the later ones compute in this turn."""
    n, last = nodes[k], nodes[-1]
    heights = {m.index: names.program.graph.shapes[m.output][0] for m in nodes}
    needed = f"done{n.index}"
    for reader in nodes[k + 1 :]:
        if n.output in reader.inputs:
            end = f"end{reader.index}"
            one = end if reader.window is None else f"tf_input_end(&n{reader.index}_win, {end})"
            needed = f"tf_larger({needed}, {one})"
    whole = f"end{last.index} == {heights[last.index]} ? {heights[n.index]}"
    return f"const int32_t end{n.index} = {whole} : {needed};"


def _rows_call(names: Names, step: Step, n: Int8Node, span: str) -> list[str]:
    if _takes_rows(n):
        return _call(names, step, n, span)
    a = CallArguments(
        x=tuple(f"tf_row(&{_read(names, t)}, row)" for t in n.inputs),
        y=f"tf_row_out(&o{n.index}, row)",
        count=str(row_bytes(names.program.graph, n.output)),
    )
    return [
        f"for (int32_t row = done{n.index}; row < end{n.index}; row++) {{",
        f"    {OPS[n.op].c_forward(n, a)};",
        "}",
    ]
