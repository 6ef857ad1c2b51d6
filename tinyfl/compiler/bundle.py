"""The bundle: everything about a compiled network in one value, and its file, which needs no torch to read.

The file is a NumPy archive without pickles: ``header`` (JSON: the whole structure, arrays replaced by their names)
and one member per array.
"""

from __future__ import annotations

import dataclasses
import json
import types as pytypes
import typing
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from tinyfl.compiler.identity import network_id
from tinyfl.compiler.layout import SharedSpace, TrainedTensor, shared_space, trained_tensors
from tinyfl.compiler.quantize import to_int8
from tinyfl.compiler.scheme import scheme_id
from tinyfl.errors import ModelError
from tinyfl.ops import OPS
from tinyfl.types import FloatArray, IntArray, MemoryPlan, Program

FORMAT = 3
_UNREADABLE = (OSError, EOFError, ValueError, KeyError, TypeError, RuntimeError, zipfile.BadZipFile)


@dataclass(frozen=True)
class Bundle:
    """A compiled network: program, memory plan and the size of the float model it came from."""

    program: Program
    plan: MemoryPlan
    float_parameters: int

    @property
    def network_id(self) -> int:
        """Identity of the arithmetic."""
        return network_id(self.program)

    @property
    def scheme_id(self) -> int:
        """Identity of what trains and what is shared."""
        return scheme_id(self.program.graph, self.program.grad_bits)

    @property
    def tensors(self) -> tuple[TrainedTensor, ...]:
        """Trained tensors in plane order."""
        return trained_tensors(self.program.graph)

    @property
    def space(self) -> SharedSpace:
        """The shared space of deltas."""
        return shared_space(self.tensors)

    @property
    def classes(self) -> int:
        """Number of classes."""
        return self.program.graph.classes

    @property
    def input_bytes(self) -> int:
        """Bytes of one int8 sample; of a sequence with the labels of its steps."""
        return self.program.graph.sample_bytes

    def quantize_input(self, x: FloatArray) -> IntArray:
        """Float samples [N, H, W, C] as int8 values in the model's input scale."""
        return to_int8(x, self.program.graph.quant[self.program.graph.input])

    def samples(self, x: IntArray, labels: IntArray) -> IntArray:
        """Samples [N, input_bytes] as a device stores them, of int8 inputs [N, H, W, C] and labels as in training.

        Raises ModelError if the labels of tokens are not the tokens that follow.
        """
        graph, inputs = self.program.graph, x.reshape(len(x), -1)
        if not graph.target:
            return inputs
        out = np.zeros((len(x), graph.sample_bytes), np.int64)
        out[:, : inputs.shape[1]] = inputs
        out[:, graph.target : graph.target + graph.steps] = labels - 128
        if not np.array_equal(out[:, : inputs.shape[1]], inputs):
            raise ModelError("the label of each step must be the token after it; shift the tokens by one")
        return out

    def macs(self) -> tuple[int, int]:
        """Multiply-accumulates of the forward pass and of the backward pass with updates, for one sample."""
        nodes = self.program.graph.nodes
        forward = sum(OPS[n.op].macs(n) for n in nodes)
        backward = 0
        for step in self.program.steps:
            if step.action in ("input_grad", "again"):
                backward += OPS[nodes[step.node].op].macs(nodes[step.node])
            elif step.action == "update_weight":
                n = nodes[step.node]
                trained = next(t.count for t in self.tensors if t.node == n.index and not t.is_bias)
                h, w, _ = self.program.graph.shapes[n.output]
                backward += h * w * trained
        return forward, backward


def save_bundle(bundle: Bundle, path: Path) -> None:
    """Write the bundle's file; replaces an older one in one step."""
    arrays: dict[str, Any] = {}
    header = {"format": FORMAT, "bundle": _encode(bundle, arrays)}
    arrays["header"] = np.frombuffer(json.dumps(header).encode(), np.uint8)
    part = path.with_name(path.name + ".part")
    with part.open("wb") as f:
        np.savez(f, **arrays)
    part.replace(path)


def load_bundle(path: Path) -> Bundle:
    """Read a bundle's file, or the ``bundle`` in a folder; raises ModelError."""
    file = path / "bundle" if path.is_dir() else path
    try:
        with np.load(file, allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in archive.files}
        header = json.loads(np.asarray(arrays["header"]).tobytes())
        if header["format"] != FORMAT:
            raise ModelError(
                f"bundle {file} has format {header['format']}, this is {FORMAT}; compile the network again"
            )
        bundle: Bundle = _decode(header["bundle"], Bundle, arrays)
    except FileNotFoundError as error:
        raise ModelError(f"there is no bundle at {file}; `tinyfl compile` writes one") from error
    except _UNREADABLE as error:
        raise ModelError(f"bundle {file} cannot be read ({error}); compile the network again") from error
    return bundle


def _encode(value: Any, arrays: dict[str, Any]) -> Any:
    if isinstance(value, np.ndarray):
        name = f"a{len(arrays)}"
        arrays[name] = value
        return name
    if dataclasses.is_dataclass(value):
        return {f.name: _encode(getattr(value, f.name), arrays) for f in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return [[_encode(k, arrays), _encode(v, arrays)] for k, v in value.items()]
    if isinstance(value, tuple):
        return [_encode(v, arrays) for v in value]
    return value


@cache
def _hints(cls: type) -> dict[str, Any]:
    return typing.get_type_hints(cls)


def _decode(raw: Any, kind: Any, arrays: Mapping[str, Any]) -> Any:
    origin, args = typing.get_origin(kind), typing.get_args(kind)
    if origin in (typing.Union, pytypes.UnionType):
        return None if raw is None else _decode(raw, next(a for a in args if a is not type(None)), arrays)
    if origin is np.ndarray:
        return arrays[raw]
    if origin is tuple:
        kinds = [args[0]] * len(raw) if len(args) == 2 and args[1] is Ellipsis else args
        return tuple(_decode(v, k, arrays) for v, k in zip(raw, kinds, strict=True))
    if origin is not None and issubclass(origin, Mapping):
        return {_decode(k, args[0], arrays): _decode(v, args[1], arrays) for k, v in raw}
    if dataclasses.is_dataclass(kind) and isinstance(kind, type):
        return kind(**{f.name: _decode(raw[f.name], _hints(kind)[f.name], arrays) for f in dataclasses.fields(kind)})
    return raw
