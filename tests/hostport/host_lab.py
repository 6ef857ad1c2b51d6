"""Recordings for the hand-written network of the device core's tests, and a conversation over any link."""

import time

import numpy as np

from tinyfl.boards.recordings import Recordings, labelled
from tinyfl.link.base import DeviceLink
from tinyfl.wire import codec
from tinyfl.wire import messages as m
from tinyfl.wire.delta import values_digest

CLASSES, COLUMNS, SHARED, SHARED_WEIGHTS = 3, 8, 21, 18
SCHEME = 0xA5A5F00D
ROUNDS, PER_ROUND, TEST, OLD_TEST, FACTORY = 4, 6, 11, 7, 9


def some_recordings(seed: int = 3, per_round: int = PER_ROUND) -> Recordings:
    random = np.random.default_rng(seed)

    def windows(count: int) -> tuple[np.ndarray, np.ndarray]:
        labels = random.integers(0, CLASSES, count)
        x = random.integers(-20, 20, (count, COLUMNS)) + 80 * (np.arange(COLUMNS) % CLASSES == labels[:, None])
        return x, labels

    arrival = np.repeat(np.arange(1, ROUNDS + 1), per_round)
    wearer = labelled(*windows(ROUNDS * per_round), arrival)
    return Recordings(wearer, labelled(*windows(TEST)), labelled(*windows(OLD_TEST)), labelled(*windows(FACTORY)))


def train_request(round_number: int, epochs: int = 2) -> m.Train:
    digest = values_digest(np.zeros(SHARED, np.int32))
    return m.Train(SCHEME, round_number, 0, digest, epochs, 1, True, True, (3, 4, 2))


class Conversation:
    """Asks until answered, as a gateway does."""

    def __init__(self, link: DeviceLink, patience: float = 10.0) -> None:
        self.link = link
        self.patience = patience
        self.events: list[m.Message] = []
        self._id = 0

    def ask(self, request: m.Request, every: float = 1.0) -> m.Message:
        self._id += 1
        deadline = time.monotonic() + self.patience
        while time.monotonic() < deadline:
            self.link.send(codec.encode_request(self._id, request))
            again = time.monotonic() + every
            while (now := time.monotonic()) < again:
                data = self.link.receive(again - now)
                if data is None:
                    break  # in one process, nothing will come any more
                number, message = codec.decode_message(data)
                if number == self._id:
                    return message
                if number == 0:
                    self.events.append(message)
        raise AssertionError(f"no answer to {request}")

    def facts(self) -> m.Facts:
        report = self.ask(m.Info())
        assert isinstance(report, m.Report)
        return report.facts

    def train(self, round_number: int, epochs: int = 2) -> m.Trained:
        deadline = time.monotonic() + self.patience
        while time.monotonic() < deadline:
            trained = self.ask(train_request(round_number, epochs))
            assert isinstance(trained, m.Trained), trained
            if trained.phase is not m.RoundPhase.TRAINING:
                return trained
            self.link.receive(0.005)
        raise AssertionError(f"round {round_number} does not end")

    def round(self, number: int, epochs: int = 2) -> m.Delta:
        """Train, fetch the whole delta in one piece, commit."""
        self.train(number, epochs)
        delta = self.ask(m.Fetch(number, 0, 896))
        assert isinstance(delta, m.Delta), delta
        assert self.ask(m.Commit(number)) == m.Committed(number)
        return delta
