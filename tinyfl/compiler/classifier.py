"""`--classes N`: a fresh classifier in the place of the network's own."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from tinyfl.errors import ModelError
from tinyfl.types import Graph

FRESH_HEADROOM = 8.0  # docs/NUMERICS.md section 3: how far the weights may grow before they reach the rail
_MOST_CLASSES = 65535


def with_classes(graph: Graph, classes: int, seed: int) -> Graph:
    """``graph`` with a classifier of ``classes`` outputs: zero biases, weights uniform in +-1/sqrt(inputs).

    Its weight scale is prescribed, because weights that start small will grow. Raises ModelError.
    """
    if not 2 <= classes <= _MOST_CLASSES:
        raise ModelError(f"--classes {classes} is no number of classes; give one from 2 to {_MOST_CLASSES}")
    head = graph.nodes[-1]
    assert head.window is not None
    bound = 1 / math.sqrt(head.window.in_c)
    weight = np.random.default_rng(seed).uniform(-bound, bound, (classes, 1, 1, head.window.in_c))
    fresh = replace(
        head,
        window=replace(head.window, out_c=classes),
        weight=weight,
        bias=np.zeros(classes),
        weight_scale=np.full(classes, FRESH_HEADROOM * bound / 127),
    )
    shapes = {**graph.shapes, graph.output: (*graph.shapes[graph.output][:2], classes)}
    return replace(graph, nodes=(*graph.nodes[:-1], fresh), shapes=shapes)
