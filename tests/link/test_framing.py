import ctypes
import random
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tinyfl.link.framing import MAX_BODY_BYTES, MAX_FRAME_BYTES, FrameDecoder, encode_frame

bodies = st.binary(min_size=1, max_size=MAX_BODY_BYTES)


def c_encode(library: ctypes.CDLL, body: bytes) -> bytes:
    library.tf_frame_encode.restype = ctypes.c_size_t
    frame = ctypes.create_string_buffer(b"\xee" + body, MAX_FRAME_BYTES)
    n = library.tf_frame_encode(frame, ctypes.c_size_t(len(body)))
    return frame.raw[:n]


class CDecoder:
    """tf_frame_decoder laid out as in tf_frame.h."""

    class Struct(ctypes.Structure):
        _fields_ = (
            ("bytes", ctypes.c_uint8 * MAX_FRAME_BYTES),
            ("count", ctypes.c_uint16),
            ("overlong", ctypes.c_uint8),
            ("bad_frames", ctypes.c_uint32),
        )

    def __init__(self, library: ctypes.CDLL) -> None:
        library.tf_frame_take.restype = ctypes.c_size_t
        self._library = library
        self.state = self.Struct()

    def feed(self, data: bytes) -> list[bytes]:
        found = []
        for byte in data:
            if n := self._library.tf_frame_take(ctypes.byref(self.state), ctypes.c_uint8(byte)):
                found.append(bytes(self.state.bytes[:n]))
        return found


@given(bodies)
def test_a_frame_has_one_zero_at_its_end_and_comes_back(body: bytes) -> None:
    frame = encode_frame(body)
    assert frame.index(0) == len(frame) - 1
    assert len(frame) == len(body) + 6 <= MAX_FRAME_BYTES
    assert FrameDecoder().feed(frame) == [body]


@given(bodies)
def test_c_writes_the_same_bytes(arq_library: ctypes.CDLL, body: bytes) -> None:
    assert c_encode(arq_library, body) == encode_frame(body)
    arq_library.tf_crc32.restype = ctypes.c_uint32
    assert arq_library.tf_crc32(0, body, ctypes.c_size_t(len(body))) == zlib.crc32(body)


@settings(max_examples=60)
@given(st.lists(st.one_of(bodies.map(encode_frame), st.binary(max_size=500)), max_size=8), st.randoms())
def test_both_decoders_see_the_same_in_any_pieces(
    arq_library: ctypes.CDLL, parts: list[bytes], rng: random.Random
) -> None:
    line = b"".join(parts)
    whole, pieces, c = FrameDecoder(), FrameDecoder(), CDecoder(arq_library)
    expected = whole.feed(line)
    found = []
    at = 0
    while at < len(line):
        step = rng.randrange(1, 40)
        found += pieces.feed(line[at : at + step])
        at += step
    assert found == expected
    assert c.feed(line) == expected
    assert pieces.bad_frames == whole.bad_frames == c.state.bad_frames


@given(bodies, st.randoms(), st.integers(1, 12))
def test_damage_is_noticed_and_the_next_frame_arrives(body: bytes, rng: random.Random, flips: int) -> None:
    frame = bytearray(encode_frame(body))
    for _ in range(flips):
        frame[rng.randrange(len(frame))] ^= 1 << rng.randrange(8)
    decoder = FrameDecoder()
    found = decoder.feed(bytes(frame) + b"\0" + encode_frame(b"next"))
    assert found[-1] == b"next"
    assert all(one == body for one in found[:-1])


@pytest.mark.parametrize("size", [0, MAX_BODY_BYTES + 1])
def test_a_body_of_impossible_length_is_refused(size: int) -> None:
    with pytest.raises(ValueError, match="203"):
        encode_frame(bytes(size))
