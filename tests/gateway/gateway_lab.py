"""Real devices in this process (the C core around the hand-written network of its tests), and links that misbehave."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import cbor2
import numpy as np

from coordinator.orders import RoundOrder
from coordinator.plan import PlannedRound, RunPlan, SharedModel
from tests.hostport.tiny_network import write_tiny_network
from tinyfl.boards.host import HostBuild, build_host
from tinyfl.boards.recordings import Recordings, labelled, write_recordings
from tinyfl.errors import LinkError
from tinyfl.gateway.sessions import DeviceSession, Patience
from tinyfl.link.inprocess import DeviceFiles, DeviceLibrary, InProcessLink

CLASSES, COLUMNS = 3, 8
SCHEME = 0xA5A5F00D
TENSORS, WEIGHTS = (12, 6, 3), 18
SHARED_W, SHARED_B = np.r_[0:12, 18:24], np.r_[0:3]
QUICK = Patience(answer=0.5, sends=60, poll=0.5, stall=10.0)


def build_device(folder: Path) -> HostBuild:
    return build_host(write_tiny_network(folder))


def write_wearer(path: Path, seed: int) -> Path:
    draw = np.random.default_rng(seed)

    def windows(count: int) -> tuple[np.ndarray, np.ndarray]:
        labels = draw.integers(0, CLASSES, count)
        x = draw.integers(-20, 20, (count, COLUMNS)) + 60 * (np.arange(COLUMNS) % CLASSES == labels[:, None])
        return x, labels

    wearer = labelled(*windows(18), np.repeat([1, 2, 4], 6))
    write_recordings(Recordings(wearer, labelled(*windows(11)), labelled(*windows(7)), labelled(*windows(9))), path)
    return path


@dataclass
class Lab:
    """Devices dev-0, dev-1, ... with files of their own under a folder."""

    library: DeviceLibrary
    folder: Path
    count: int = 3

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(f"dev-{i}" for i in range(self.count))

    def files(self, name: str) -> DeviceFiles:
        self.folder.mkdir(exist_ok=True)
        number = int(name.split("-")[1])
        return DeviceFiles(write_wearer(self.folder / f"{name}.rec", number), self.folder / f"{name}.flash")

    def boot(self, name: str) -> InProcessLink:
        return InProcessLink(self.library, name, self.files(name), seed=int(name.split("-")[1]) + 5, capacity=20)

    def session(self, name: str) -> DeviceSession:
        return DeviceSession(name, lambda: self.boot(name), QUICK)

    def model(self) -> SharedModel:
        link = self.boot("dev-99")
        w, _, b = link.weights()
        link.close()
        factory = np.r_[256 * w.astype(np.int32)[SHARED_W], b[SHARED_B]].astype(np.int32)
        return SharedModel(SCHEME, factory, WEIGHTS, TENSORS)

    def plan(self, rounds: int = 3, **changes: object) -> RunPlan:
        planned = [PlannedRound("shared", 3, evaluate=(1,)) for _ in range(rounds)]
        planned += [PlannedRound("install", 0, evaluate=(1, 2, 7))]
        planned += [PlannedRound("personal", 4, 1, share=False, replay=False, evaluate=(1,))]
        return RunPlan(self.model(), tuple(planned), self.names, **changes)  # type: ignore[arg-type]

    def order(self, number: int = 1, **changes: object) -> RoundOrder:
        fields: dict[str, object] = {
            "round": number,
            "scheme_id": SCHEME,
            "version": 0,
            "base": np.zeros(sum(TENSORS), np.int32),
            "weights": WEIGHTS,
            "shifts": (3, 4, 2),
            "epochs": 2,
            "lr_shift": 0,
            "share": True,
            "replay": True,
            "evaluate": (1,),
            "devices": self.names,
        }
        return RoundOrder(**(fields | changes))  # type: ignore[arg-type]


@dataclass
class Troubles:
    """How often which trouble strikes, per message; ``strikes`` counts them."""

    seed: int
    lose: float = 0.0
    double: float = 0.0
    stray: float = 0.0  # an older message comes again
    reset: float = 0.0
    cut: float = 0.0  # the link breaks
    strikes: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._draw = random.Random(self.seed)

    def strike(self, name: str) -> bool:
        struck = self._draw.random() < getattr(self, name)
        self.strikes[name] = self.strikes.get(name, 0) + struck
        return struck


class ForeignLink:
    """A link to a device whose firmware is of another fleet: ``rewrite`` turns each answer into that one's."""

    def __init__(self, device: InProcessLink, rewrite: Callable[[list[object]], list[object]]) -> None:
        self.device, self._link, self._rewrite = device.device, device, rewrite
        self.close = device.close

    def send(self, message: bytes) -> None:
        self._link.send(message)

    @property
    def bytes_sent(self) -> int:
        return self._link.bytes_sent

    @property
    def bytes_received(self) -> int:
        return self._link.bytes_received

    def receive(self, timeout: float) -> bytes | None:
        answer = self._link.receive(timeout)
        return None if answer is None else cbor2.dumps(self._rewrite(cbor2.loads(answer)))


class TroubledLink:
    """A link to a device that is reset, and whose messages are lost, doubled or late, as ``troubles`` says."""

    def __init__(self, device: InProcessLink, troubles: Troubles) -> None:
        self.device, self._link, self._troubles = device.device, device, troubles
        self.bytes_sent = self.bytes_received = 0
        self._waiting: list[bytes] = []
        self._past: list[bytes] = []

    def send(self, message: bytes) -> None:
        if self._troubles.strike("cut"):
            raise LinkError(f"the cable of {self.device} fell out")
        if self._troubles.strike("reset"):
            self._link.reset()
        self.bytes_sent += len(message)
        if not self._troubles.strike("lose"):
            for _ in range(2 if self._troubles.strike("double") else 1):
                self._link.send(message)
        while (answer := self._link.receive(0)) is not None and len(self._waiting) < 50:
            self._arrive(answer)

    def _arrive(self, message: bytes) -> None:
        self._past = [*self._past[-20:], message]
        if not self._troubles.strike("lose"):
            self._waiting += [message] * (2 if self._troubles.strike("double") else 1)
        if self._troubles.strike("stray"):
            self._waiting.insert(0, self._past[0])

    def receive(self, timeout: float) -> bytes | None:
        if self._troubles.strike("cut"):
            raise LinkError(f"the cable of {self.device} fell out")
        if not self._waiting:
            message = self._link.receive(timeout)
            if message is not None:
                self._arrive(message)
        if not self._waiting:
            return None
        message = self._waiting.pop(0)
        self.bytes_received += len(message)
        return message

    def close(self) -> None:
        self._waiting.clear()
