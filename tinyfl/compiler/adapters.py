"""Low-rank adapters: y = W x + b + B A x with W frozen and two small factors that train.

Hu et al., "LoRA: Low-Rank Adaptation of Large Language Models", 2021 (arXiv 2106.09685), with alpha equal to the rank.
In the graph they are two more linear layers and a sum, so the delta of a round, or what stays personal, is the factors.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from tinyfl.errors import SchemeError
from tinyfl.types import Graph, LayerUpdate, Node, UpdateScheme, Window

ADAPTER_HEADROOM = 2.0
"""How far a factor may grow before it reaches the rail, in units of 1/sqrt(inputs)"""
_SEED = 0


def with_adapters(graph: Graph, scheme: UpdateScheme) -> tuple[Graph, UpdateScheme]:
    """The graph with the adapters that ``scheme`` asks for, and the scheme that trains them; SchemeError."""
    updates: list[LayerUpdate] = []
    for update in scheme.layers:
        if not update.rank:
            updates.append(update)
            continue
        node = next(n for n in graph.nodes if n.name == update.node)
        graph = _adapted(graph, node, update.rank)
        updates += [LayerUpdate(_name(node, which), 1.0, False, update.shared) for which in "ab"]
        if update.bias:
            updates.append(LayerUpdate(node.name, 0.0, True, update.shared))
    return graph, UpdateScheme(tuple(updates))


def adapters_everywhere(graph: Graph, rank: int) -> UpdateScheme:
    """An adapter beside every linear layer but the classifier; nothing else trains."""
    layers = [n for n in graph.nodes if n.op == "pointwise"]
    if not layers:
        raise SchemeError("the network has no linear layer before its classifier that an adapter could stand beside")
    return UpdateScheme(tuple(LayerUpdate(n.name, 0.0, False, True, rank) for n in layers))


def _name(node: Node, which: str) -> str:
    return f"{node.name}.lora_{which}"


def _adapted(graph: Graph, node: Node, rank: int) -> Graph:
    win = node.window
    if node.op != "pointwise" or win is None:
        raise SchemeError(
            f"layer {node.name} is {node.op}: an adapter stands beside linear layers before the classifier"
        )
    if not 1 <= rank < min(win.in_c, win.out_c):
        most = min(win.in_c, win.out_c) - 1
        raise SchemeError(f"layer {node.name}: rank {rank} is not from 1 to {most}; a larger one saves nothing")
    plain, inner, low = (f"{node.output}.{what}" for what in ("frozen", "lora_a", "lora_b"))
    bound = 1 / math.sqrt(win.in_c)
    down = np.random.default_rng(_SEED).uniform(-bound, bound, (rank, 1, 1, win.in_c))
    up = np.zeros((win.out_c, 1, 1, rank))
    nodes = (
        replace(node, output=plain, activation="none"),
        _factor(_name(node, "a"), node.inputs[0], inner, replace(win, out_c=rank), down),
        _factor(_name(node, "b"), inner, low, replace(win, in_c=rank), up),
        Node(f"{node.name}.lora", "add", (plain, low), node.output, activation=node.activation),
    )
    at = graph.nodes.index(node)
    shape = graph.shapes[node.output]
    shapes = {**graph.shapes, plain: shape, low: shape, inner: (*shape[:2], rank)}
    alike = {**graph.alike, low: plain}
    return replace(graph, nodes=(*graph.nodes[:at], *nodes, *graph.nodes[at + 1 :]), shapes=shapes, alike=alike)


def _factor(name: str, source: str, output: str, win: Window, weight: np.ndarray) -> Node:
    scale = np.full(win.out_c, ADAPTER_HEADROOM / math.sqrt(win.in_c) / 127)
    zeros = np.zeros(win.out_c)
    return Node(name, "pointwise", (source,), output, win, weight=weight, bias=zeros, weight_scale=scale)
