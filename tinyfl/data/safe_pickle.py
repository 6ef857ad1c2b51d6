"""Read arrays out of a pickle without running anything that the file names.

A pickle is a program: ``pickle.load`` calls whatever it asks for. Here each name a file may use stands for an inert
class of this module that only remembers what it was given; every other name is refused. Not even NumPy's own
reconstruction runs: arrays are rebuilt from their bytes once type and shape have been checked.
"""

from __future__ import annotations

import gzip
import pickle
import re
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from tinyfl.errors import DataError


class Inert:
    """Stands for an object of another library: keeps its arguments and its state, does nothing with them."""

    def __init__(self, *args: Any) -> None:
        self.args = args
        self.state: Any = None

    def __setstate__(self, state: Any) -> None:
        self.state = state


class _NumpyType(Inert):
    """Stands for ``numpy.dtype``; only plain numbers, and objects that were themselves read from the pickle."""

    @property
    def dtype(self) -> np.dtype[Any]:
        code, byte_order = self.args[0], self.state[1]
        if not re.fullmatch(r"[fiub][1248]|O8?", code) or byte_order not in ("<", ">", "|", "="):
            raise ValueError(f"array type {code!r}")
        return np.dtype("O") if code[0] == "O" else np.dtype(byte_order + code)


class _NumpyArray(Inert):
    """Stands for ``numpy.ndarray``."""

    @property
    def array(self) -> npt.NDArray[Any]:
        _, shape, kind, fortran, content = self.state
        dtype = kind.dtype
        if dtype == np.dtype("O"):
            flat = np.empty(len(content), dtype=dtype)
            flat[:] = content
        else:
            flat = np.frombuffer(content, dtype=dtype)
        array = flat.reshape(shape, order="F" if fortran else "C")
        if array.shape != tuple(shape):  # a negative extent, which reshape would work out by itself
            raise ValueError(f"array shape {shape}")
        return array


class _New(Inert):
    """Stands for the functions that make an empty object of their first argument."""

    def __new__(cls, kind: type[Inert], *args: Any) -> Any:
        return kind(*args)


class _Latin1(Inert):
    """Stands for ``_codecs.encode``, by which old pickles spell bytes."""

    def __new__(cls, text: str, encoding: str) -> Any:
        if encoding != "latin1":
            raise ValueError(f"encoding {encoding!r}")
        return text.encode("latin1")


_ADMITTED: dict[tuple[str, str], type[Inert]] = {
    ("numpy", "ndarray"): _NumpyArray,
    ("numpy", "dtype"): _NumpyType,
    ("numpy.core.multiarray", "_reconstruct"): _New,
    ("numpy._core.multiarray", "_reconstruct"): _New,
    ("_codecs", "encode"): _Latin1,
    ("copyreg", "_reconstructor"): _New,
    ("builtins", "object"): Inert,
    ("builtins", "slice"): Inert,
    ("pandas.core.frame", "DataFrame"): Inert,
    ("pandas.core.internals.managers", "BlockManager"): Inert,
    ("pandas.core.indexes.base", "_new_Index"): _New,
    ("pandas.core.indexes.base", "Index"): Inert,
    ("pandas.core.indexes.range", "RangeIndex"): Inert,
}


class _Unpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> type[Inert]:
        # The base class translates Python 2's names itself, but only after this point.
        module = {"copy_reg": "copyreg", "__builtin__": "builtins"}.get(module, module)
        if (module, name) not in _ADMITTED:
            raise pickle.UnpicklingError(f"it asks for {module}.{name}")
        return _ADMITTED[module, name]


def load_pickle(stream: BinaryIO | gzip.GzipFile, name: str) -> Any:
    """Read one pickle; in what comes back, each foreign object is ``Inert`` and ``to_array`` turns arrays into NumPy's.

    name: what to call the file in a message. Raises ``DataError`` when it asks for more than arrays, or is damaged.
    """
    try:
        return _Unpickler(stream).load()
    except Exception as error:  # a damaged pickle can raise anything
        raise DataError(f"{name} is not a pickle of plain arrays ({error}): install the package again") from error


def to_array(value: Any, name: str) -> npt.NDArray[Any]:
    """Return the array that ``value`` stands for; ``DataError`` naming ``name`` when it is none."""
    try:
        array: npt.NDArray[Any] = value.array
    except Exception as error:  # the state of a damaged pickle can have any type
        raise DataError(f"{name} holds something that is not a plain array ({error}): install it again") from error
    return array
