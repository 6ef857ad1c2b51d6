"""Two small networks that score the next byte: a causal transformer and a GRU. Both take [N, T] bytes."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional

BYTES = 256


class Block(nn.Module):
    """A pre-norm transformer block: causal attention, then two linear layers, each added to what it reads."""

    def __init__(self, channels: int, heads: int, wide: int) -> None:
        super().__init__()
        self.heads = heads
        self.norm1, self.norm2 = nn.LayerNorm(channels), nn.LayerNorm(channels)
        self.qkv, self.out = nn.Linear(channels, 3 * channels), nn.Linear(channels, channels)
        self.up, self.down = nn.Linear(channels, wide), nn.Linear(wide, channels)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """[N, T, channels] to the same."""
        n, t, c = x.shape
        q, k, v = (
            part.view(n, t, self.heads, c // self.heads).transpose(1, 2)
            for part in self.qkv(self.norm1(x)).chunk(3, dim=-1)
        )
        y = functional.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + self.out(y.transpose(1, 2).reshape(n, t, c))
        mixed: torch.Tensor = x + self.down(functional.gelu(self.up(self.norm2(x))))
        return mixed


class Transformer(nn.Module):
    """Token and positional embeddings, two blocks, a norm, a linear layer: 84,544 parameters at a context of 64."""

    def __init__(self, context: int, channels: int = 48, heads: int = 4, wide: int = 192, blocks: int = 2) -> None:
        super().__init__()
        self.token, self.position = nn.Embedding(BYTES, channels), nn.Embedding(context, channels)
        self.blocks = nn.Sequential(*(Block(channels, heads, wide) for _ in range(blocks)))
        self.norm, self.head = nn.LayerNorm(channels), nn.Linear(channels, BYTES)
        for table in (self.token, self.position):
            nn.init.normal_(table.weight, std=0.1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Scores [N, T, 256] of bytes [N, T]."""
        y = self.token(x) + self.position(torch.arange(x.shape[1], device=x.device))
        scores: torch.Tensor = self.head(self.norm(self.blocks(y)))
        return scores


class Gru(nn.Module):
    """Token embedding, a GRU of 96, a linear layer."""

    def __init__(self, channels: int = 48, hidden: int = 96) -> None:
        super().__init__()
        self.token = nn.Embedding(BYTES, channels)
        self.gru, self.head = nn.GRU(channels, hidden, batch_first=True), nn.Linear(hidden, BYTES)
        nn.init.normal_(self.token.weight, std=0.1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Scores [N, T, 256] of bytes [N, T]."""
        scores: torch.Tensor = self.head(self.gru(self.token(x))[0])
        return scores


def network(kind: str, context: int) -> nn.Module:
    """``transformer`` or ``gru``, fresh."""
    return Transformer(context) if kind == "transformer" else Gru()
