"""Clean-up of an imported graph: batch norms and activations fold into what they follow, the classifier is marked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from tinyfl.errors import ModelError
from tinyfl.ops import OPS
from tinyfl.ops.embedding import MOST_TOKENS
from tinyfl.types import Graph, Node, QuantParams, Shape, Window

_FUSES_ACTIVATION = (
    "conv",
    "pointwise",
    "depthwise",
    "add",
    "sub",
    "mul",
    "mul_channels",
    "matmul",
    "concat",
    "avg_pool",
)


def finish(
    nodes: list[Node],
    shapes: Mapping[str, Shape],
    input_name: str,
    output: str,
    quant: Mapping[str, QuantParams] | None = None,
) -> Graph:
    """Fold, drop what the output does not need, and check that the graph ends in a classifier.

    A graph with prescribed quantisation ``quant`` is not folded: its integers are to stay as they are.
    """
    graph = Graph(tuple(_unique_names(_reachable(nodes, output))), dict(shapes), input_name, output, quant or {})
    if quant is None:
        graph = fold_activations(fold_scales(fold_norms(graph)))
    last = graph.nodes[-1] if graph.nodes else None
    if last is None or last.op != "pointwise" or last.window is None or last.window.in_h != 1:
        what = "is empty" if last is None else f"ends in {last.op} ({last.name})"
        raise ModelError(f"the network {what}; it must end in a linear layer that gives the class scores")
    if last.activation != "none" or len(graph.consumers(last.output)) != 0:
        raise ModelError(f"the class scores of {last.name} must be the network's output, without an activation")
    if last.window.pixels > 1:
        graph = _with_targets(graph, last.window)
    nodes = [*graph.nodes[:-1], replace(last, op="logits")]
    used = {t for n in nodes for t in (*n.inputs, n.output)}
    shapes = {t: s for t, s in graph.shapes.items() if t in used}
    prescribed = {t: q for t, q in graph.quant.items() if t in used and t != output}
    if any(n.op == "embedding" for n in graph.consumers(graph.input)):
        prescribed[graph.input] = QuantParams(1.0, -128)
    return replace(graph, nodes=tuple(nodes), shapes=shapes, quant=prescribed)


def _with_targets(graph: Graph, last: Window) -> Graph:
    """A sequence: its steps are labelled by the next token, or, without tokens, by labels behind the input."""
    if last.out_c > MOST_TOKENS:
        raise ModelError(f"each step of the output has {last.out_c} classes; at most {MOST_TOKENS} fit a byte")
    h, w, c = graph.shapes[graph.input]
    reads_tokens = any(n.op == "embedding" for n in graph.consumers(graph.input))
    if reads_tokens and last.pixels != w:
        raise ModelError(f"the network scores {last.pixels} steps of {w} tokens; it must score the token after each")
    return replace(graph, target=1 if reads_tokens else h * w * c)


def fold_norms(graph: Graph) -> Graph:
    """Fold a layer or RMS norm's scale and shift into what reads it, if that is nothing but linear layers."""
    for node in graph.nodes:
        before = next((n for n in graph.nodes if n.output == node.inputs[0]), None)
        readers = graph.consumers(node.output)
        if before is None or before.op not in ("layer_norm", "rms_norm") or node.op != "depthwise":
            continue
        if not readers or any(n.op != "pointwise" for n in readers) or len(graph.consumers(before.output)) != 1:
            continue
        folded = {n.output: _behind(node, n, before.output) for n in readers}
        nodes = tuple(folded.get(n.output, n) for n in graph.nodes if n is not node)
        return fold_norms(replace(graph, nodes=nodes))
    return graph


def _behind(scale: Node, layer: Node, source: str) -> Node:
    """A linear layer that reads ``source`` as it was before ``scale``, a 1x1 depthwise layer."""
    assert scale.weight is not None
    assert scale.bias is not None
    assert layer.weight is not None
    assert layer.bias is not None
    steps = layer.weight.shape[3] // scale.bias.size  # that a layer over the flattened sequence sees as one
    weight = layer.weight * np.tile(scale.weight.ravel(), steps)
    bias = layer.bias + layer.weight[:, 0, 0] @ np.tile(scale.bias, steps)
    return replace(layer, inputs=(source,), weight=weight, bias=bias)


def _reachable(nodes: list[Node], output: str) -> list[Node]:
    wanted, kept = {output}, []
    for node in reversed(nodes):
        if node.output in wanted:
            kept.append(node)
            wanted |= set(node.inputs)
    return kept[::-1]


def _unique_names(nodes: list[Node]) -> list[Node]:
    """A module called twice gives two nodes: the later ones get a suffix."""
    seen: dict[str, int] = {}
    out = []
    for node in nodes:
        count = seen[node.name] = seen.get(node.name, 0) + 1
        out.append(node if count == 1 else replace(node, name=f"{node.name}#{count}"))
    return out


def _merge(graph: Graph, first: Node, second: Node, merged: Node) -> Graph:
    """Replace ``first`` and its only reader ``second`` by ``merged``."""
    nodes = tuple(merged if n is first else n for n in graph.nodes if n is not second)
    return replace(graph, nodes=nodes)


def fold_scales(graph: Graph) -> Graph:
    """Fold each per-channel scale and shift (a 1x1 depthwise, as batch norm imports) into the layer before it."""
    for node in graph.nodes:
        before = next((n for n in graph.nodes if n.output == node.inputs[0]), None)
        foldable = node.op == "depthwise" and node.window is not None and _is_scale(node)
        if not foldable or before is None or not OPS[before.op].parametrised or before.activation != "none":
            continue
        if before.window is None:
            continue
        assert node.window is not None
        if len(graph.consumers(before.output)) != 1 or before.window.out_c != node.window.in_c:
            continue
        assert before.weight is not None
        assert before.bias is not None
        assert node.weight is not None
        assert node.bias is not None
        scale = node.weight.ravel()
        weight = before.weight * (scale if before.op == "depthwise" else scale[:, None, None, None])
        bias = before.bias * scale + node.bias
        merged = replace(before, weight=weight, bias=bias, output=node.output, activation=node.activation)
        return fold_scales(_merge(graph, before, node, merged))
    return graph


def _is_scale(node: Node) -> bool:
    w = node.window
    assert w is not None
    return (w.kernel_h, w.kernel_w, w.stride_h, w.stride_w, w.pad_top, w.pad_left) == (1, 1, 1, 1, 0, 0)


def fold_activations(graph: Graph) -> Graph:
    """Fuse a ReLU or ReLU6 into the operator before it where nothing else reads that one's output."""
    for node in graph.nodes:
        if node.op != "activation":
            continue
        before = next((n for n in graph.nodes if n.output == node.inputs[0]), None)
        if before is None or before.op not in _FUSES_ACTIVATION or before.activation != "none":
            continue
        if len(graph.consumers(before.output)) == 1:
            merged = replace(before, output=node.output, activation=node.activation)
            return fold_activations(_merge(graph, before, node, merged))
    return graph
