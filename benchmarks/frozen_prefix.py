"""A network cut where training starts: what lies before gives the same values in every step, so it is computed once."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch

from tinyfl.compiler.float_twin import FloatTwin
from tinyfl.compiler.gradients import integer_activations
from tinyfl.compiler.quantize import quantize, to_int8
from tinyfl.compiler.schedule import order_nodes
from tinyfl.types import FloatArray, Graph, IntArray, UpdateScheme

_CHUNK = 8
_NOTHING = UpdateScheme(())


def cut(graph: Graph, scheme: UpdateScheme) -> tuple[Graph, Graph]:
    """The frozen prefix and the rest, joined by one tensor, the last such one before anything trains."""
    graph = order_nodes(graph)
    trained = [i for i, n in enumerate(graph.nodes) if scheme.of(n.name) is not None]
    at = max(i for i in range(trained[0] + 1) if len(_crossing(graph, i)) == 1)
    (tensor,) = _crossing(graph, at)
    prefix = replace(graph, nodes=graph.nodes[:at], output=tensor)
    return prefix, replace(graph, nodes=graph.nodes[at:], input=tensor)


def _crossing(graph: Graph, at: int) -> set[str]:
    made = {graph.input} | {n.output for n in graph.nodes[:at]}
    return made & {t for n in graph.nodes[at:] for t in n.inputs}


def integer_values(prefix: Graph, x: FloatArray) -> IntArray:
    """The prefix's output in the int8 network, [N, H, W, C]; all its tensors have a prescribed quantisation."""
    int8 = quantize(prefix, _NOTHING, x[:1])
    parts = (to_int8(x[i : i + _CHUNK], int8.quant[int8.input]) for i in range(0, len(x), _CHUNK))
    return np.concatenate([integer_activations(int8, part)[int8.output].astype(np.int8) for part in parts])


def real_values(graph: Graph, values: IntArray) -> FloatArray:
    """What the int8 ``values`` of the graph's input stand for."""
    q = graph.quant[graph.input]
    return q.scale * (values.astype(np.float64) - q.zero_point)


def float_values(prefix: Graph, x: FloatArray) -> torch.Tensor:
    """The prefix's output in float32, [N, H, W, C]."""
    twin = FloatTwin(prefix, _NOTHING, 0.0)
    samples = torch.from_numpy(x.astype(np.float32)).permute(0, 3, 1, 2)
    with torch.no_grad():
        parts = [twin.run({prefix.input: p}, 0, len(prefix.nodes))[prefix.output] for p in torch.split(samples, _CHUNK)]
    return torch.cat(parts).permute(0, 2, 3, 1).contiguous()
