"""A conversation through faulty links ends as it does through sound ones; the faults are what was asked for."""

from pathlib import Path

import pytest
from host_lab import Conversation

from tinyfl.link.base import DeviceLink
from tinyfl.link.faulty import FaultyLine, FaultyLink, LineFaults, MessageFaults
from tinyfl.link.inprocess import DeviceFiles, DeviceLibrary, InProcessLink


class Echo:
    """A sound link to nobody: what is sent comes back."""

    device = "echo"
    bytes_sent = bytes_received = 0

    def __init__(self) -> None:
        self.waiting: list[bytes] = []

    def send(self, message: bytes) -> None:
        self.waiting.append(message)

    def receive(self, timeout: float) -> bytes | None:
        return self.waiting.pop(0) if self.waiting else None

    def close(self) -> None:
        self.waiting.clear()


def through(faults: MessageFaults, count: int, seed: int = 1) -> list[bytes]:
    """What comes out of the way there, in order; the way back is sound."""
    inside = Echo()
    link = FaultyLink(inside, faults, seed)
    assert isinstance(link, DeviceLink)
    for i in range(count):
        link.send(i.to_bytes(4, "little"))
    return inside.waiting


def test_rates_are_those_asked_for() -> None:
    sent = [i.to_bytes(4, "little") for i in range(4000)]
    assert through(MessageFaults(), 4000) == sent
    assert 4000 - len(through(MessageFaults(lose=0.25), 4000)) == pytest.approx(1000, abs=150)
    assert len(through(MessageFaults(repeat=0.25), 4000)) - 4000 == pytest.approx(1000, abs=150)
    altered = through(MessageFaults(alter=0.25), 4000)
    assert sum(a != b for a, b in zip(altered, sent, strict=True)) == pytest.approx(1000, abs=150)
    late = through(MessageFaults(delay=0.25), 4000)
    assert sorted(late) == sorted(sent[: len(late)]) or set(late) <= set(sent)
    assert late != sent[: len(late)]
    assert len(late) >= 3990
    assert through(MessageFaults(lose=0.2, delay=0.2), 99, seed=5) == through(
        MessageFaults(lose=0.2, delay=0.2), 99, seed=5
    )


def test_a_line_s_rates_are_those_asked_for() -> None:
    data = bytes(range(256)) * 100
    assert FaultyLine(LineFaults(), 1).carry(data) == data
    flipped = FaultyLine(LineFaults(flip=0.01), 1).carry(data)
    turned = [a ^ b for a, b in zip(data, flipped, strict=True) if a != b]
    assert len(turned) == pytest.approx(256, abs=64)
    assert all(bits.bit_count() == 1 for bits in turned)
    assert len(data) - len(FaultyLine(LineFaults(lose=0.01), 1).carry(data)) == pytest.approx(256, abs=64)
    assert len(FaultyLine(LineFaults(insert=0.01), 1).carry(data)) - len(data) == pytest.approx(256, abs=64)


@pytest.mark.parametrize("seed", range(5))
def test_rounds_end_bit_for_bit_the_same(device_library: DeviceLibrary, recordings_file: Path, seed: int) -> None:
    def digest(faults: MessageFaults) -> int:
        inside = InProcessLink(device_library, "worn-1", DeviceFiles(recordings_file))
        talk = Conversation(FaultyLink(inside, faults, seed))
        for number in (1, 2, 3):
            talk.round(number)
        facts = talk.facts()
        assert facts.last_round == 3
        assert facts.weights_digest == inside.weights_digest
        return facts.weights_digest

    assert digest(MessageFaults(lose=0.3, repeat=0.3, delay=0.3)) == digest(MessageFaults())
