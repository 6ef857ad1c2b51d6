"""The window store by the text of docs/SPEC.md, in Python."""

from collections import Counter

import numpy as np


def mix(x: np.uint32) -> np.uint32:
    with np.errstate(over="ignore"):
        x = np.uint32(x)
        x ^= x >> np.uint32(16)
        x *= np.uint32(0x7FEB352D)
        x ^= x >> np.uint32(15)
        x *= np.uint32(0x846CA68B)
        return x ^ (x >> np.uint32(16))


def product(*terms: tuple[int, int]) -> np.uint32:
    return np.uint32(sum(a * b for a, b in terms) % 2**32)


def store_reference(pushes: list[tuple[int, int]], capacity: int, seed: int) -> list[tuple[int, int, int]]:
    """The text of SPEC: (label, origin, number of the push) in each slot."""
    slots: list[tuple[int, int, int]] = []
    for number, (label, origin) in enumerate(pushes):
        if len(slots) < capacity:
            slots.append((label, origin, number))
            continue
        sizes = Counter(slot[:2] for slot in slots)
        largest = max(sizes.values())
        own = (label, origin)
        victim = own if sizes[own] == largest else min(s for s, n in sizes.items() if n == largest)
        members = [i for i, slot in enumerate(slots) if slot[:2] == victim]
        draw = mix(np.uint32((int(mix(product((seed, 0x85EBCA6B), (2, 0x27D4EB2F)))) + number) % 2**32))
        slots[members[int(draw) * len(members) >> 32]] = (label, origin, number)
    return slots
