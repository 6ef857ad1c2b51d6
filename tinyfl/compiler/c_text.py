"""C declarations of constants."""

from __future__ import annotations

import numpy as np

from tinyfl.types import IntArray


def array(ctype: str, name: str, values: IntArray) -> str:
    """``static const`` array; C has no empty arrays, so an empty one gets one zero element."""
    flat = values.ravel() if values.size else np.zeros(1, np.int64)
    rows = [", ".join(str(int(v)) for v in flat[i : i + 20]) for i in range(0, flat.size, 20)]
    body = ",\n    ".join(rows)
    return f"static const {ctype} {name}[{flat.size}] = {{\n    {body}}};\n"


def struct(ctype: str, name: str, **members: object) -> str:
    """``static const`` structure."""
    body = ", ".join(f".{k} = {v}" for k, v in members.items())
    return f"static const {ctype} {name} = {{{body}}};\n"
