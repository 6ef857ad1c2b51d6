"""A gateway's side of the conversation with one device: requests that are asked until they are answered."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from tinyfl.errors import LinkError
from tinyfl.link.base import DeviceLink
from tinyfl.wire import messages as m
from tinyfl.wire.codec import WireError, decode_message, encode_request

A = TypeVar("A", m.Report, m.Accepted, m.Trained, m.Delta, m.Committed, m.Score)


class Refusal(LinkError):
    """The device answered that it cannot serve a request."""

    def __init__(self, device: str, request: m.Request, failed: m.Failed) -> None:
        what = f"{failed.code.name.lower()} {failed.field.name.lower().replace('_', ' ')}, has {failed.have}"
        super().__init__(f"device {device} refused {type(request).__name__.lower()} ({what})")
        self.failed = failed


@dataclass(frozen=True)
class Patience:
    """How long a session waits, in seconds."""

    answer: float = 2.0  # for one answer, before the request is sent again
    sends: int = 15  # of one request before the device counts as lost
    poll: float = 5.0  # between questions to a device at work that says nothing by itself
    stall: float = 120.0  # without progress before a device at work counts as lost


class DeviceSession:
    """Asks one device; opens its link when needed and again after it broke. One thread at a time."""

    def __init__(self, device: str, connect: Callable[[], DeviceLink], patience: Patience | None = None) -> None:
        """``connect`` returns a working link or raises LinkError; ``device`` is the name the device must have."""
        self.device = device
        self.patience = patience or Patience()
        self._connect = connect
        self._link: DeviceLink | None = None
        self._id = secrets.randbits(32)
        self._sent = self._received = 0  # over links that are gone

    @property
    def bytes_down(self) -> int:
        """Bytes put on the wire towards the device so far."""
        return self._sent + (self._link.bytes_sent if self._link else 0)

    @property
    def bytes_up(self) -> int:
        """Bytes taken from the wire so far."""
        return self._received + (self._link.bytes_received if self._link else 0)

    def ask(self, request: m.Request, kind: type[A]) -> A:
        """The answer of type ``kind`` to ``request``, which is repeated until the answer comes.

        Raises Refusal when the device says no, LinkError when it stays silent.
        """
        self._id = self._id % 0xFFFFFFFF + 1  # never 0, which unasked messages carry
        data = encode_request(self._id, request)
        trouble = f"device {self.device} does not answer"
        for _ in range(self.patience.sends):
            try:
                answer = self._once(data)
            except WireError as error:
                trouble = f"device {self.device} speaks nonsense: {error}"
                continue
            except LinkError as error:
                trouble = str(error)
                self.close()
                time.sleep(self.patience.answer / 2)
                continue
            if isinstance(answer, m.Failed):
                raise Refusal(self.device, request, answer)
            if isinstance(answer, kind):
                return answer
        raise LinkError(f"{trouble.rstrip('.')}; check its power and link")

    def wait(self, seconds: float) -> m.Event | None:
        """Until the device says something unasked, ``seconds`` at most; None when it did not or its link broke."""
        deadline = time.monotonic() + seconds
        try:
            while True:
                data = self._opened().receive(max(0.0, deadline - time.monotonic()))
                if data is None:
                    return None
                message = _decoded(data)
                if message is not None and isinstance(message[1], m.Hello | m.Done):
                    return message[1]
        except LinkError:
            self.close()
            return None

    def close(self) -> None:
        """Give the link back; the next question opens it again."""
        if self._link is not None:
            self._sent += self._link.bytes_sent
            self._received += self._link.bytes_received
            link, self._link = self._link, None
            link.close()

    def _opened(self) -> DeviceLink:
        if self._link is None:
            self._link = self._connect()
        return self._link

    def _once(self, data: bytes) -> Any:
        """Send once; the answer, or None when its time is over. Raises WireError for bytes not understood."""
        link = self._opened()
        link.send(data)
        deadline = time.monotonic() + self.patience.answer
        problem: WireError | None = None
        while (received := link.receive(max(0.0, deadline - time.monotonic()))) is not None:
            try:
                request_id, message = decode_message(received)
            except WireError as error:
                problem = error
                continue
            if request_id == self._id:
                return message
            if time.monotonic() >= deadline:
                break
        if problem is not None:
            raise problem
        return None


def _decoded(data: bytes) -> tuple[int, m.Message] | None:
    try:
        return decode_message(data)
    except WireError:
        return None
