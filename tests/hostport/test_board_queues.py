"""The queues of a board's device against Python's own: order, fullness, and counters that go round."""

from __future__ import annotations

import ctypes as ct
from collections import deque
from pathlib import Path

import numpy as np
import pytest

from tinyfl.boards.firmware import firmware_dir
from tinyfl.boards.toolchain import build

RING, BOX, LONGEST = 512, 2, 1024


@pytest.fixture
def queues(tmp_path: Path) -> ct.CDLL:
    firmware = firmware_dir()
    ports = firmware / "ports"
    sources = [Path(__file__).with_name("board_queues.c"), ports / "loop" / "outbox.c"]
    include = [firmware / "include", ports / "firmware", ports / "loop"]
    library = ct.CDLL(str(build(sources, include, output=tmp_path / "q.so")))
    library.box_oldest.restype = ct.c_void_p
    return library


def test_the_ring_keeps_order_and_says_when_it_is_full(queues: ct.CDLL) -> None:
    rng, kept, was_full = np.random.default_rng(0), deque[int](), 0
    for burst in rng.integers(1, 2 * RING, 60):
        for byte in rng.integers(0, 256, burst):
            taken = queues.try_put(int(byte))
            assert taken == (len(kept) < RING)
            was_full += not taken
            if taken:
                kept.append(int(byte))
        for _ in range(rng.integers(0, RING + 2)):
            assert queues.try_get() == (kept.popleft() if kept else -1)
    assert was_full


def test_the_outbox_keeps_whole_messages_in_order(queues: ct.CDLL) -> None:
    rng, kept, n = np.random.default_rng(1), deque[bytes](), ct.c_uint32()
    for _ in range(300):
        message = rng.bytes(int(rng.integers(1, LONGEST + 1)))
        assert (queues.box_put(message, len(message)) == 0) == (len(kept) < BOX)
        if len(kept) < BOX:
            kept.append(message)
        while kept and rng.integers(2):
            at = queues.box_oldest(ct.byref(n))
            assert ct.string_at(at, n.value) == kept.popleft()
            queues.box_drop()
    assert queues.box_put(bytes(LONGEST + 1), LONGEST + 1) < 0
