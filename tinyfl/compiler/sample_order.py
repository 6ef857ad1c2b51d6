"""Which window a device learns when: the order of ``docs/SPEC.md``, as ``device_fw/core/tf_windows.c`` has it."""

from __future__ import annotations

_MASK = 0xFFFFFFFF
_ORDER = 1


def _mix(x: int) -> int:
    """``MIX`` of ``docs/NUMERICS.md`` section 1."""
    x ^= x >> 16
    x = x * 0x7FEB352D & _MASK
    x ^= x >> 15
    x = x * 0x846CA68B & _MASK
    return x ^ (x >> 16)


def epoch_order(seed: int, round_number: int, epoch: int, count: int) -> list[int]:
    """The order in which epoch ``epoch`` (from 0) of a round visits ``count`` windows, as indices ``0..count-1``.

    The windows are those the round learns from, in the order of their slots in the store.
    """
    start = _mix((seed * 0x85EBCA6B + round_number * 0xC2B2AE35 + _ORDER * 0x27D4EB2F) & _MASK)
    base = _mix((start + epoch) & _MASK)
    order = list(range(count))
    for i in range(count - 1, 0, -1):
        j = _mix((base + i * 0x9E3779B9) & _MASK) * (i + 1) >> 32
        order[i], order[j] = order[j], order[i]
    return order
