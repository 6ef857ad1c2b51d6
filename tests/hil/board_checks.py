"""What a device on a line has to show, whatever runs it: a board, or the host's process that stands in for one."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Protocol

import numpy as np

sys.path.append(str(Path(__file__).parents[1] / "hostport"))
from host_lab import Conversation

from tinyfl.boards.host import build_host
from tinyfl.boards.recordings import Recordings, labelled, write_recordings
from tinyfl.compiler.bundle import Bundle, load_bundle
from tinyfl.link.base import DeviceLink
from tinyfl.link.inprocess import DeviceFiles, DeviceLibrary, InProcessLink
from tinyfl.wire import codec
from tinyfl.wire import messages as m
from tinyfl.wire.delta import values_digest

NAME, SEED, STORE, ROUNDS = "hil-1", 7, 16, 3


class Board(Protocol):
    """A device that can be made anew with recordings, reset, and talked to."""

    def make_anew(self, recordings: Path) -> None: ...
    def reset(self) -> None: ...
    def link(self) -> DeviceLink: ...


def random_recordings(bundle: Bundle, path: Path) -> Path:
    """Two windows for each of three rounds, some to ship and to test on."""
    rng = np.random.default_rng(11)

    def windows(count: int) -> tuple[np.ndarray, np.ndarray]:
        return rng.integers(-128, 128, (count, bundle.input_bytes)), rng.integers(0, bundle.classes, count)

    wearer = labelled(*windows(2 * ROUNDS), np.repeat(np.arange(1, ROUNDS + 1), 2))
    write_recordings(Recordings(wearer, labelled(*windows(3)), labelled(*windows(0)), labelled(*windows(4))), path)
    return path


class Rounds:
    """Rounds of training with one device."""

    def __init__(self, link: DeviceLink, bundle: Bundle, patience: float = 120.0) -> None:
        self.talk = Conversation(link, patience)
        self._bundle = bundle
        self._patience = patience

    def train(self, number: int) -> int:
        """Train a round from the factory's base to its end; returns the digest of its delta."""
        space = self._bundle.space
        digest = values_digest(np.zeros(space.size, np.int32))
        shifts = (3,) * len(space.tensors)
        request = m.Train(self._bundle.scheme_id, number, 0, digest, 2, 0, True, True, shifts)
        deadline = time.monotonic() + self._patience
        while time.monotonic() < deadline:
            trained = self.talk.ask(request)
            assert isinstance(trained, m.Trained), trained
            if trained.phase is not m.RoundPhase.TRAINING:
                delta = self.talk.ask(m.Fetch(number, 0, 896))
                assert isinstance(delta, m.Delta), delta
                return delta.digest
            self.talk.link.receive(0.05)
        raise AssertionError(f"round {number} does not end")

    def commit(self, number: int) -> None:
        assert self.talk.ask(m.Commit(number)) == m.Committed(number)


def on_the_host(network: Path, recordings: Path) -> tuple[list[int], int]:
    """Digests of the rounds' deltas and of the weights at the end, by the host's device in this process."""
    bundle = load_bundle(network)
    library = DeviceLibrary(build_host(network, grad_bits=bundle.program.grad_bits).library)
    rounds = Rounds(InProcessLink(library, NAME, DeviceFiles(recordings), seed=SEED, capacity=STORE), bundle)
    digests = []
    for number in range(1, ROUNDS + 1):
        digests.append(rounds.train(number))
        rounds.commit(number)
    return digests, rounds.talk.facts().weights_digest


def check_hello(board: Board) -> None:
    """A reset device says hello, with its name."""
    board.reset()
    link, deadline = board.link(), time.monotonic() + 20
    try:
        while time.monotonic() < deadline:
            data = link.receive(1.0)
            if data is not None:
                _, message = codec.decode_message(data)
                assert isinstance(message, m.Hello), message
                assert message.facts.name == NAME
                return
        raise AssertionError("the device says nothing")
    finally:
        link.close()


def check_rounds(board: Board, network: Path, recordings: Path) -> None:
    """Rounds end with the host's deltas and weights in every bit, through resets before and after a commit."""
    bundle = load_bundle(network)
    expected, weights = on_the_host(network, recordings)
    boots = 0
    for number, digest in enumerate(expected, 1):
        for attempt in (1, 2):
            link = board.link()
            rounds = Rounds(link, bundle)
            facts = rounds.talk.facts()
            assert (facts.network, facts.scheme) == (bundle.network_id, bundle.scheme_id), "another network is flashed"
            assert facts.boots > boots
            assert facts.last_round == number - 1
            boots = facts.boots
            assert rounds.train(number) == digest, (number, attempt)
            if attempt == 2:
                rounds.commit(number)
                assert number < ROUNDS or rounds.talk.facts().weights_digest == weights
            link.close()
            board.reset()
