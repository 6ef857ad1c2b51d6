"""Networks over sequences for the tests: tokens or steps in, scores of each step or of the whole out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from products import Multiplying
from torch import nn

from tinyfl.compiler.bundle import Bundle
from tinyfl.compiler.frontends.torch import import_torch
from tinyfl.compiler.pipeline import compile_graph
from tinyfl.ops import OPS
from tinyfl.types import FloatArray, Graph, IntArray, LayerUpdate, UpdateScheme


class Language(nn.Module):
    """Scores of the next token: token and positional embeddings, ``body`` over [N, T, C], a linear layer."""

    def __init__(self, tokens: int, steps: int, channels: int, body: nn.Module) -> None:
        super().__init__()
        self.token, self.position = nn.Embedding(tokens, channels), nn.Embedding(steps, channels)
        self.body, self.head = body, nn.Linear(channels, tokens)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = self.token(x) + self.position(torch.arange(x.shape[1]))
        return self.head(self.body(y))


@dataclass(frozen=True)
class Sequences:
    """A module over tokens [N, T] below ``tokens``, or, where that is 0, over steps [N, T, C]; double, eval mode."""

    module: nn.Module
    steps: int
    tokens: int = 0
    channels: int = 0

    def graph(self) -> Graph:
        x, _ = self.samples(1, 0)
        return import_torch(self.module, x, "channels_last")

    def samples(self, count: int, seed: int) -> tuple[torch.Tensor, FloatArray]:
        """The same samples as torch wants them and as the compiler wants them, [N, 1, T, C]."""
        generator = torch.Generator().manual_seed(seed)
        if self.tokens:
            x = torch.randint(self.tokens, (count, self.steps), generator=generator)
            return x, x.double().numpy()[:, None, :, None]
        x = torch.randn(count, self.steps, self.channels, dtype=torch.float64, generator=generator)
        return x, x.numpy()[:, None]


def labels_of(graph: Graph, x: FloatArray, seed: int) -> IntArray:
    """Labels for samples [N, 1, T, C]: of a language the next tokens, the last one random; else random."""
    rng = np.random.default_rng(seed)
    if not graph.target:
        return rng.integers(graph.classes, size=len(x))
    labels = rng.integers(graph.classes, size=(len(x), graph.steps))
    if graph.target == 1:
        labels[:, :-1] = x[:, 0, 1:, 0]
    return labels


def compile_sequences(
    network: Sequences,
    scheme: UpdateScheme | None = None,
    *,
    grad_bits: int = 16,
    rate: float = 2.0**-4,
    count: int = 48,
) -> Bundle:
    """Compile with random samples; without a scheme every layer trains."""
    graph = network.graph()
    if scheme is None:
        scheme = UpdateScheme(tuple(LayerUpdate(n.name, 1.0, True) for n in graph.nodes if OPS[n.op].parametrised))
    _, x = network.samples(count, 1)
    labels = labels_of(graph, x, 2)
    return compile_graph(graph, scheme, x, labels, learning_rate=rate, grad_bits=grad_bits, margin=1)


class Block(nn.Module):
    """A transformer's block with causal attention, written out or by torch's function."""

    def __init__(self, channels: int, heads: int, written_out: bool) -> None:
        super().__init__()
        self.heads, self.written_out = heads, written_out
        self.norm1, self.norm2 = nn.LayerNorm(channels), nn.RMSNorm(channels)
        self.qkv, self.out = nn.Linear(channels, 3 * channels), nn.Linear(channels, channels)
        self.mlp = nn.Sequential(nn.Linear(channels, 2 * channels), nn.SiLU(), nn.Linear(2 * channels, channels))

    def attend(self, q: torch.Tensor, k: torch.Tensor, v: torch.Tensor) -> torch.Tensor:
        if not self.written_out:
            return nn.functional.scaled_dot_product_attention(q, k, v, is_causal=True)
        scores = q @ k.transpose(-2, -1) / q.shape[-1] ** 0.5
        later = torch.triu(torch.ones(q.shape[-2], q.shape[-2], dtype=torch.bool), 1)
        return scores.masked_fill(later, float("-inf")).softmax(-1) @ v

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        n, t, c = x.shape
        parts = self.qkv(self.norm1(x)).split(c, dim=2)
        y = self.attend(*(p.view(n, t, self.heads, c // self.heads).transpose(1, 2) for p in parts))
        x = x + self.out(y.transpose(1, 2).reshape(n, t, c))
        return x + self.mlp(self.norm2(x))


class Cell(nn.Module):
    """A recurrent layer and a linear one that brings its outputs back to six channels."""

    def __init__(self, cell: nn.Module, hidden: int) -> None:
        super().__init__()
        self.cell, self.back = cell, nn.Linear(hidden, 6)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.back(self.cell(x)[0])


class Attending(nn.Module):
    """nn.MultiheadAttention, whose weights may be asked for and thrown away, or an attention of three layers."""

    def __init__(self, channels: int, kind: str) -> None:
        super().__init__()
        self.kind = kind
        self.module = nn.MultiheadAttention(channels, 2, batch_first=True)
        self.q, self.k, self.v = (nn.Linear(channels, channels) for _ in range(3))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if self.kind == "three layers":
            return nn.functional.scaled_dot_product_attention(self.q(x), self.k(x), self.v(x), scale=0.3)
        mask = nn.Transformer.generate_square_subsequent_mask(x.shape[1], dtype=x.dtype)
        return self.module(x, x, x, attn_mask=mask, need_weights=self.kind == "weights")[0]


def double(module: nn.Module) -> nn.Module:
    torch.manual_seed(0)
    for m in module.modules():
        if hasattr(m, "reset_parameters"):
            m.reset_parameters()
    return module.double().eval()


class Last(nn.Module):
    """The last step of [N, T, C]."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x[:, -1]


