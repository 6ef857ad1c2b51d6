"""The pieces of a round's conversation with one device; each may be repeated, each ends with what it says it does."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TypeVar

import numpy as np

from coordinator.orders import Int32Array, RoundOrder
from tinyfl.errors import LinkError
from tinyfl.gateway.sessions import DeviceSession, Refusal
from tinyfl.wire import messages as m
from tinyfl.wire.codec import WireError
from tinyfl.wire.delta import Chunk, decode_values, encode_space, values_digest

A = TypeVar("A")


class Astray(Exception):
    """The device is not where the conversation left it; begin again."""


@lru_cache(maxsize=2)
def _base_chunks(order: RoundOrder) -> tuple[Chunk, ...]:
    return tuple(encode_space(order.base, order.weights))


def bring_base(session: DeviceSession, order: RoundOrder, facts: m.Facts) -> None:
    """Put the order's base on the device, unless it has it."""
    if (facts.base_version, facts.base_digest) == (order.version, order.digest):
        return
    chunks = _base_chunks(order)
    if facts.base_version == order.version and facts.round:
        _put(session, order, order.version ^ 1, chunks[0])  # abandons a round from another base of this number
    for chunk in chunks:
        _put(session, order, order.version, chunk)


def _put(session: DeviceSession, order: RoundOrder, version: int, chunk: Chunk) -> None:
    session.ask(m.Put(order.scheme_id, version, chunk.start, chunk.count, chunk.k, chunk.data), m.Accepted)


def train(session: DeviceSession, order: RoundOrder) -> m.Tally:
    """Have the round trained to its end. Raises Astray if it turns out to be committed."""
    request = m.Train(
        scheme=order.scheme_id,
        round=order.round,
        version=order.version,
        digest=order.digest,
        epochs=order.epochs,
        lr_shift=order.lr_shift,
        share=order.share,
        replay=order.replay,
        shifts=order.shifts,
    )
    answer = _until_done(
        session,
        "training",
        lambda: session.ask(request, m.Trained),
        lambda trained: (trained.phase is not m.RoundPhase.TRAINING, trained.tally.steps),
    )
    if answer.phase is m.RoundPhase.COMMITTED:
        raise Astray(f"device {session.device} committed round {order.round} meanwhile")
    return answer.tally


@dataclass
class PartialUpdate:
    """What has arrived of an update. A device that is reset makes the same one again and goes on with it."""

    digest: int = 0
    values: Int32Array = field(default_factory=lambda: np.zeros(0, np.int32))

    def forget(self) -> None:
        """Begin with the first value again."""
        self.digest, self.values = 0, np.zeros(0, np.int32)


def fetch(session: DeviceSession, order: RoundOrder, partial: PartialUpdate) -> tuple[Int32Array, int]:
    """The whole update and its digest, which it has, from where ``partial`` ends.

    Raises Astray if the pieces do not fit together, and forgets those that arrived.
    """
    device, size, weights = session.device, order.base.size, order.weights
    while (start := partial.values.size) < size:
        answer = session.ask(m.Fetch(order.round, start, m.MAX_CHUNK_DATA), m.Delta)
        digest = partial.digest if start else answer.digest
        end = weights if start < weights else size
        fits = (answer.round, answer.start, answer.digest) == (order.round, start, digest)
        if not fits or not 0 < answer.count <= end - start:
            raise _astray(partial, f"device {device} sent a piece of another update")
        try:
            piece = decode_values(answer.count, answer.k, answer.data)
        except WireError as error:
            raise _astray(partial, f"device {device} sent a piece that says nothing ({error})") from error
        partial.digest, partial.values = digest, np.concatenate([partial.values, piece])
    if values_digest(partial.values) != partial.digest:
        raise _astray(partial, f"the update of device {device} does not match its digest")
    whole = partial.values, partial.digest
    partial.forget()  # a device that is reset before its commit is asked for all of it: it may have made another one
    return whole


def _astray(partial: PartialUpdate, why: str) -> Astray:
    partial.forget()
    return Astray(why)


def evaluate(session: DeviceSession, number: int) -> tuple[int, int] | None:
    """``(windows, right ones)`` of the device's set ``number``; None if it has none."""
    try:
        score = _until_done(
            session,
            "an evaluation",
            lambda: session.ask(m.Evaluate(number), m.Score),
            lambda score: (score.finished, score.count),
        )
    except Refusal as error:
        if (error.failed.code, error.failed.field) != (m.ErrorCode.EMPTY, m.ErrorField.SET):
            raise
        return None
    return score.count, score.correct


def _until_done(session: DeviceSession, work: str, ask: Callable[[], A], look: Callable[[A], tuple[bool, int]]) -> A:
    """Ask until ``look`` says (done, ...) of the answer; unless its number changes, the device counts as lost."""
    last, since = -1, time.monotonic()
    while True:
        answer = ask()
        done, count = look(answer)
        if done:
            return answer
        if count != last:
            last, since = count, time.monotonic()
        elif time.monotonic() - since > session.patience.stall:
            raise LinkError(f"device {session.device} does not get on with {work}; reset it")
        session.wait(session.patience.poll)
