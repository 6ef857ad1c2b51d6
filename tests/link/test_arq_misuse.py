"""What a caller may not do with an end of the link, and what a peer may not say: refused, and nothing changes."""

import ctypes
import struct

import pytest
from arq_ends import CEnd

from tinyfl.link.arq import Arq, Role
from tinyfl.link.arq_frames import Accept, unpack
from tinyfl.link.framing import FrameDecoder, encode_frame

SESSION_OF = struct.Struct("<BI")


def established(library: ctypes.CDLL) -> tuple[CEnd, int]:
    """A gateway's end in C with its session standing, and that session."""
    end = CEnd(library, Role.GATEWAY, 5, 6, 32)
    (body,) = FrameDecoder().feed(end.poll(0))
    _, session = SESSION_OF.unpack_from(body)
    end.feed(encode_frame(struct.pack("<BIIIBB", 0x12, session, 77, 5, 6, 32)), 0)
    return end, session


def test_a_message_must_fit_and_wait_its_turn(arq_library: ctypes.CDLL) -> None:
    end, _ = established(arq_library)
    send = arq_library.tf_arq_send
    assert send(end._arq, b"", ctypes.c_size_t(0)) == -1
    assert send(end._arq, bytes(1025), ctypes.c_size_t(1025)) == -1
    assert send(end._arq, bytes(1024), ctypes.c_size_t(1024)) == 0
    assert send(end._arq, b"next", ctypes.c_size_t(4)) == -2


def test_taking_nothing_is_nothing(arq_library: ctypes.CDLL) -> None:
    end, _ = established(arq_library)
    arq_library.tf_arq_take(end._arq)
    assert end.poll(0) == b""


@pytest.mark.parametrize("limits", [(0, 32), (7, 32), (6, 0), (6, 33)])
def test_impossible_limits_open_no_session(arq_library: ctypes.CDLL, limits: tuple[int, int]) -> None:
    end = CEnd(arq_library, Role.DEVICE, 5, 6, 32)
    end.poll(0)
    end.feed(encode_frame(struct.pack("<BIBB", 0x11, 9, *limits)), 0)
    assert end.poll(0) == b""
    end.feed(encode_frame(struct.pack("<BIBB", 0x11, 9, 6, 32)), 0)
    (body,) = FrameDecoder().feed(end.poll(0))
    assert isinstance(unpack(body), Accept)


def test_another_device_in_the_same_session_starts_a_new_one(arq_library: ctypes.CDLL) -> None:
    for end, session in (established(arq_library), _python_gateway()):
        end.feed(encode_frame(struct.pack("<BIIIBB", 0x12, session, 78, 6, 6, 32)), 0)
        (body,) = FrameDecoder().feed(end.poll(0))
        kind, other = SESSION_OF.unpack_from(body)
        assert kind == 0x11
        assert other != session


def test_a_second_half_of_another_length_is_dropped(arq_library: ctypes.CDLL) -> None:
    end, session = established(arq_library)
    tag = session + 77

    def piece(length: int, first: int, size: int, byte: bytes) -> bytes:
        return encode_frame(struct.pack("<BIHHBB", 0x15, tag, 0, length, first, 0) + byte * size)

    end.feed(piece(64, 0, 32, b"a"), 0)
    end.feed(piece(50, 1, 18, b"x"), 0)
    assert end.take() is None
    end.feed(piece(64, 1, 32, b"b"), 0)
    assert end.take() == b"a" * 32 + b"b" * 32


def test_an_end_that_is_read_slowly_keeps_its_message(arq_library: ctypes.CDLL) -> None:
    arq = ctypes.create_string_buffer(arq_library.shim_size())
    arq_library.tf_arq_init(arq, 0, 1, 6, 32)
    arq_library.tf_arq_message.restype = ctypes.POINTER(ctypes.c_uint8)
    frame, length = ctypes.create_string_buffer(209), ctypes.c_size_t()
    n = arq_library.tf_arq_poll(arq, frame, 0)
    assert n > 0

    def hear(body: bytes) -> None:
        for byte in encode_frame(body):
            arq_library.tf_arq_feed(arq, ctypes.c_uint8(byte), 0)

    hear(struct.pack("<BIBB", 0x11, 9, 6, 32))
    n = arq_library.tf_arq_poll(arq, frame, 0)
    (body,) = FrameDecoder().feed(frame.raw[:n])
    device = struct.unpack_from("<I", body, 5)[0]
    for letter in (b"a", b"b"):  # the second one while the first waits
        hear(struct.pack("<BIHHBB", 0x15, (9 + device) & 0xFFFFFFFF, 0, 32, 0, 0) + letter * 32)
    message = arq_library.tf_arq_message(arq, ctypes.byref(length))
    assert bytes(message[: length.value]) == b"a" * 32


def _python_gateway() -> tuple[Arq, int]:
    end = Arq(Role.GATEWAY, 5)
    (body,) = FrameDecoder().feed(end.poll(0))
    _, session = SESSION_OF.unpack_from(body)
    end.feed(encode_frame(struct.pack("<BIIIBB", 0x12, session, 77, 5, 6, 32)), 0)
    return end, session
