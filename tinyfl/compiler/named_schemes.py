"""Published update schemes by name: those of MCUNetV3 (arXiv 2206.15472) for the network MCUNet-5FPS.

A scheme counts convolutions (plain, depthwise, pointwise) from the input, from 0, without the classifier: the last
``biases`` of them train their bias, ``weights`` maps some of those to the share of input channels whose weights train
too. The classifier trains whole and stays personal.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tinyfl.errors import SchemeError
from tinyfl.ops import OPS
from tinyfl.types import Graph, LayerUpdate, Node, UpdateScheme


@dataclass(frozen=True)
class NamedScheme:
    """What trains, by position, in a network of ``layers`` convolutions."""

    biases: int
    weights: Mapping[int, float]
    layers: int = 42
    network: str = "MCUNet-5FPS"


NAMED = {
    "mcunetv3-49k": NamedScheme(20, {24: 1 / 4, 27: 1 / 2, 30: 1 / 2}),
    "mcunetv3-74k": NamedScheme(21, {21: 1, 24: 1, 27: 1 / 2, 30: 1}),
    "mcunetv3-99k": NamedScheme(22, {21: 1, 24: 1, 27: 1, 30: 1, 36: 1 / 8, 39: 1 / 4}),
    "mcunetv3-124k": NamedScheme(24, {21: 1 / 4, 24: 1, 27: 1, 30: 1, 33: 1 / 2, 39: 1 / 2}),
    "mcunetv3-148k": NamedScheme(23, {21: 1, 24: 1, 27: 1, 30: 1, 36: 1, 39: 1 / 2}),
}


def backbone_layers(graph: Graph) -> tuple[Node, ...]:
    """The layers with weights before the classifier, in execution order."""
    return tuple(n for n in graph.nodes if OPS[n.op].parametrised and n.op != "logits")


def with_classifier(graph: Graph, updates: tuple[LayerUpdate, ...]) -> UpdateScheme:
    """The scheme that trains ``updates`` and the whole classifier, which stays personal."""
    head = tuple(LayerUpdate(n.name, 1.0, True, False) for n in graph.nodes if n.op == "logits")
    return UpdateScheme((*updates, *head))


def named_scheme(name: str, graph: Graph) -> UpdateScheme:
    """The published scheme ``name`` for ``graph``; raises SchemeError if it was made for another network."""
    named = NAMED[name]
    layers = backbone_layers(graph)
    if len(layers) != named.layers:
        raise SchemeError(
            f"scheme {name} is for {named.network}, which has {named.layers} convolutions before its classifier; this "
            f"network has {len(layers)}: use --scheme auto or last:K"
        )
    first = named.layers - named.biases
    updates = (LayerUpdate(n.name, named.weights.get(i, 0.0)) for i, n in enumerate(layers) if i >= first)
    return with_classifier(graph, tuple(updates))
