"""The dequantised network in torch: what integers are compared with. Tensors are [N, H, W, C], in double."""

from __future__ import annotations

import numpy as np
import torch
from torch.nn import functional as F

from tinyfl.ops import weighted
from tinyfl.types import Int8Graph, Int8Node, IntArray

WITHOUT_WINDOW = {
    "add": lambda a, b: a + b,
    "sub": lambda a, b: a - b,
    "mul": lambda a, b: a * b,
    "mul_channels": lambda x, gate: x * gate,
    "concat": lambda *xs: torch.cat(xs, 3),
    "activation": lambda x: x,
    "requantize": lambda x: x,
    "logistic": torch.sigmoid,
    "tanh": torch.tanh,
    "hard_sigmoid": F.hardsigmoid,
    "hard_swish": F.hardswish,
    "silu": F.silu,
    "gelu": F.gelu,
    "gelu_tanh": lambda x: F.gelu(x, approximate="tanh"),
}


def crop(n: Int8Node, x: torch.Tensor, weight: torch.Tensor | None) -> torch.Tensor:
    first, pixels, channel, channels = map(int, n.coefficients)
    rows = x.reshape(len(x), 1, -1, x.shape[3])
    return rows[:, :, first : first + pixels, channel : channel + channels]


def attention(n: Int8Node, x: torch.Tensor, weight: torch.Tensor | None) -> torch.Tensor:
    heads, causal, scale = n.coefficients
    samples, h, w, channels = x.shape
    parts = x.reshape(samples, h * w, 3, int(heads), -1).permute(2, 0, 3, 1, 4)
    y = F.scaled_dot_product_attention(*parts, is_causal=bool(causal), scale=scale)
    return y.transpose(1, 2).reshape(samples, h, w, channels // 3)


def matmul(n: Int8Node, a: torch.Tensor, b: torch.Tensor, weight: torch.Tensor | None) -> torch.Tensor:
    batch, m, k, columns, transposed = map(int, n.coefficients)
    b = b.reshape(-1, batch, columns, k).mT if transposed else b.reshape(-1, batch, k, columns)
    return a.reshape(-1, batch, m, k) @ b


OF_SEQUENCES = {
    "matmul": matmul,
    "attention": attention,
    "crop": crop,
    "embedding": lambda n, x, w: w[x[..., 0].long(), 0, 0],
    "positions": lambda n, x, w: x + w.reshape(x.shape[1:]),
    "layer_norm": lambda n, x, w: F.layer_norm(x, x.shape[-1:], eps=n.coefficients[0]),
    "rms_norm": lambda n, x, w: F.rms_norm(x, x.shape[-1:], eps=n.coefficients[0]),
    "affine": lambda n, x, w: n.coefficients[0] * x + n.coefficients[1],
}


def recurrent(
    op: str, gi: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor, states: torch.Tensor | None
) -> torch.Tensor:
    """States [N, 1, T, H] of a GRU or LSTM; if ``states`` are given, each step starts from those, straight through."""
    w = weight[:, 0, 0]
    h = c = gi.new_zeros(len(gi), w.shape[1])
    out = []
    for t in range(gi.shape[2]):
        x, p = gi[:, 0, t], h @ w.T + bias
        if op == "gru":
            (xr, xz, xn), (pr, pz, pn) = x.chunk(3, 1), p.chunk(3, 1)
            z, n = torch.sigmoid(xz + pz), torch.tanh(xn + torch.sigmoid(xr + pr) * pn)
            h = (1 - z) * n + z * h
        else:
            i, f, g, o = (x + p).chunk(4, 1)
            c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
            h = torch.sigmoid(o) * torch.tanh(c)
        out.append(h)
        if states is not None:
            h = h + (states[:, 0, t] - h).detach()
    return torch.stack(out, 1)[:, None]


def operator(
    n: Int8Node,
    xs: list[torch.Tensor],
    weight: torch.Tensor | None,
    bias: torch.Tensor | None,
    y: torch.Tensor | None = None,
) -> torch.Tensor:
    """Real output of one operator before its activation.

    ``weight`` is laid out as the node's; ``y``: the real values of its int8 output.
    """
    if n.op in ("gru", "lstm"):
        assert weight is not None
        assert bias is not None
        return recurrent(n.op, xs[0], weight, bias, y)
    if n.op in OF_SEQUENCES:
        return OF_SEQUENCES[n.op](n, *xs, weight)
    if n.window is None:
        return WITHOUT_WINDOW[n.op](*xs)
    win = n.window
    assert win is not None
    x = xs[0].reshape(-1, *win.in_shape).permute(0, 3, 1, 2)
    bottom = (win.out_h - 1) * win.stride_h + win.kernel_h - win.in_h - win.pad_top
    right = (win.out_w - 1) * win.stride_w + win.kernel_w - win.in_w - win.pad_left
    x = F.pad(x, (win.pad_left, right, win.pad_top, bottom), value=-torch.inf if n.op == "max_pool" else 0.0)
    kernel, stride = (win.kernel_h, win.kernel_w), (win.stride_h, win.stride_w)
    if n.op == "max_pool":
        y = F.max_pool2d(x, kernel, stride)
    elif n.op == "avg_pool":
        y = F.avg_pool2d(x, kernel, stride)
    else:
        assert weight is not None
        if n.op == "depthwise":
            y = F.conv2d(x, weight.permute(2, 0, 1)[:, None], bias, stride, groups=win.in_c)
        else:
            y = F.conv2d(x, weight.permute(0, 3, 1, 2), bias, stride, groups=win.groups)
    return y.permute(0, 2, 3, 1)


def dequantised(graph: Int8Graph, tensor: str, values: IntArray) -> torch.Tensor:
    """Real values of an int8 tensor."""
    q = graph.quant[tensor]
    return torch.from_numpy((values - q.zero_point) * q.scale)


def parameters(n: Int8Node, weight: IntArray | None, bias: IntArray | None) -> tuple[torch.Tensor | None, ...]:
    """Real weights and biases of a node from its integers."""
    if weight is None or bias is None:
        return None, None
    scale = torch.from_numpy(np.asarray(n.weight_scale))
    shaped = scale if n.op == "depthwise" else scale[:, None, None, None]
    return torch.from_numpy(weight) * shaped, torch.from_numpy(bias) * scale * weighted(n.op).input_scale(n.input_quant)


def gradients(
    graph: Int8Graph, values: dict[str, IntArray], logits_grad: torch.Tensor
) -> tuple[dict[str, torch.Tensor], dict[tuple[int, str], torch.Tensor]]:
    """Straight-through gradients of every tensor, and per node of its real weights and biases.

    Each operator is differentiated by torch's autograd at the dequantised integers; masks as NUMERICS 5.3 puts them.
    """
    grads = {graph.output: logits_grad}
    of_parameters: dict[tuple[int, str], torch.Tensor] = {}
    for n in reversed(graph.nodes):
        g = grads[n.output]
        y = torch.from_numpy(values[n.output])
        if n.requant.mask_lo:
            g = g * (y > n.requant.lo)
        if n.requant.mask_hi:
            g = g * (y < n.requant.hi)
        xs = [dequantised(graph, t, values[t]).requires_grad_() for t in n.inputs]
        leaves = [p.requires_grad_() for p in parameters(n, n.weight, n.bias) if p is not None]
        real = None if n.output == graph.output else dequantised(graph, n.output, values[n.output])
        out = operator(n, xs, *(leaves or (None, None)), real)
        found = torch.autograd.grad(out, [*xs, *leaves], g.reshape(out.shape), allow_unused=True)
        for tensor, gx in zip(n.inputs, found, strict=False):
            if gx is not None:
                grads[tensor] = grads[tensor] + gx if tensor in grads else gx
        if leaves:
            of_weight, of_bias = found[len(xs) :]
            of_parameters[n.index, "weight"] = of_weight
            of_parameters[n.index, "bias"] = torch.zeros(0) if of_bias is None else of_bias
    return grads, of_parameters
