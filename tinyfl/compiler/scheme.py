"""Update schemes: what trains, given as ``last:K``, ``full``, ``lora:R``, a published scheme's name, or a TOML file
with one ``[[layer]]`` per trained node.

[[layer]]
node = "features.0"   # as `tinyfl compile` lists them
weights = 0.5         # share of leading input channels whose weights train; 0 none
bias = true
shared = false        # default: true, but false for the classifier
rank = 4              # of an adapter beside the weights, which are then frozen; default: none
"""

from __future__ import annotations

import hashlib
import json
import math
import tomllib
from pathlib import Path
from typing import Any

from tinyfl.compiler.adapters import adapters_everywhere
from tinyfl.compiler.named_schemes import NAMED, named_scheme
from tinyfl.errors import SchemeError
from tinyfl.ops import OPS, weighted
from tinyfl.types import Graph, Int8Graph, LayerUpdate, Node, UpdateScheme

_KEYS: dict[str, tuple[tuple[type, ...], str]] = {
    "node": ((str,), "a name in quotes"),
    "weights": ((int, float), "a number from 0 to 1"),
    "bias": ((bool,), "true or false"),
    "shared": ((bool,), "true or false"),
    "rank": ((int,), "a whole number"),
}


def parse_scheme(spec: str, graph: Graph) -> UpdateScheme:
    """The scheme that ``spec`` names for ``graph``; raises SchemeError."""
    layers = [n for n in graph.nodes if OPS[n.op].parametrised]
    if spec == "full":
        return last_layers(graph, len(layers))
    if spec.startswith("last:"):
        try:
            count = int(spec[5:])
        except ValueError:
            count = 0
        if not 1 <= count <= len(layers):
            raise SchemeError(f"scheme '{spec}': give last:K with K from 1 to {len(layers)}, the network's layers")
        return last_layers(graph, count)
    if spec.startswith("lora:"):
        if not spec[5:].isdecimal() or int(spec[5:]) == 0:
            raise SchemeError(f"scheme '{spec}': give lora:R with R the rank of the adapters, 1 or more")
        return adapters_everywhere(graph, int(spec[5:]))
    if spec in NAMED:
        return named_scheme(spec, graph)
    path = Path(spec)
    if not path.is_file():
        raise SchemeError(
            f"scheme '{spec}' is neither last:K, full, lora:R nor a file, nor one of auto, {', '.join(NAMED)}"
        )
    return _read(path, graph)


def scheme_toml(scheme: UpdateScheme) -> str:
    """The scheme as a file that ``parse_scheme`` reads."""
    rows = (
        f"[[layer]]\nnode = {json.dumps(u.node, ensure_ascii=False)}\nweights = {u.ratio}\n"
        f"bias = {json.dumps(u.bias)}\nshared = {json.dumps(u.shared)}\n" + (f"rank = {u.rank}\n" if u.rank else "")
        for u in scheme.layers
    )
    return "\n".join(rows)


def last_layers(graph: Graph, count: int, ratio: float = 1.0) -> UpdateScheme:
    """The last ``count`` parametrised layers train with their biases; the classifier is personal."""
    layers = [n for n in graph.nodes if OPS[n.op].parametrised][-count:]
    return UpdateScheme(tuple(LayerUpdate(n.name, ratio, True, n.op != "logits") for n in layers))


def _read(path: Path, graph: Graph) -> UpdateScheme:
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SchemeError(f"scheme file {path} cannot be read: {error}") from error
    rows = document.get("layer", [])
    others = sorted(set(document) - {"layer"})
    if others or not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        what = f"remove {', '.join(others)}" if others else "write layer so"
        raise SchemeError(f"scheme file {path} holds [[layer]] tables and nothing else; {what}")
    scheme = UpdateScheme(tuple(_layer(row, path, graph) for row in rows))
    check_scheme(scheme, graph)
    return scheme


def _layer(row: dict[str, Any], path: Path, graph: Graph) -> LayerUpdate:
    unknown = set(row) - set(_KEYS)
    if "node" not in row or unknown:
        raise SchemeError(
            f"scheme file {path}: a [[layer]] takes {', '.join(_KEYS)}; "
            f"{'remove ' + ', '.join(sorted(unknown)) if unknown else 'add node'}"
        )
    for key, value in row.items():
        kinds, wanted = _KEYS[key]
        if type(value) not in kinds:
            raise SchemeError(f"scheme file {path}: {key} = {value!r} of layer {row['node']} is not {wanted}")
    head = any(n.name == row["node"] and n.op == "logits" for n in graph.nodes)
    rank = row.get("rank", 0)
    share, shared = float(row.get("weights", 0.0)), row.get("shared", not head)
    return LayerUpdate(row["node"], share, row.get("bias", not rank), shared, rank)


def check_scheme(scheme: UpdateScheme, graph: Graph) -> None:
    """Raise SchemeError unless every layer of ``scheme`` is a parametrised node with a ratio in 0..1."""
    names = {n.name: n for n in graph.nodes if OPS[n.op].parametrised}
    if not scheme.layers:
        raise SchemeError("the update scheme trains nothing; name at least one layer")
    for update in scheme.layers:
        if update.node not in names:
            raise SchemeError(f"the update scheme names '{update.node}'; the trainable layers are {', '.join(names)}")
        if not 0 <= update.ratio <= 1 or math.isnan(update.ratio):
            raise SchemeError(f"layer {update.node}: weights = {update.ratio} is not between 0 and 1")
        if not weighted(names[update.node].op).sub_channels and update.ratio not in (0, 1):
            what = names[update.node].op
            raise SchemeError(f"layer {update.node} is {what}: weights must be 0 or 1, not {update.ratio}")
        bias = names[update.node].bias
        if update.rank and update.ratio:
            raise SchemeError(f"layer {update.node} has an adapter: its own weights are frozen; leave weights out")
        if update.ratio == 0 and not update.rank and not (update.bias and bias is not None and bias.size):
            raise SchemeError(f"layer {update.node} trains neither weights nor bias; leave it out")
    if len({u.node for u in scheme.layers}) != len(scheme.layers):
        raise SchemeError("the update scheme names a layer twice; keep one entry a layer")


def trained_in_channels(node: Node, update: LayerUpdate | None) -> int:
    """Leading input channels of a group whose weights train."""
    if update is None or update.ratio == 0 or node.weight is None:
        return 0
    if node.op == "depthwise":
        return 1
    return max(1, math.floor(node.weight.shape[3] * update.ratio + 0.5))


def scheme_id(graph: Int8Graph, grad_bits: int) -> int:
    """First four bytes of the SHA-256 of what trains and what is shared; a delta only fits its own scheme."""
    rows = [
        [n.index, n.name, n.trained_in_c, n.bias_trained, n.shared, [] if n.weight is None else n.weight.shape]
        for n in graph.nodes
        if n.trains
    ]
    digest = hashlib.sha256(json.dumps([grad_bits, rows]).encode()).digest()
    return int.from_bytes(digest[:4], "big")
