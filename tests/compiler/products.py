"""Layers over sequences that multiply activations with each other."""

from __future__ import annotations

import torch
from torch import nn


class Multiplying(nn.Module):
    """Products without a softmax: of all steps' pairs, of steps with themselves, within a step, and of heads."""

    def __init__(self, channels: int, kind: str) -> None:
        super().__init__()
        self.kind = kind
        self.q, self.k, self.v = (nn.Linear(channels, channels) for _ in range(3))
        self.back = nn.Linear(4, channels) if kind == "within a step" else nn.Identity()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        q, k, v = self.q(x), self.k(x), self.v(x)
        if self.kind == "pairs":
            return torch.relu(q @ k.mT / x.shape[-1] ** 0.5) @ v
        if self.kind == "gram":
            return q @ q.mT @ v
        if self.kind == "within a step":
            outer = torch.einsum("ntij,ntjk->ntik", q.unflatten(2, (2, -1)), k.unflatten(2, (-1, 2)))
            return self.back(outer.flatten(2)) + v
        heads = zip(*(p.chunk(2, 2) for p in (q, k, v)), strict=True)
        return torch.cat([torch.einsum("ntc,nsc->nts", a, b) @ c for a, b, c in heads], 2)
