"""The float32 twin of a graph: the same layers, scheme, samples, order and rate, trained by torch.

Scheme search measures on it what training a layer brings, and benchmarks compare the integer kernel's accuracy with it.
Tensors are [N, C, H, W] inside, as torch has them; a 1-D network has H = 1.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch.nn import functional

from tinyfl.compiler.float_cells import CELLS
from tinyfl.compiler.sample_order import epoch_order
from tinyfl.compiler.scheme import trained_in_channels
from tinyfl.errors import ModelError
from tinyfl.types import FloatArray, Graph, IntArray, Node, UpdateScheme, Window

Values = Mapping[str, torch.Tensor]

_ACTIVATIONS: dict[str, Callable[[torch.Tensor], torch.Tensor]] = {
    "none": lambda y: y,
    "relu": torch.relu,
    "relu6": lambda y: y.clamp(0, 6),
    "relu_n1_to_1": lambda y: y.clamp(-1, 1),
}


@dataclass
class Layer:
    """Weight and bias of a node, and which of their elements train (1) or not (0)."""

    weight: torch.Tensor
    bias: torch.Tensor
    weight_mask: torch.Tensor
    bias_mask: float
    shared: bool


class FloatTwin:
    """SGD on the trained part of a float graph; windows are [H, W, C] float32."""

    def __init__(self, graph: Graph, scheme: UpdateScheme, learning_rate: float) -> None:
        self.graph = graph
        self.rate = learning_rate
        self.layers: dict[str, Layer] = {}
        for node in graph.nodes:
            if node.weight is None or node.bias is None:
                continue
            update = scheme.of(node.name)
            mask = np.zeros_like(node.weight)
            if update is not None and update.ratio > 0:
                mask[..., : mask.shape[-1] if node.op == "depthwise" else trained_in_channels(node, update)] = 1
            trains_bias = update is not None and update.bias
            self.layers[node.name] = Layer(
                _leaf(_torch_weight(node, node.weight), bool(mask.any())),
                _leaf(node.bias, trains_bias),
                _leaf(_torch_weight(node, mask), False),
                float(trains_bias),
                update is not None and update.shared,
            )

    def logits(self, x: torch.Tensor) -> torch.Tensor:
        """Scores [N, classes] of windows [N, H, W, C], of sequences [N x steps, classes]."""
        return self.scores({self.graph.input: x.permute(0, 3, 1, 2)}, 0)

    def scores(self, values: Values, start: int) -> torch.Tensor:
        """Scores [N, classes] from the tensors that node ``start`` and those after it read of the nodes before.

        Of sequences they are [N x steps, classes].
        """
        scores = self.run(values, start, len(self.graph.nodes))[self.graph.output]
        return scores.permute(0, 2, 3, 1).reshape(-1, self.graph.classes)

    def run(self, values: Values, start: int, stop: int) -> dict[str, torch.Tensor]:
        """Computes nodes ``start`` to ``stop`` - 1; returns what later nodes read, or the network's output."""
        known = dict(values)
        for node in self.graph.nodes[start:stop]:
            y = self._run(node, [known[t] for t in node.inputs])
            h, w, c = self.graph.shapes[node.output]
            known[node.output] = _ACTIVATIONS[node.activation](y).reshape(-1, c, h, w)
        wanted = {t for node in self.graph.nodes[stop:] for t in node.inputs} or {self.graph.output}
        return {t: v for t, v in known.items() if t in wanted}

    def _run(self, node: Node, xs: list[torch.Tensor]) -> torch.Tensor:
        layer = self.layers.get(node.name)
        if layer is None:
            return _plain(node, xs)
        if node.op == "embedding":
            return layer.weight[xs[0].long()[:, 0], 0, 0].permute(0, 3, 1, 2)
        if node.op == "positions":
            return xs[0] + layer.weight[:, 0, 0].T[None, :, None]
        if node.op in CELLS:
            return CELLS[node.op](xs[0][:, :, 0], layer.weight[:, 0, 0], layer.bias)[:, :, None]
        win = _window(node)
        if node.op in ("pointwise", "logits") and win.in_h == win.in_w == 1:
            flat = xs[0].permute(0, 2, 3, 1).reshape(len(xs[0]), -1)  # H W C order, as the weights are
            return functional.linear(flat, layer.weight.flatten(1), layer.bias)[:, :, None, None]
        groups = win.in_c if node.op == "depthwise" else win.groups
        rows = xs[0].permute(0, 2, 3, 1).reshape(-1, *win.in_shape)  # in H W C order: the window may group them anew
        padded = _pad(rows.permute(0, 3, 1, 2), win)
        return functional.conv2d(padded, layer.weight, layer.bias, (win.stride_h, win.stride_w), groups=groups)

    def step(self, x: torch.Tensor, label: int | IntArray) -> None:
        """One step of SGD on one window [H, W, C]; a sequence has a label for each step [steps]."""
        self.descend(self.logits(x[None]), torch.from_numpy(np.atleast_1d(label)))

    def descend(self, scores: torch.Tensor, labels: torch.Tensor) -> float:
        """One step along the sum of the samples' gradients, about what single steps amount to; returns their loss."""
        loss = functional.cross_entropy(scores, labels, reduction="sum") / self.graph.steps
        rows = [(t, m) for layer in self.layers.values() for t, m in _trained(layer)]
        grads = torch.autograd.grad(loss, [t for t, _ in rows], allow_unused=True)
        with torch.no_grad():
            for (tensor, mask), grad in zip(rows, grads, strict=True):
                if grad is not None:
                    tensor -= self.rate * mask * grad
        return float(loss.detach())

    def learn(self, x: torch.Tensor, y: list[int] | IntArray, seed: int, round_number: int, epochs: int) -> None:
        """The epochs of one round, in a device's order."""
        for epoch in range(epochs):
            for i in epoch_order(seed, round_number, epoch, len(y)):
                self.step(x[i], y[i])

    def shared(self) -> list[torch.Tensor]:
        """The tensors whose deltas travel, to read and to set."""
        return [t for layer in self.layers.values() if layer.shared for t in (layer.weight, layer.bias)]

    def accuracy(self, x: torch.Tensor, y: IntArray) -> float:
        """Share of windows [N, H, W, C] whose label has the highest score."""
        with torch.no_grad():
            return float((self.logits(x).argmax(1).numpy() == y).mean())


