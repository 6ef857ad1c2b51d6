"""Which window a device learns when: the order of ``docs/SPEC.md``, as ``device_fw/core/tf_windows.c`` has it."""

from __future__ import annotations

from tinyfl.ops.arith import GOLDEN, mix_int

_ORDER = 1


def epoch_order(seed: int, round_number: int, epoch: int, count: int) -> list[int]:
    """The order in which epoch ``epoch`` (from 0) of a round visits ``count`` windows, as indices ``0..count-1``.

    The windows are those the round learns from, in the order of their slots in the store.
    """
    start = mix_int(seed * 0x85EBCA6B + round_number * 0xC2B2AE35 + _ORDER * 0x27D4EB2F)
    base = mix_int(start + epoch)
    order = list(range(count))
    for i in range(count - 1, 0, -1):
        j = mix_int(base + i * GOLDEN) * (i + 1) >> 32
        order[i], order[j] = order[j], order[i]
    return order
