"""Misfortune on purpose: links and byte lines that lose, alter, repeat and reorder, the same way for the same seed."""

from __future__ import annotations

import random
from collections import deque
from dataclasses import dataclass

from tinyfl.link.base import DeviceLink, check_message


@dataclass(frozen=True)
class LineFaults:
    """Probabilities for each byte."""

    flip: float = 0.0
    """one of its bits is turned"""
    lose: float = 0.0
    """it vanishes"""
    insert: float = 0.0
    """noise is received before it"""


class FaultyLine:
    """One direction of a noisy byte line."""

    def __init__(self, faults: LineFaults, seed: int) -> None:
        self._faults = faults
        self._random = random.Random(seed)

    def carry(self, data: bytes) -> bytes:
        """Return what arrives of ``data``."""
        faults, chance = self._faults, self._random.random
        arrived = bytearray()
        for byte in data:
            if faults.insert and chance() < faults.insert:
                arrived.append(self._random.randrange(256))
            if faults.lose and chance() < faults.lose:
                continue
            flipped = faults.flip and chance() < faults.flip
            arrived.append(byte ^ 1 << self._random.randrange(8) if flipped else byte)
        return bytes(arrived)


@dataclass(frozen=True)
class MessageFaults:
    """Probabilities for each message, in either direction."""

    lose: float = 0.0
    repeat: float = 0.0
    """it arrives twice"""
    delay: float = 0.0
    """it arrives after the next one"""
    alter: float = 0.0
    """one of its bits is turned: what no intact link does, to test who reads it"""


class FaultyLink:
    """A :class:`tinyfl.link.base.DeviceLink` that treats the messages of another one as ``faults`` says.

    It breaks the protocol's promises on purpose, so that sessions can be shown to hold theirs.
    """

    def __init__(self, link: DeviceLink, faults: MessageFaults, seed: int) -> None:
        self.lost = 0
        """messages that vanished so far, both directions"""
        self._link = link
        self._faults = faults
        self._random = random.Random(seed)
        self._late_down: list[bytes] = []
        self._late_up: list[bytes] = []
        self._arrived: deque[bytes] = deque()

    @property
    def device(self) -> str:
        """Name of the device of the link inside."""
        return self._link.device

    @property
    def bytes_sent(self) -> int:
        """Bytes the link inside has sent."""
        return self._link.bytes_sent

    @property
    def bytes_received(self) -> int:
        """Bytes the link inside has received."""
        return self._link.bytes_received

    def send(self, message: bytes) -> None:
        """Send the message, or what becomes of it."""
        check_message(message)
        for one in self._fate(message, self._late_down):
            self._link.send(one)

    def receive(self, timeout: float) -> bytes | None:
        """Return the next message that the faults let through, or None after ``timeout`` seconds."""
        if not self._arrived:
            message = self._link.receive(timeout)
            if message is None:
                self._arrived.extend(self._late_up)  # nothing is left to overtake it
                self._late_up.clear()
            else:
                self._arrived.extend(self._fate(message, self._late_up))
        return self._arrived.popleft() if self._arrived else None

    def close(self) -> None:
        """Close the link inside."""
        self._link.close()

    def _fate(self, message: bytes, late: list[bytes]) -> list[bytes]:
        faults, chance = self._faults, self._random.random
        if chance() < faults.lose:
            self.lost += 1
            return []
        if chance() < faults.alter:
            at = self._random.randrange(len(message))
            message = message[:at] + bytes([message[at] ^ 1 << self._random.randrange(8)]) + message[at + 1 :]
        if chance() < faults.delay:
            late.append(message)
            return []
        overtaken, late[:] = list(late), []
        return [message] * (2 if chance() < faults.repeat else 1) + overtaken