def _leaf(values: FloatArray, trains: bool) -> torch.Tensor:
    return torch.tensor(values, dtype=torch.float32, requires_grad=trains)


def _trained(layer: Layer) -> list[tuple[torch.Tensor, torch.Tensor | float]]:
    pairs: list[tuple[torch.Tensor, torch.Tensor | float]] = [
        (layer.weight, layer.weight_mask),
        (layer.bias, layer.bias_mask),
    ]
    return [(tensor, mask) for tensor, mask in pairs if tensor.requires_grad]


def _torch_weight(node: Node, weight: FloatArray) -> FloatArray:
    if node.op == "depthwise":
        return weight.transpose(2, 0, 1)[:, None]
    if node.window is None:
        return weight
    return weight.transpose(0, 3, 1, 2) if _window(node).in_h * _window(node).in_w > 1 else weight


def _window(node: Node) -> Window:
    assert node.window is not None
    return node.window


def _pad(x: torch.Tensor, win: Window, value: float = 0.0) -> torch.Tensor:
    bottom = max(0, (win.out_h - 1) * win.stride_h + win.kernel_h - win.in_h - win.pad_top)
    right = max(0, (win.out_w - 1) * win.stride_w + win.kernel_w - win.in_w - win.pad_left)
    padded = functional.pad(x, (win.pad_left, right, win.pad_top, bottom), value=value)
    height = (win.out_h - 1) * win.stride_h + win.kernel_h
    width = (win.out_w - 1) * win.stride_w + win.kernel_w
    return padded[:, :, :height, :width]


