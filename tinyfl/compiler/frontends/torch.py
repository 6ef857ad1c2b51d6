"""Import of a torch module by ``torch.export``: layers become nodes, batch norms and activations are folded in.

torch is imported only here and in training code; a compiled bundle needs it no more.
"""

from __future__ import annotations

import warnings
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from tinyfl.compiler.fold import finish
from tinyfl.compiler.frontends.torch_arguments import Scores, Value, argument, of_module, where
from tinyfl.compiler.frontends.torch_builder import channels_first
from tinyfl.compiler.frontends.torch_einsum import Einsum
from tinyfl.compiler.frontends.torch_pooling import Pooling
from tinyfl.compiler.frontends.torch_recurrent import RecurrentLayers
from tinyfl.compiler.frontends.torch_views import Views
from tinyfl.errors import ModelError
from tinyfl.types import Graph, Layout

if TYPE_CHECKING:
    import torch

_SUPPORTED = (
    "conv1d, conv2d, linear, gru, lstm, embedding, batch_norm (eval), layer_norm, rms_norm, "
    "scaled_dot_product_attention (or written out with matmul and softmax), "
    "matmul and einsum of two activations, relu, relu6, hardtanh, sigmoid, tanh, hardsigmoid, hardswish, silu, gelu, "
    "add, sub, mul, div by a number, cat of channels, avg_pool, adaptive_avg_pool to 1, max_pool, mean over the image, "
    "dropout (eval), views, transpositions, cuts, and zeros before a convolution"
)


def import_torch(module: torch.nn.Module, example: torch.Tensor, layout: Layout = "channels_first") -> Graph:
    """Graph of a classifier in eval mode.

    ``example`` is one input: [1, C, L] or [1, C, H, W]; with ``layout`` channels_last steps [1, T, C]; tokens [1, T]
    of an integer type.

    Raises ModelError naming the node and its operator if something is not supported.
    """
    import torch

    module = module.eval()
    try:
        with warnings.catch_warnings():
            # Of the list of weights that a recurrent layer sets anew whenever it runs; nothing a user could change.
            warnings.filterwarnings("ignore", message=r"The tensor attributes? .*_flat_weights")
            exported = torch.export.export(module, (example,))
    except Exception as error:  # torch.export raises many kinds; all mean the same to the user
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise ModelError(f"torch.export cannot trace {type(module).__name__}: {reason}") from error
    return import_exported(exported, layout)


def import_exported(exported: Any, layout: Layout = "channels_first") -> Graph:
    """Graph of a ``torch.export.ExportedProgram`` that was traced with one input, as ``import_torch`` takes it."""
    return _Importer(exported, layout).run()


def _wanted(graph: Any) -> set[Any]:
    """The operators that the output depends on, and all placeholders; an attention's weights may be for nobody."""
    wanted = {fx for fx in graph.nodes if fx.op in ("placeholder", "output")}
    for fx in reversed(graph.nodes):
        if fx in wanted:
            wanted.update(fx.all_input_nodes)
    return wanted


class _Importer(Views, Pooling, Einsum, RecurrentLayers):
    """One import: walks the exported program once."""

    def __init__(self, exported: Any, layout: Layout) -> None:
        super().__init__()
        self.exported = exported
        self.layout = layout

    def run(self) -> Graph:
        """Import, fold, and mark the classifier."""
        signature = self.exported.graph_signature
        arrays = {**self.exported.state_dict, **self.exported.constants}
        lifted = getattr(signature, "inputs_to_lifted_tensor_constants", {})
        parameters = {**signature.inputs_to_parameters, **signature.inputs_to_buffers, **lifted}
        output = input_name = ""
        wanted = _wanted(self.exported.graph)
        for fx in self.exported.graph.nodes:
            if fx not in wanted:
                continue
            if fx.op == "placeholder":
                if fx.name in parameters:
                    self.values[fx.name] = arrays[parameters[fx.name]]
                else:
                    input_name = fx.name
                    self.values[fx.name] = self._input(fx)
            elif fx.op == "call_function":
                self._call(fx)
            elif fx.op == "output":
                output = self._output(fx)
        return finish(self.nodes, self.shapes, input_name, output)

    def _input(self, fx: Any) -> Value:
        """One sample: channels [1, C, L] or [1, C, H, W], steps [1, T, C], or tokens [1, T] of an integer type."""
        example = fx.meta["val"]
        size = tuple(int(n) for n in example.shape)
        if len(size) == 2 and not example.is_floating_point():
            shape = (1, size[1], 1)
            index = np.arange(size[1])[None]
        elif len(size) == 3 and self.layout == "channels_last":
            shape = (1, size[1], size[2])
            index = np.arange(size[1] * size[2]).reshape(size)
        elif len(size) in (3, 4):
            shape = (1, size[2], size[1]) if len(size) == 3 else (size[2], size[3], size[1])
            index = channels_first(shape, len(size))
        else:
            raise ModelError(
                f"input of shape {size}: pass one sample as [1, C, L] or [1, C, H, W], as [1, T, C] with "
                'layout="channels_last", or as tokens [1, T] of an integer type'
            )
        self.shapes[fx.name] = shape
        return Value(fx.name, shape, index)

    def _output(self, fx: Any) -> str:
        results = fx.args[0]
        if len(results) != 1:
            raise ModelError(f"the network returns {len(results)} values; return the class scores alone")
        return self._tensor(fx, results[0], 0).tensor

    def _call(self, fx: Any) -> None:
        op = str(getattr(fx.target, "__name__", fx.target)).removeprefix("aten.").split(".")[0]
        if op == "getitem":
            self.values[fx.name] = self._getitem(fx)
            return
        if not any(isinstance(self.values.get(n.name), Value | Scores | tuple) for n in fx.all_input_nodes):
            self.values[fx.name] = self._computed(fx)
            return
        handler = getattr(self, f"_{op.strip('_')}", None)
        if handler is None:
            raise ModelError(f"{where(fx)}: operator {op}{of_module(fx)} is not supported; supported are {_SUPPORTED}")
        self.values[fx.name] = handler(fx)

    def _computed(self, fx: Any) -> Any:
        """What an operator of constants alone gives: torch computes it."""

        def known(argument: Any) -> Any:
            return self.values[argument.name] if hasattr(argument, "name") else argument

        args = [[known(x) for x in a] if isinstance(a, list | tuple) else known(a) for a in fx.args]
        return fx.target(*args, **{k: known(v) for k, v in fx.kwargs.items()})

    def _pad(self, fx: Any) -> Value:
        x = self._operand(fx, padded=True)
        amounts, mode, value = [int(a) for a in fx.args[1]], argument(fx, 2, "constant"), argument(fx, 3, None)
        axes = x.index.ndim - 2
        if mode != "constant" or value or min(amounts) < 0 or len(amounts) > 2 * axes:
            raise ModelError(f"{where(fx)}: pad of {amounts} ({mode}); only with zeros, at the ends")
        left, right, top, bottom = (*amounts, 0, 0, 0, 0)[:4]
        t, b, le, r = x.pad
        return replace(x, pad=(t + top, b + bottom, le + left, r + right))
