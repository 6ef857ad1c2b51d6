"""The float32 twin of a compiled network: the same graph, scheme, samples, order and rate, trained by torch.

It is what the integer kernel's accuracy is compared with.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch.nn import functional

from tinyfl.compiler.sample_order import epoch_order
from tinyfl.compiler.scheme import trained_in_channels
from tinyfl.types import Graph, Node, UpdateScheme, Window


@dataclass
class Layer:
    """Weight and bias of a node, and which of their elements train (1) or not (0)."""

    weight: torch.Tensor
    bias: torch.Tensor
    weight_mask: torch.Tensor
    bias_mask: float
    shared: bool


class FloatTwin:
    """Batch-1 SGD on the trained part of a float graph; windows are [H, W, C] float32."""

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
            self.layers[node.name] = Layer(
                _leaf(_torch_weight(node, node.weight)),
                _leaf(node.bias),
                torch.tensor(_torch_weight(node, mask), dtype=torch.float32),
                float(update is not None and update.bias),
                update is not None and update.shared,
            )

    def logits(self, x: torch.Tensor) -> torch.Tensor:
        """Scores [N, classes] of windows [N, H, W, C]."""
        values = {self.graph.input: x.permute(0, 3, 1, 2)}
        for node in self.graph.nodes:
            y = self._run(node, [values[t] for t in node.inputs])
            values[node.output] = {"none": y, "relu": y.relu(), "relu6": y.clamp(0, 6)}[node.activation]
        return values[self.graph.output].flatten(1)

    def _run(self, node: Node, xs: list[torch.Tensor]) -> torch.Tensor:
        layer = self.layers.get(node.name)
        if layer is None:
            return _plain(node, xs)
        win = _window(node)
        if node.op in ("pointwise", "logits") and win.in_h == win.in_w == 1:
            flat = xs[0].permute(0, 2, 3, 1).reshape(len(xs[0]), -1)  # H W C order, as the weights are
            return functional.linear(flat, layer.weight.flatten(1), layer.bias)[:, :, None, None]
        groups = win.in_c if node.op == "depthwise" else win.groups
        padded = _pad(xs[0], win)
        return functional.conv2d(padded, layer.weight, layer.bias, (win.stride_h, win.stride_w), groups=groups)

    def step(self, x: torch.Tensor, label: int) -> None:
        """One step of SGD on one window [H, W, C]."""
        loss = functional.cross_entropy(self.logits(x[None]), torch.tensor([label]))
        tensors = [t for layer in self.layers.values() for t in (layer.weight, layer.bias)]
        grads = torch.autograd.grad(loss, tensors, allow_unused=True)
        with torch.no_grad():
            for layer, gw, gb in zip(self.layers.values(), grads[::2], grads[1::2], strict=True):
                layer.weight -= self.rate * layer.weight_mask * gw
                layer.bias -= self.rate * layer.bias_mask * gb

    def learn(self, x: torch.Tensor, y: list[int], seed: int, round_number: int, epochs: int) -> None:
        """The epochs of one round, in a device's order."""
        for epoch in range(epochs):
            for i in epoch_order(seed, round_number, epoch, len(y)):
                self.step(x[i], y[i])

    def shared(self) -> list[torch.Tensor]:
        """The tensors whose deltas travel, to read and to set."""
        return [t for layer in self.layers.values() if layer.shared for t in (layer.weight, layer.bias)]

    def accuracy(self, x: torch.Tensor, y: np.ndarray) -> float:
        with torch.no_grad():
            return float((self.logits(x).argmax(1).numpy() == y).mean())


def _leaf(values: np.ndarray) -> torch.Tensor:
    return torch.tensor(values, dtype=torch.float32, requires_grad=True)


def _torch_weight(node: Node, weight: np.ndarray) -> np.ndarray:
    if node.op == "depthwise":
        return weight.transpose(2, 0, 1)[:, None]
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


def _plain(node: Node, xs: list[torch.Tensor]) -> torch.Tensor:
    if node.op == "add":
        return xs[0] + xs[1]
    if node.op == "activation":
        return xs[0]
    win = _window(node)
    size, stride = (win.kernel_h, win.kernel_w), (win.stride_h, win.stride_w)
    if node.op == "avg_pool":
        return functional.avg_pool2d(_pad(xs[0], win), size, stride)
    return functional.max_pool2d(_pad(xs[0], win, -torch.inf), size, stride)
