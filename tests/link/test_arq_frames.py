"""Frames nobody honest sends, with a right CRC: both implementations take them alike, and nothing breaks."""

import ctypes
import random
import struct

import pytest
from arq_ends import CEnd
from hypothesis import given, settings
from hypothesis import strategies as st

from tinyfl.link.arq import Arq, Role
from tinyfl.link.arq_frames import Ack, Data, Frame, Open, pack, unpack
from tinyfl.link.framing import FrameDecoder, encode_frame

small = st.integers(0, 255)
words = st.one_of(st.integers(0, 8), st.integers(0, 2**32 - 1))
halves = st.one_of(st.integers(0, 3), st.integers(0, 1100), st.integers(0, 0xFFFF))
bodies = st.one_of(
    st.binary(min_size=1, max_size=203),
    st.builds(lambda s, p, w: struct.pack("<BIBB", 0x11, s, p, w), words, small, small),
    st.builds(lambda s, d, b, p, w: struct.pack("<BIIIBB", 0x12, s, d, b, p, w), words, words, words, small, small),
    st.builds(lambda k, t: struct.pack("<BI", k, t), st.sampled_from([0x13, 0x14]), words),
)
# Within whatever session stands: (number, length, first unit, poll, payload bytes) and (number, poll, have).
data = st.tuples(halves, halves, st.one_of(st.integers(0, 33), small), small, st.integers(0, 192))
acks = st.tuples(halves, small, words)


@pytest.mark.parametrize("role", list(Role))
@settings(max_examples=150, deadline=None)
@given(st.integers(0, 2**32 - 1), st.lists(st.one_of(bodies, data, acks, st.just("say"), words), max_size=25))
def test_both_ends_answer_any_frames_with_the_same_bytes(
    arq_library: ctypes.CDLL, role: Role, seed: int, events: list[object]
) -> None:
    ends = [Arq(role, seed, payload_units=4, window_units=9), CEnd(arq_library, role, seed, 4, 9)]
    peer = random.Random(seed)
    tag, now, heard = 0, 1000, FrameDecoder()
    for event in events:
        match event:
            case "say" if not any(end.queued for end in ends):  # C holds one, Python drops those behind it
                message = peer.randbytes(peer.randrange(1, 1025))
                for end in ends:
                    end.send(message)
            case int():
                now += event % 3000
            case bytes():
                frame = encode_frame(event)
            case (number, length, first, poll, size):
                payload = peer.randbytes(size)
                frame = encode_frame(struct.pack("<BIHHBB", 0x15, tag, number, length, first, poll) + payload)
            case (number, poll, have):
                frame = encode_frame(struct.pack("<BIHBI", 0x16, tag, number, poll, have))
        if not isinstance(event, str | int):
            for end in ends:
                end.feed(frame, now)
        arrived = [end.take() for end in ends]
        assert arrived[0] == arrived[1]
        for _ in range(40):
            assert ends[0].wait(now) == ends[1].wait(now)
            said = [end.poll(now) for end in ends]
            assert said[0] == said[1]
            if not said[0]:
                break
            for body in heard.feed(said[0]):
                spoken = unpack(body)
                assert spoken is not None, "an end never says what an end would drop"
                tag = getattr(spoken, "tag", tag)
                if isinstance(spoken, Open):  # be a device for once, so that sessions come to stand
                    accept = struct.pack("<BIIIBB", 0x12, spoken.session, 77, 5, 6, 32)
                    for end in ends:
                        end.feed(encode_frame(accept), now)
                    tag = (spoken.session + 77) & 0xFFFFFFFF
                elif body[0] == 0x12:
                    session, device = struct.unpack_from("<II", body, 1)
                    tag = (session + device) & 0xFFFFFFFF
        assert ends[1].intact  # type: ignore[union-attr]


@given(words, halves, st.binary(min_size=1, max_size=1024), st.integers(0, 31), st.integers(1, 6), small)
def test_data_and_acks_come_back_as_they_went(
    tag: int, number: int, message: bytes, first: int, units: int, poll: int
) -> None:
    first %= -(-len(message) // 32)
    payload = message[32 * first : 32 * (first + units)]
    frames: list[Frame] = [Data(tag, number, len(message), first, poll, payload), Ack(tag, number, poll, tag)]
    for frame in frames:
        assert unpack(pack(frame)) == frame
