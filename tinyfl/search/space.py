"""The schemes that the search chooses among, and what they are predicted to gain.

A candidate trains the biases of the last ``depth`` layers before the classifier and, in some of those, the weights of a
share of the input channels; the classifier always trains and is personal.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tinyfl.compiler.named_schemes import backbone_layers, with_classifier
from tinyfl.compiler.scheme import trained_in_channels
from tinyfl.ops import weighted
from tinyfl.types import Graph, LayerUpdate, Node, UpdateScheme

RATIOS = (1 / 8, 1 / 4, 1 / 2, 1.0)


@dataclass(frozen=True)
class Candidate:
    """``ratios[i]``: share of trained weights of the layer ``i`` layers before the classifier's predecessor.

    It has one entry for each of the ``depth`` layers whose biases train.
    """

    ratios: tuple[float, ...] = ()

    @property
    def depth(self) -> int:
        """Number of layers whose biases train."""
        return len(self.ratios)

    def at_depth(self, depth: int) -> Candidate:
        """The same with so many layers; further ones train no weights."""
        return Candidate((*self.ratios[:depth], *(0.0,) * (depth - self.depth)))

    def with_ratio(self, layer: int, ratio: float) -> Candidate:
        """The same with another ratio of a layer."""
        return Candidate((*self.ratios[:layer], ratio, *self.ratios[layer + 1 :]))

    def within(self, other: Candidate) -> bool:
        """Whether ``other`` trains all that this one trains."""
        return self.depth <= other.depth and all(a <= b for a, b in zip(self.ratios, other.ratios, strict=False))


def biases_of(depth: int) -> Candidate:
    """The candidate that trains the biases of so many layers and no weights."""
    return Candidate((0.0,) * depth)


def layers_from_end(graph: Graph) -> tuple[Node, ...]:
    """The layers before the classifier, the last one first."""
    return backbone_layers(graph)[::-1]


def ratios_of(node: Node) -> tuple[float, ...]:
    """The ratios that differ in what they train of a layer; 0 is not among them."""
    if not weighted(node.op).sub_channels:
        return (1.0,)
    channels: dict[int, float] = {}
    for ratio in RATIOS:
        channels.setdefault(trained_in_channels(node, LayerUpdate(node.name, ratio)), ratio)
    return tuple(channels.values())


def scheme_of(candidate: Candidate, graph: Graph) -> UpdateScheme:
    """The candidate as an update scheme, layers in execution order."""
    pairs = zip(layers_from_end(graph), candidate.ratios, strict=False)
    return with_classifier(graph, tuple(LayerUpdate(n.name, ratio) for n, ratio in pairs)[::-1])


def cut_of(graph: Graph, depth: int) -> int:
    """Index of the first node that a candidate of ``depth`` layers trains; depth 0: the classifier."""
    first = layers_from_end(graph)[depth - 1] if depth else graph.nodes[-1]
    return next(i for i, n in enumerate(graph.nodes) if n is first)


@dataclass(frozen=True)
class Measured:
    """Share of right answers after training at the rate times 2^-``lr_shift``, the largest that did not diverge."""

    accuracy: float
    lr_shift: int


@dataclass(frozen=True)
class Gains:
    """What training brings over the classifier alone, as a share of right answers.

    ``bias[k]``: the biases of the last k layers (``bias[0]`` is 0); ``weights[i][ratio]``: adding the weights of layer
    i. A ratio that is missing was not measured and is no choice.
    """

    bias: tuple[float, ...]
    weights: tuple[Mapping[float, float], ...]

    @property
    def depth(self) -> int:
        """Most layers a candidate may have."""
        return len(self.bias) - 1

    def of(self, candidate: Candidate) -> float:
        """The sum of a candidate's contributions."""
        return self.bias[candidate.depth] + sum(self.weights[i][r] for i, r in enumerate(candidate.ratios) if r)
