"""The delta of one device and one round, and the coding of ranges of integers (``docs/SPEC.md``, chunk coding)."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tinyfl.wire.codec import WireError
from tinyfl.wire.messages import MAX_CHUNK_DATA

ESCAPE = 24  # so many one-bits announce a raw 32-bit value
MAX_K = 24
MIN_SPACE = 7  # bytes of the longest code of one value
_Integers = NDArray[np.int32]


@dataclass(frozen=True)
class Chunk:
    """``count`` consecutive integers of the shared space from ``start`` on, Rice coded with parameter ``k``."""

    start: int
    count: int
    k: int  # 0..24
    data: bytes

    def values(self) -> _Integers:
        """The integers, int32 ``[count]``. Raises :class:`WireError` if the data does not say exactly that many."""
        return decode_values(self.count, self.k, self.data)


@dataclass(frozen=True, eq=False)
class SparseDelta:
    """What one device learned in one round, relative to the base it started from, in units of ``2**shift``.

    There are no indices: the update scheme is static, so ``q`` is dense in scheme space.
    """

    device: str
    round: int
    scheme_id: int
    base_version: int
    shifts: tuple[int, ...]  # one per shared tensor
    q: _Integers  # [shared weights, then shared biases]; weights -127..127, biases -32767..32767
    examples: int  # windows in each epoch of training
    digest: int  # CRC-32 of q, as the device said it

    def is_intact(self) -> bool:
        """Whether ``q`` has the digest the device computed."""
        return values_digest(self.q) == self.digest


def values_digest(values: NDArray[np.integer]) -> int:
    """CRC-32 of the values as little-endian int32, in order; of an update's ``q`` or of a base."""
    return zlib.crc32(np.ascontiguousarray(values, dtype="<i4").tobytes())


def _zigzag(values: _Integers) -> NDArray[np.int64]:
    wide = values.astype(np.int64)
    return np.where(wide < 0, -2 * wide - 1, 2 * wide)


def _code_bits(zigzag: NDArray[np.int64], k: int) -> NDArray[np.int64]:
    quotient = zigzag >> k
    return np.where(quotient < ESCAPE, quotient + 1 + k, ESCAPE + 32)


def encode_chunk(values: _Integers, start: int, space: int = MAX_CHUNK_DATA) -> Chunk:
    """As many of ``values`` (at least one) as fit into ``space`` bytes, with the parameter that says most of them.

    ``values`` begin at element ``start`` and must not reach beyond the weight or bias part they begin in.
    Raises :class:`WireError` if ``space`` is under ``MIN_SPACE`` or there is nothing to encode.
    """
    if space < MIN_SPACE or not len(values):
        raise WireError(f"A chunk needs a value and at least {MIN_SPACE} bytes of space.")
    zigzag = _zigzag(values[: 8 * space])
    best = (0, 0, 0)
    for k in range(MAX_K + 1):
        total = np.cumsum(_code_bits(zigzag, k))
        fit = int(np.searchsorted(total, 8 * space, side="right"))
        best = max(best, (fit, -int(total[fit - 1]) if fit else 0, -k))
    count, k = best[0], -best[2]
    return Chunk(start, count, k, _pack(zigzag[:count], k))


def _pack(zigzag: NDArray[np.int64], k: int) -> bytes:
    quotient = zigzag >> k
    escaped = quotient >= ESCAPE
    prefix = np.where(escaped, ESCAPE, quotient + 1)
    lengths = _code_bits(zigzag, k)
    owner = np.repeat(np.arange(len(zigzag)), lengths)
    place = np.arange(len(owner)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    in_prefix = place < prefix[owner]
    unary = (place < quotient[owner]) & in_prefix
    shift = np.maximum(lengths[owner] - 1 - place, 0)
    binary = (zigzag[owner] >> np.minimum(shift, 62)) & 1
    return np.packbits(np.where(in_prefix, unary, binary).astype(np.uint8)).tobytes()


def decode_values(count: int, k: int, data: bytes) -> _Integers:
    """The ``count`` integers of a chunk. Raises :class:`WireError` unless ``data`` says exactly that many."""
    if not 0 <= k <= MAX_K:
        raise WireError(f"A Rice parameter of {k} is outside 0 to {MAX_K}.")
    bits = np.unpackbits(np.frombuffer(data, dtype=np.uint8))
    size = len(bits)
    if count > size:
        raise WireError("A chunk is shorter than its count.")
    positions = np.where(bits == 0, np.arange(size), size)
    next_zero: list[int] = [*np.minimum.accumulate(positions[::-1])[::-1].tolist(), size]
    codes: list[tuple[int, int, int]] = []  # quotient, place and number of the bits behind it
    at = 0
    for _ in range(count):
        if at > size:
            break
        quotient = next_zero[at] - at
        if quotient >= ESCAPE:
            codes.append((0, at + ESCAPE, 32))
            at += ESCAPE + 32
        else:
            codes.append((quotient, at + quotient + 1, k))
            at += quotient + 1 + k
    if at > size or size - at >= 8 or bits[at:].any():
        raise WireError("A chunk's data does not match its count.")
    return _unpack(bits, np.array(codes, dtype=np.int64).reshape(-1, 3).T, k)


def _unpack(bits: NDArray[np.uint8], codes: NDArray[np.int64], k: int) -> _Integers:
    quotients, starts, widths = codes
    zigzag = quotients << k
    for place in range(int(widths.max(initial=0))):
        chosen = place < widths
        zigzag[chosen] |= bits[starts[chosen] + place].astype(np.int64) << (widths[chosen] - 1 - place)
    return np.where(zigzag & 1, -1 - (zigzag >> 1), zigzag >> 1).astype(np.int32)


def encode_space(values: _Integers, shared_weights: int, space: int = MAX_CHUNK_DATA) -> Iterator[Chunk]:
    """Chunks that cover the whole shared space, ``shared_weights`` weights and then the biases."""
    for part_start, part in ((0, values[:shared_weights]), (shared_weights, values[shared_weights:])):
        done = 0
        while done < len(part):
            chunk = encode_chunk(part[done:], part_start + done, space)
            yield chunk
            done += chunk.count
