"""Both implementations of a serial link's end behind one interface, and a line between two ends that misbehaves."""

import ctypes
import heapq
import math
import random
from collections import deque
from dataclasses import dataclass
from typing import Protocol

from tinyfl.link.arq import Arq, Role

FRAME_BYTES = 209
CANARY = b"\xc5" * 64


class End(Protocol):
    def send(self, message: bytes) -> None: ...
    def feed(self, data: bytes, now: int) -> None: ...
    def take(self) -> bytes | None: ...
    def poll(self, now: int) -> bytes: ...
    def wait(self, now: int) -> int | None: ...
    @property
    def queued(self) -> int: ...


class CEnd:
    """device_fw/core/tf_arq.c through ctypes."""

    def __init__(self, library: ctypes.CDLL, role: Role, seed: int, payload_units: int, window_units: int) -> None:
        self._c = library
        library.tf_arq_message.restype = ctypes.POINTER(ctypes.c_uint8)
        for name in ("shim_size", "shim_feed", "tf_arq_poll"):
            getattr(library, name).restype = ctypes.c_size_t
        library.tf_arq_wait.restype = ctypes.c_uint32
        self._size = library.shim_size()
        self._arq = ctypes.create_string_buffer(b"\0" * self._size + CANARY)
        library.tf_arq_init(self._arq, int(role is Role.GATEWAY), ctypes.c_uint32(seed), payload_units, window_units)
        self._frame = ctypes.create_string_buffer(FRAME_BYTES)
        self._outbox: deque[bytes] = deque()
        self._inbox: deque[bytes] = deque()

    def send(self, message: bytes) -> None:
        self._outbox.append(message)
        self._load()

    def feed(self, data: bytes, now: int) -> None:
        at = 0
        length = ctypes.c_size_t()
        while at < len(data):
            rest = data[at:]
            at += self._c.shim_feed(self._arq, rest, ctypes.c_size_t(len(rest)), ctypes.c_uint32(now))
            message = self._c.tf_arq_message(self._arq, ctypes.byref(length))
            if message:
                self._inbox.append(bytes(message[: length.value]))
                self._c.tf_arq_take(self._arq)

    def take(self) -> bytes | None:
        return self._inbox.popleft() if self._inbox else None

    def poll(self, now: int) -> bytes:
        self._load()
        n = self._c.tf_arq_poll(self._arq, self._frame, ctypes.c_uint32(now))
        return self._frame.raw[:n]

    def wait(self, now: int) -> int | None:
        self._load()
        wait = self._c.tf_arq_wait(self._arq, ctypes.c_uint32(now))
        return None if wait == 0xFFFFFFFF else wait

    @property
    def queued(self) -> int:
        return len(self._outbox) + self._c.shim_sending(self._arq)

    @property
    def intact(self) -> bool:
        """Nothing was written behind the struct."""
        return self._arq.raw[self._size : self._size + len(CANARY)] == CANARY

    def _load(self) -> None:
        while self._outbox and not self._c.shim_sending(self._arq):
            message = self._outbox.popleft()
            assert self._c.tf_arq_send(self._arq, message, ctypes.c_size_t(len(message))) == 0


def make_end(
    kind: str, library: ctypes.CDLL, role: Role, seed: int, payload_units: int = 6, window_units: int = 32
) -> End:
    if kind == "c":
        return CEnd(library, role, seed, payload_units, window_units)
    return Arq(role, seed, payload_units=payload_units, window_units=window_units)


@dataclass(frozen=True)
class Faults:
    """Probabilities per byte (flip, lose, insert) and per frame (drop, repeat, delay)."""

    flip: float = 0.0
    lose: float = 0.0
    insert: float = 0.0
    drop: float = 0.0
    repeat: float = 0.0
    delay: float = 0.0
    bytes_per_ms: float = 11.5


class Line:
    """Two ends joined by two byte lines in simulated time; ends may be replaced (reset) at any moment."""

    def __init__(self, ends: list[End], faults: Faults, seed: int, start: int = 0) -> None:
        self.ends = ends
        self.received: list[list[bytes]] = [[], []]
        self.now = start
        self.frames = 0
        self.bytes = 0
        self._faults = faults
        self._rng = random.Random(seed)
        self._free_at = [float(start), float(start)]
        self._events: list[tuple[float, int, int, bytes]] = []
        self._serial = 0

    def run(self, until: int, done: bool = False) -> None:
        """Run to a time, or with ``done`` until neither end has anything left to deliver."""
        while self.now < until:
            self._emit()
            if done and not any(end.queued for end in self.ends):
                return
            nexts = []
            for index, end in enumerate(self.ends):
                wait = end.wait(self.now)
                if wait is not None:
                    nexts.append(max(self.now + 1, self.now + wait, math.ceil(self._free_at[index])))
            if self._events:
                nexts.append(max(self.now, math.ceil(self._events[0][0])))
            self.now = min([*nexts, until])
            while self._events and self._events[0][0] <= self.now:
                _, _, to, data = heapq.heappop(self._events)
                self.ends[to].feed(data, self.now)
                while (message := self.ends[to].take()) is not None:
                    self.received[to].append(message)

    def _emit(self) -> None:
        for index, end in enumerate(self.ends):
            while self._free_at[index] <= self.now and (frame := end.poll(self.now)):
                self.frames += 1
                self.bytes += len(frame)
                begin = max(self._free_at[index], self.now)
                self._free_at[index] = begin + len(frame) / self._faults.bytes_per_ms
                self._transmit(1 - index, frame, self._free_at[index])

    def _transmit(self, to: int, frame: bytes, arrival: float) -> None:
        faults, rng = self._faults, self._rng
        if rng.random() < faults.drop:
            return
        copies = 2 if rng.random() < faults.repeat else 1
        for _ in range(copies):
            late = rng.random() * 80 if rng.random() < faults.delay else 0.0
            self._serial += 1
            heapq.heappush(self._events, (arrival + late, self._serial, to, self._damage(frame)))

    def _damage(self, frame: bytes) -> bytes:
        faults, rng = self._faults, self._rng
        if not (faults.flip or faults.lose or faults.insert):
            return frame
        out = bytearray()
        for byte in frame:
            chance = rng.random()
            if chance < faults.lose:
                continue
            if chance < faults.lose + faults.insert:
                out.append(rng.randrange(256))
            elif chance < faults.lose + faults.insert + faults.flip:
                byte ^= 1 << rng.randrange(8)
            out.append(byte)
        return bytes(out)
