"""Random networks over sequences whose every step follows from the steps up to it."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from hypothesis import strategies as st
from networks import Causal, Combined, Residual, randomise
from sequence_networks import Block, Last, Sequences
from torch import nn

from tinyfl.types import Int8Graph, Int8Node, Shape


class OverSteps(nn.Module):
    """A convolution of [N, C, T] within a network of [N, T, C]."""

    def __init__(self, module: nn.Module) -> None:
        super().__init__()
        self.module = module

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.module(x.transpose(1, 2)).transpose(1, 2)


class States(nn.Module):
    """All states of a recurrent layer."""

    def __init__(self, cell: nn.Module) -> None:
        super().__init__()
        self.cell = cell

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.cell(x)[0]


class Embedded(nn.Module):
    """Token and, perhaps, positional embeddings before the rest."""

    def __init__(self, tokens: int, steps: int, channels: int, placed: bool, rest: nn.Module) -> None:
        super().__init__()
        self.token, self.rest = nn.Embedding(tokens, channels), rest
        self.position = nn.Embedding(steps, channels) if placed else None

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = self.token(x)
        if self.position is not None:
            y = y + self.position(torch.arange(x.shape[1]))
        return self.rest(y)


@dataclass
class _Builder:
    """Draws layers while it follows the channels."""

    draw: st.DrawFn
    steps: int
    channels: int

    def convolution(self) -> nn.Module:
        dilation = self.draw(st.sampled_from([d for d in range(1, self.steps + 1) if self.steps % d == 0]))
        kernel, cut = self.draw(st.integers(1, 4)), self.draw(st.booleans())
        delay = dilation * self.draw(st.integers(0, 2))
        groups, out = self.channels, self.channels
        if self.draw(st.booleans()):
            groups, out = 1, self.draw(st.integers(1, 6))
        module = Causal(self.channels, out, kernel, dilation, groups, cut, delay)
        self.channels = out
        return OverSteps(module)

    def linear(self) -> nn.Module:
        before, self.channels = self.channels, self.draw(st.integers(1, 6))
        return nn.Linear(before, self.channels)

    def layer(self) -> nn.Module:
        kind = self.draw(
            st.sampled_from(["conv", "conv", "linear", "act", "norm", "cell", "attention", "side", "residual"])
        )
        c = self.channels
        if kind == "conv":
            return self.convolution()
        if kind == "linear":
            return self.linear()
        if kind == "act":
            return self.draw(st.sampled_from([nn.ReLU, nn.ReLU6, nn.GELU, nn.Tanh, nn.Hardswish]))()
        if kind == "norm":
            return self.draw(st.sampled_from([nn.LayerNorm, nn.RMSNorm]))(c)
        if kind == "cell":
            self.channels = self.draw(st.integers(1, 5))
            return States(self.draw(st.sampled_from([nn.GRU, nn.LSTM]))(c, self.channels, batch_first=True))
        if kind == "attention":
            return Block(c, self.draw(st.sampled_from([h for h in (1, 2, 3) if c % h == 0])), self.draw(st.booleans()))
        if kind == "residual":
            branch = self.layer()
            skip = None if self.channels == c else nn.Linear(c, self.channels)
            return Residual(branch, skip, self.draw(st.booleans()))
        combined = self.draw(st.sampled_from(["sub", "mul", "concat"]))
        sides = nn.Linear(c, c), nn.Sequential(nn.Linear(c, c), nn.Tanh())
        self.channels = 3 * c if combined == "concat" else c
        return Combined(*sides, combined, 2)


@st.composite
def causal_networks(draw: st.DrawFn) -> Sequences:
    """Languages, networks with scores of each step, and classifiers by the last one."""
    steps, tokens = draw(st.sampled_from([2, 3, 4, 6, 8, 9])), draw(st.sampled_from([0, 0, 5, 30]))
    channels = draw(st.integers(1, 5))
    builder = _Builder(draw, steps, channels)
    layers = [builder.layer() for _ in range(draw(st.integers(1, 4)))]
    classes = tokens or draw(st.integers(2, 5))
    if not tokens and draw(st.booleans()):
        layers.append(Last())
    layers.append(nn.Linear(builder.channels, classes))
    module: nn.Module = nn.Sequential(*layers)
    if tokens:
        module = Embedded(tokens, steps, channels, draw(st.booleans()), module)
    return Sequences(randomise(module, draw(st.integers(0, 99))), steps, tokens, channels)


def prefix(graph: Int8Graph, steps: int) -> Int8Graph | None:
    """The same network over the first ``steps`` steps; None where a dilation does not divide them."""
    whole = graph.shapes[graph.input][1]

    def shorter(shape: Shape) -> Shape:
        return (1, steps, shape[2]) if shape[1] == whole else shape

    shapes = {t: shorter(s) for t, s in graph.shapes.items()}
    nodes = [_prefix_node(n, graph, shapes, whole, steps) for n in graph.nodes]
    return None if None in nodes else replace(graph, nodes=tuple(n for n in nodes if n), shapes=shapes)


def _prefix_node(n: Int8Node, graph: Int8Graph, shapes: dict[str, Shape], whole: int, steps: int) -> Int8Node | None:
    seen = graph.shapes[n.inputs[0]][1] == whole
    if n.op == "crop" and seen:
        return replace(n, coefficients=(min(n.coefficients[0], steps - 1), *n.coefficients[1:]))
    if n.op in ("gru", "lstm"):
        return replace(n, coefficients=(steps,))
    if n.op == "positions":
        assert n.weight is not None
        return replace(n, weight=n.weight[:steps])
    w = n.window
    if w is None or not seen:
        return n
    if w.kernel_h > 1 or w.pad_top > 0:
        if steps % w.in_w:
            return None
        return replace(n, window=replace(w, in_h=steps // w.in_w, out_h=steps // w.in_w))
    return replace(n, window=replace(w, in_w=steps, out_w=steps))
