"""The network id: first four bytes of the SHA-256 of the graph and every constant it computes with."""

from __future__ import annotations

import hashlib
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np

from tinyfl.types import Program


def network_id(program: Program) -> int:
    """Id of a compiled network; equal ids mean equal arithmetic."""
    digest = hashlib.sha256()
    feed(digest, [list(program.graph.nodes), program.grad_bits, sorted(program.grads.items())])
    if program.graph.target:
        feed(digest, program.graph.target)
    if program.fraction_bits != 8:
        feed(digest, program.fraction_bits)
    return int.from_bytes(digest.digest()[:4], "big")


def feed(digest: Any, value: Any) -> None:
    """Add the content of dataclasses, sequences, arrays and plain values to a hash."""
    if isinstance(value, np.ndarray):
        digest.update(repr((value.shape, value.dtype.str)).encode() + np.ascontiguousarray(value).tobytes())
    elif is_dataclass(value):
        for f in fields(value):
            feed(digest, getattr(value, f.name))
    elif isinstance(value, list | tuple):
        for item in value:
            feed(digest, item)
    else:
        digest.update(repr(value).encode())
