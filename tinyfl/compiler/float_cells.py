"""Recurrent cells in float for the twin: states from the projections of all steps."""

from __future__ import annotations

import torch
from torch.nn import functional


def gru(gi: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor) -> torch.Tensor:
    """States [N, H, T] of the projections [N, 3 H, T]."""
    h, out = gi.new_zeros(len(gi), weight.shape[1]), []
    for x in gi.unbind(2):
        (xr, xz, xn), (pr, pz, pn) = x.chunk(3, 1), functional.linear(h, weight, bias).chunk(3, 1)
        z, n = (xz + pz).sigmoid(), (xn + (xr + pr).sigmoid() * pn).tanh()
        h = n + z * (h - n)
        out.append(h)
    return torch.stack(out, 2)


def lstm(gi: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor) -> torch.Tensor:
    """States [N, H, T] of the projections [N, 4 H, T]."""
    h = c = gi.new_zeros(len(gi), weight.shape[1])
    out = []
    for x in gi.unbind(2):
        i, f, g, o = (x + functional.linear(h, weight, bias)).chunk(4, 1)
        c = f.sigmoid() * c + i.sigmoid() * g.tanh()
        h = o.sigmoid() * c.tanh()
        out.append(h)
    return torch.stack(out, 2)


CELLS = {"gru": gru, "lstm": lstm}
