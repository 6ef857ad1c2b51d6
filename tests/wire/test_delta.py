"""The chunk coding against a bit-by-bit writing of the text, in Python and in C."""

import ctypes as ct
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tinyfl.wire.codec import WireError
from tinyfl.wire.delta import (
    MAX_K,
    MIN_SPACE,
    SparseDelta,
    decode_values,
    encode_chunk,
    encode_space,
    values_digest,
)

SETTINGS = settings(max_examples=150, deadline=None)
wide = st.integers(-(2**31), 2**31 - 1)
values = st.one_of(
    st.lists(st.integers(-3, 3), min_size=1, max_size=300),
    st.lists(st.integers(-127, 127), min_size=1, max_size=200),
    st.lists(st.one_of(st.integers(-3, 3), wide), min_size=1, max_size=60),
)


def code(value: int, k: int) -> str:
    zigzag = 2 * value if value >= 0 else -2 * value - 1
    if zigzag >> k >= 24:
        return "1" * 24 + f"{zigzag:032b}"
    return "1" * (zigzag >> k) + "0" + (f"{zigzag % 2**k:0{k}b}" if k else "")


def reference(numbers: list[int], k: int) -> bytes:
    bits = "".join(code(v, k) for v in numbers)
    bits += "0" * (-len(bits) % 8)
    return bytes(int(bits[i : i + 8], 2) for i in range(0, len(bits), 8))


def best_reference(numbers: list[int], space: int) -> tuple[int, int]:
    """(count, k) by trying everything."""
    best = None
    for k in range(MAX_K + 1):
        bits, fit = 0, 0
        for v in numbers:
            if bits + len(code(v, k)) > 8 * space:
                break
            bits, fit = bits + len(code(v, k)), fit + 1
        rank = (fit, -bits, -k)
        best = max(best, rank) if best else rank
    return best[0], -best[2]


@SETTINGS
@given(numbers=values, space=st.integers(MIN_SPACE, 120))
def test_python_and_c_write_the_best_chunk(library: ct.CDLL, numbers: list[int], space: int) -> None:
    chunk = encode_chunk(np.array(numbers, np.int32), 0, space)
    count, k = best_reference(numbers, space)
    assert (chunk.count, chunk.k) == (count, k)
    assert chunk.data == reference(numbers[:count], k)
    assert len(chunk.data) <= space
    array = np.array(numbers, np.int32)
    out, c_count, c_k = ct.create_string_buffer(space), ct.c_uint32(), ct.c_uint8()
    n = library.rice_encode(array.ctypes.data_as(ct.c_void_p), len(array), out, space, ct.byref(c_count), ct.byref(c_k))
    assert (c_count.value, c_k.value, out.raw[:n]) == (count, k, chunk.data)


@SETTINGS
@given(numbers=values, k=st.integers(0, MAX_K))
def test_any_parameter_decodes_in_python_and_c(library: ct.CDLL, numbers: list[int], k: int) -> None:
    data = reference(numbers, k)
    np.testing.assert_array_equal(decode_values(len(numbers), k, data), numbers)
    out = np.zeros(len(numbers), np.int32)
    assert library.rice_decode(data, len(data), ct.c_uint8(k), out.ctypes.data_as(ct.c_void_p), len(out)) == 0
    np.testing.assert_array_equal(out, numbers)


@SETTINGS
@given(data=st.binary(max_size=40), count=st.integers(0, 70), k=st.integers(0, MAX_K))
def test_python_and_c_accept_the_same_bytes(library: ct.CDLL, data: bytes, count: int, k: int) -> None:
    out = np.zeros(count, np.int32)
    status = library.rice_decode(data, len(data), ct.c_uint8(k), out.ctypes.data_as(ct.c_void_p), count)
    try:
        decoded = decode_values(count, k, data)
    except WireError:
        assert status == -3
    else:
        assert status == 0
        np.testing.assert_array_equal(decoded, out)


@SETTINGS
@given(numbers=values, split=st.floats(0, 1), space=st.integers(MIN_SPACE, 60))
def test_a_space_is_covered_once_and_never_across_the_parts(numbers: list[int], split: float, space: int) -> None:
    weights = int(split * len(numbers))
    array, at = np.array(numbers, np.int32), 0
    for chunk in encode_space(array, weights, space):
        assert chunk.start == at
        at += chunk.count
        assert not chunk.start < weights < at
        np.testing.assert_array_equal(chunk.values(), array[chunk.start : at])
    assert at == len(array)


def test_the_example_of_the_specification() -> None:
    data = bytes.fromhex("1c ff ff ff 00 00 00 50")
    assert reference([0, -1, 2, 40], 1) == data
    np.testing.assert_array_equal(decode_values(4, 1, data), [0, -1, 2, 40])


def test_zeros_cost_a_bit_each() -> None:
    chunk = encode_chunk(np.zeros(10_000, np.int32), 5)
    assert (chunk.start, chunk.count, chunk.k, len(chunk.data)) == (5, 896 * 8, 0, 896)


def test_a_laplacian_delta_costs_little_more_than_its_entropy() -> None:
    q = np.round(np.random.default_rng(0).laplace(0, 1.0, 20_000)).astype(np.int32)
    _, counts = np.unique(q, return_counts=True)
    entropy = -(counts / len(q) * np.log2(counts / len(q))).sum() * len(q) / 8
    coded = sum(len(chunk.data) for chunk in encode_space(q, len(q)))
    assert entropy <= coded < 1.12 * entropy


def test_the_digest_is_zlibs_over_little_endian_words() -> None:
    numbers = [1, -2, 2**31 - 1, -(2**31)]
    data = b"".join(v.to_bytes(4, "little", signed=True) for v in numbers)
    assert values_digest(np.array(numbers)) == zlib.crc32(data)
    delta = SparseDelta("a", 1, 2, 3, (0,), np.array(numbers, np.int32), 5, zlib.crc32(data))
    assert delta.is_intact()


@pytest.mark.parametrize("space", [0, MIN_SPACE - 1])
def test_too_little_space_is_an_error(space: int) -> None:
    with pytest.raises(WireError):
        encode_chunk(np.zeros(3, np.int32), 0, space)
