"""A session against a device that speaks the real bytes, and says what the test wants when the test wants it."""

from collections.abc import Callable

import pytest

from tinyfl.errors import LinkError
from tinyfl.gateway.sessions import DeviceSession, Patience, Refusal
from tinyfl.wire import messages as m
from tinyfl.wire.codec import decode_request, encode_message

QUICK = Patience(answer=0.02, sends=5)
Answer = Callable[[int, m.Request], list[tuple[int, m.Message] | bytes]]


class Speaker:
    """A link whose device answers the nth request with what ``script`` returns for it."""

    def __init__(self, *script: Answer | LinkError) -> None:
        self.device, self.script, self.asked = "dev", list(script), list[tuple[int, m.Request]]()
        self.bytes_sent = self.bytes_received = self.opened = self.closed = 0
        self.waiting: list[bytes] = []

    def open(self) -> "Speaker":
        self.opened += 1
        self.waiting.clear()
        return self

    def send(self, message: bytes) -> None:
        self.asked.append(decode_request(message))
        self.bytes_sent += len(message)
        answer = self.script.pop(0)
        if isinstance(answer, LinkError):
            raise answer
        self.waiting += [a if isinstance(a, bytes) else encode_message(*a) for a in answer(*self.asked[-1])]

    def receive(self, timeout: float) -> bytes | None:
        if not self.waiting:
            return None
        self.bytes_received += len(self.waiting[0])
        return self.waiting.pop(0)

    def close(self) -> None:
        self.closed += 1


def right(request_id: int, request: m.Request) -> list[tuple[int, m.Message] | bytes]:
    return [(request_id, m.Committed(3))]


def silence(request_id: int, request: m.Request) -> list[tuple[int, m.Message] | bytes]:
    return []


def ask(speaker: Speaker) -> m.Committed:
    return DeviceSession("dev", speaker.open, QUICK).ask(m.Commit(3), m.Committed)


def test_a_lost_request_is_sent_again_with_its_id() -> None:
    speaker = Speaker(silence, silence, right)
    assert ask(speaker) == m.Committed(3)
    assert len(speaker.asked) == 3
    assert len(set(speaker.asked)) == 1


def test_strays_hints_and_noise_are_passed_over() -> None:
    def noisy(request_id: int, request: m.Request) -> list[tuple[int, m.Message] | bytes]:
        strays = [(request_id ^ 1, m.Committed(9)), (0, m.Done(m.DeviceState.IDLE, 0)), b"\xff\x00"]
        return [*strays, (request_id, m.Score(1, True, 2, 2)), *right(request_id, request)]

    speaker = Speaker(noisy, right)
    assert ask(speaker) == m.Committed(3)
    assert len(speaker.asked) == 2  # an answer of another kind is no answer


def test_every_request_has_an_id_of_its_own_and_none_is_zero() -> None:
    speaker = Speaker(right, right, right)
    session = DeviceSession("dev", speaker.open, QUICK)
    session._id = 0xFFFFFFFE
    for _ in range(3):
        session.ask(m.Commit(3), m.Committed)
    assert [i for i, _ in speaker.asked] == [0xFFFFFFFF, 1, 2]


def test_a_refusal_is_told_at_once() -> None:
    def no(request_id: int, request: m.Request) -> list[tuple[int, m.Message] | bytes]:
        return [(request_id, m.Failed(m.ErrorCode.VERSION, m.ErrorField.BASE_VERSION, 4))]

    speaker = Speaker(no)
    with pytest.raises(Refusal, match=r"device dev refused commit \(version base version, has 4\)") as refusal:
        ask(speaker)
    assert refusal.value.failed.have == 4


def test_a_broken_link_is_opened_again_and_its_bytes_still_count() -> None:
    speaker = Speaker(silence, LinkError("the port is gone"), right)
    session = DeviceSession("dev", speaker.open, QUICK)
    session.ask(m.Commit(3), m.Committed)
    assert (speaker.opened, speaker.closed) == (2, 1)
    assert session.bytes_down >= speaker.bytes_sent
    assert session.bytes_up > 0


def test_a_silent_device_is_lost_and_the_last_trouble_named() -> None:
    with pytest.raises(LinkError, match=r"^device dev does not answer; check its power and link$"):
        ask(Speaker(*[silence] * 5))
    with pytest.raises(LinkError, match=r"^the port is gone; check its power"):
        ask(Speaker(*[LinkError("the port is gone.")] * 5))

    def newer(request_id: int, request: m.Request) -> list[tuple[int, m.Message] | bytes]:
        return [bytes([0x83, 2, 1, 0x81, 0])]

    with pytest.raises(LinkError, match="device dev speaks nonsense: The other side speaks protocol 2"):
        ask(Speaker(*[newer] * 5))


def test_waiting_returns_hints_only() -> None:
    speaker = Speaker()
    session = DeviceSession("dev", speaker.open, QUICK)
    session.wait(0)
    done = m.Done(m.DeviceState.TRAINED, 4)
    speaker.waiting = [encode_message(7, m.Committed(1)), b"\x01", encode_message(0, done)]
    assert session.wait(0.01) == done
    assert session.wait(0.01) is None