def _block(x: torch.Tensor, first: int, pixels: int, channel: int, channels: int) -> torch.Tensor:
    """A crop of [N, C, H, W] seen as pixels."""
    return x.flatten(2)[:, channel : channel + channels, None, first : first + pixels]


def _matmul(node: Node, xs: Sequence[torch.Tensor]) -> torch.Tensor:
    """Matrices that lie in memory in H W C order."""
    batch, m, k, n, transposed = map(int, node.coefficients)
    a, b = (x.permute(0, 2, 3, 1) for x in xs)
    a = a.reshape(-1, batch, m, k)
    b = b.reshape(-1, batch, n, k).mT if transposed else b.reshape(-1, batch, k, n)
    return (a @ b).permute(0, 3, 1, 2)


def _attention(x: torch.Tensor, heads: int, causal: float, scale: float) -> torch.Tensor:
    """Of [N, 3 C, H, W]: q, k and v side by side."""
    n, channels, h, w = x.shape
    q, k, v = x.reshape(n, 3, heads, channels // 3 // heads, h * w).transpose(3, 4).unbind(1)
    y = functional.scaled_dot_product_attention(q, k, v, is_causal=bool(causal), scale=scale)
    return y.transpose(2, 3).reshape(n, channels // 3, h, w)


_PLAIN: dict[str, Callable[[Node, Sequence[torch.Tensor]], torch.Tensor]] = {
    "add": lambda _, xs: xs[0] + xs[1],
    "sub": lambda _, xs: xs[0] - xs[1],
    "mul": lambda _, xs: xs[0] * xs[1],
    "mul_channels": lambda _, xs: xs[0] * xs[1],
    "concat": lambda _, xs: torch.cat(list(xs), 1),
    "activation": lambda _, xs: xs[0],
    "requantize": lambda _, xs: xs[0],
    "logistic": lambda _, xs: xs[0].sigmoid(),
    "tanh": lambda _, xs: xs[0].tanh(),
    "hard_sigmoid": lambda _, xs: functional.hardsigmoid(xs[0]),
    "hard_swish": lambda _, xs: functional.hardswish(xs[0]),
    "silu": lambda _, xs: functional.silu(xs[0]),
    "gelu": lambda _, xs: functional.gelu(xs[0]),
    "gelu_tanh": lambda _, xs: functional.gelu(xs[0], approximate="tanh"),
    "crop": lambda node, xs: _block(xs[0], *map(int, node.coefficients)),
    "attention": lambda node, xs: _attention(xs[0], int(node.coefficients[0]), *node.coefficients[1:]),
    "matmul": _matmul,
    "layer_norm": lambda node, xs: functional.layer_norm(
        xs[0].movedim(1, -1), (xs[0].shape[1],), eps=node.coefficients[0]
    ).movedim(-1, 1),
    "rms_norm": lambda node, xs: xs[0] * (xs[0].square().mean(1, True) + node.coefficients[0]).rsqrt(),
    "affine": lambda node, xs: node.coefficients[0] * xs[0] + node.coefficients[1],
}


def _plain(node: Node, xs: Sequence[torch.Tensor]) -> torch.Tensor:
    """The result of a node without parameters, before its fused activation."""
    if node.op in _PLAIN:
        return _PLAIN[node.op](node, xs)
    if node.op not in ("avg_pool", "max_pool"):
        raise ModelError(f"node {node.name}: {node.op} has no float twin; give the update scheme yourself (last:K)")
    win = _window(node)
    size, stride = (win.kernel_h, win.kernel_w), (win.stride_h, win.stride_w)
    if node.op == "avg_pool":
        return functional.avg_pool2d(_pad(xs[0], win), size, stride)
    return functional.max_pool2d(_pad(xs[0], win, -torch.inf), size, stride)
