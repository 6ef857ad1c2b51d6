"""The planes of a device: inside their block, aligned, and none over another."""

import ctypes as ct
from itertools import pairwise

import pytest

# as tf_device_memory, with the bytes each plane of the tiny model has for a capacity
PLANES = {
    "w": (1, lambda c: 24),
    "f": (1, lambda c: 24),
    "b": (4, lambda c: 24),
    "arena": (8, lambda c: 6),
    "base_w": (2, lambda c: 36),
    "base_b": (4, lambda c: 12),
    "residual": (2, lambda c: 42),
    "windows": (1, lambda c: 8 * c),
    "labels": (2, lambda c: 2 * c),
    "origins": (1, lambda c: c),
    "order": (2, lambda c: 2 * c),
}


class Memory(ct.Structure):
    _fields_ = [*((name, ct.c_void_p) for name in PLANES), ("capacity", ct.c_uint16)]


@pytest.mark.parametrize("capacity", [1, 2, 7, 12, 333])
def test_planes_are_apart(library: ct.CDLL, capacity: int) -> None:
    size = library.block_bytes(capacity)
    block = (ct.c_uint64 * (size // 8))()
    memory, start = Memory(), ct.addressof(block)
    assert library.place(block, size, capacity, ct.byref(memory)) == 0
    assert memory.capacity == capacity
    spans = sorted((getattr(memory, name) - start, length(capacity)) for name, (_, length) in PLANES.items())
    assert spans[0][0] == 0
    assert spans[-1][0] + spans[-1][1] <= size
    assert all(at + length <= after for (at, length), (after, _) in pairwise(spans))
    assert all(getattr(memory, name) % alignment == 0 for name, (alignment, _) in PLANES.items())


def test_the_macro_is_the_function(library: ct.CDLL) -> None:
    assert library.block_bytes_12() == library.block_bytes(12)


def test_what_is_no_block_is_refused(library: ct.CDLL) -> None:
    size = library.block_bytes(12)
    block, memory = (ct.c_uint64 * (size // 8 + 1))(), Memory()
    assert library.place(block, size - 1, 12, ct.byref(memory)) == -2
    assert library.place(ct.c_void_p(ct.addressof(block) + 4), size, 12, ct.byref(memory)) == -1
    assert library.place(block, size, 0, ct.byref(memory)) == -1
    assert library.place(None, size, 12, ct.byref(memory)) == -1