def language(body: nn.Module, tokens: int = 20, steps: int = 7, channels: int = 6) -> Sequences:
    return Sequences(double(Language(tokens, steps, channels, body)), steps, tokens)


SEQUENCE_NETWORKS = {
    "embedding": language(nn.Identity()),
    "byte": language(nn.Sequential(nn.Linear(6, 12), nn.GELU(), nn.Linear(12, 6)), tokens=256),
    "layer norm": language(nn.Sequential(nn.LayerNorm(6), nn.Linear(6, 6))),
    "rms norm": language(nn.Sequential(nn.Linear(6, 6), nn.RMSNorm(6))),
    "norms that something else reads": language(nn.Sequential(nn.LayerNorm(6), nn.GELU(), nn.LayerNorm(6))),
    "transformer": language(Block(6, 2, False)),
    "transformer written out": language(nn.Sequential(Block(6, 3, True), nn.LayerNorm(6))),
    "multi-head attention": language(Attending(6, "module")),
    "multi-head attention with weights": language(Attending(6, "weights")),
    "attention of three layers": language(Attending(6, "three layers")),
    **{f"products {kind}": language(Multiplying(6, kind)) for kind in ("pairs", "gram", "within a step", "heads")},
    "encoder layer": Sequences(
        double(
            nn.Sequential(nn.TransformerEncoderLayer(8, 2, 16, 0.1, "gelu", batch_first=True), Last(), nn.Linear(8, 3))
        ),
        9,
        0,
        8,
    ),
    "gru": language(Cell(nn.GRU(6, 5, batch_first=True), 5)),
    "lstm": language(Cell(nn.LSTM(6, 5, 2, batch_first=True), 5)),
    "gru classifier": Sequences(
        double(nn.Sequential(Cell(nn.GRU(6, 5, batch_first=True), 5), Last(), nn.Linear(6, 3))), 9, 0, 6
    ),
    "labelled steps": Sequences(double(nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 3))), 9, 0, 4),
    "last step": Sequences(double(nn.Sequential(nn.Linear(4, 8), nn.Tanh(), Last(), nn.Linear(8, 3))), 9, 0, 4),
}
