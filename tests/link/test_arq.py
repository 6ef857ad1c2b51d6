"""Both ends in both languages over a line that alters, drops, repeats and reorders, with resets in the middle."""

import ctypes
import random

import pytest
from arq_ends import Faults, Line, make_end
from hypothesis import given, settings
from hypothesis import strategies as st

from tinyfl.link.arq import Role

PAIRS = [("python", "python"), ("c", "c"), ("python", "c"), ("c", "python")]
GATEWAY, DEVICE = 0, 1

faults = st.builds(
    Faults,
    flip=st.sampled_from([0, 0.001, 0.01, 0.02]),
    lose=st.sampled_from([0, 0.003]),
    insert=st.sampled_from([0, 0.003]),
    drop=st.sampled_from([0, 0.1, 0.3]),
    repeat=st.sampled_from([0, 0.3]),
    delay=st.sampled_from([0, 0.3]),
    bytes_per_ms=st.sampled_from([0.96, 11.5, 300.0]),
)


def messages(rng: random.Random, count: int, label: int = 0) -> list[bytes]:
    """Distinct messages: a label, a number and some random bytes (many of them zero), 8 to 1024 bytes."""
    sizes = [rng.choice([8, 31, 32, 33, 64, 1000, 1024, rng.randrange(8, 1025)]) for _ in range(count)]
    return [
        label.to_bytes(4, "little")
        + i.to_bytes(4, "little")
        + bytes(rng.choice([0, 1, 255, rng.randrange(256)]) for _ in range(n - 8))
        for i, n in enumerate(sizes)
    ]


@pytest.mark.parametrize("pair", PAIRS)
@settings(max_examples=40, deadline=None)
@given(faults=faults, seed=st.integers(0, 2**32 - 1), units=st.tuples(st.integers(1, 6), st.integers(1, 32)))
def test_nothing_lost_doubled_or_altered(
    arq_library: ctypes.CDLL, pair: tuple[str, str], faults: Faults, seed: int, units: tuple[int, int]
) -> None:
    rng = random.Random(seed)
    ends = [
        make_end(pair[GATEWAY], arq_library, Role.GATEWAY, seed),
        make_end(pair[DEVICE], arq_library, Role.DEVICE, seed ^ 0xABCDEF, *units),
    ]
    line = Line(ends, faults, seed, start=rng.choice([0, 2**32 - 3000]) if pair == ("c", "c") else 0)
    down, up = messages(rng, 5), messages(rng, 5)
    for message in down:
        ends[GATEWAY].send(message)
    for message in up:
        ends[DEVICE].send(message)
    line.run(until=line.now + 3_600_000, done=True)
    assert line.received == [up, down]


@pytest.mark.parametrize("pair", PAIRS)
@settings(max_examples=40, deadline=None)
@given(faults=faults, seed=st.integers(0, 2**32 - 1), resets=st.lists(st.booleans(), min_size=1, max_size=4))
def test_resets_cost_messages_under_way_but_never_double_or_mix(
    arq_library: ctypes.CDLL, pair: tuple[str, str], faults: Faults, seed: int, resets: list[bool]
) -> None:
    rng = random.Random(seed)
    roles = (Role.GATEWAY, Role.DEVICE)
    ends = [make_end(pair[i], arq_library, roles[i], rng.getrandbits(32)) for i in (0, 1)]
    line = Line(ends, faults, seed)
    sent: list[list[bytes]] = [[], []]

    def send(label: int) -> None:
        for i in (GATEWAY, DEVICE):
            fresh = messages(rng, 3, label)
            sent[i] += fresh
            for message in fresh:
                line.ends[i].send(message)

    for label, reset_device in enumerate(resets):
        send(label)
        line.run(until=line.now + rng.randrange(1, 1500))
        who = int(reset_device)
        line.ends[who] = make_end(pair[who], arq_library, roles[who], rng.getrandbits(32))
    line.run(until=line.now + 20_000)  # what was delayed has come
    send(label=98)  # now each end learns at the latest that the other one is new
    line.run(until=line.now + 20_000)
    send(label=99)
    line.run(until=line.now + 3_600_000, done=True)
    for sender in (GATEWAY, DEVICE):
        got = line.received[1 - sender]
        order = [sent[sender].index(message) for message in got]
        assert order == sorted(set(order)), "in order, each at most once"
        assert got[-3:] == sent[sender][-3:], "all sent after they met again"


def test_a_silent_line_keeps_a_device_quiet(arq_library: ctypes.CDLL) -> None:
    for kind in ("python", "c"):
        end = make_end(kind, arq_library, Role.DEVICE, 1)
        assert end.poll(5)  # says once that it booted
        assert end.wait(5) is None
        end.send(b"hello")
        assert 0 < (end.wait(10) or 0) <= 250


@pytest.mark.parametrize("pair", PAIRS)
def test_frames_shrink_on_a_bad_line_and_grow_on_a_good_one(arq_library: ctypes.CDLL, pair: tuple[str, str]) -> None:
    def longest_frame(flip: float) -> int:
        rng = random.Random(7)
        ends = [make_end(pair[i], arq_library, (Role.GATEWAY, Role.DEVICE)[i], 3 + i) for i in (0, 1)]
        line = Line(ends, Faults(flip=flip), 11)
        for message in messages(rng, 30):
            ends[GATEWAY].send(message)
        line.run(until=3_600_000, done=True)
        ends[GATEWAY].send(bytes(1024))
        return max(len(ends[GATEWAY].poll(line.now)) for _ in range(3))

    assert longest_frame(0.0) == 192 + 17
    assert longest_frame(0.01) == 32 + 17
