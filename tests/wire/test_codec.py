"""The Python codec, the generated C and zcbor's own reading of the schema agree on every message."""

import ctypes as ct
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import cbor2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from wire_messages import messages, requests, u32
from zcbor import CddlValidationError, DataTranslator

from tinyfl.wire import codec
from tinyfl.wire import messages as m
from tinyfl.wire.generate import FILES, GENERATED, SCHEMA, outdated

REQUEST, ANSWER = "request", "answer"
CODERS = {
    REQUEST: (codec.encode_request, codec.decode_request),
    ANSWER: (codec.encode_message, codec.decode_message),
}
sides = st.one_of(st.tuples(st.just(REQUEST), requests), st.tuples(st.just(ANSWER), messages))


@pytest.fixture(scope="module")
def oracle() -> dict[str, object]:
    types = DataTranslator.from_cddl(SCHEMA.read_text(), 3).my_types
    return {name: types[name] for name in (REQUEST, ANSWER)}


def in_c(library: ct.CDLL, kind: str, data: bytes) -> bytes | None:
    """Decoded and encoded again by the generated C; None if it refuses."""
    out = ct.create_string_buffer(2048)
    n = getattr(library, f"recode_{kind}")(data, len(data), out, len(out))
    return out.raw[:n] if n >= 0 else None


@settings(max_examples=300, deadline=None)
@given(side=sides, request_id=u32)
def test_every_message_goes_through_python_and_c(library: ct.CDLL, side, request_id: int) -> None:
    kind, message = side
    encode, decode = CODERS[kind]
    data = encode(request_id, message)
    assert len(data) <= m.MAX_MESSAGE
    assert decode(data) == (request_id, message)
    assert in_c(library, kind, data) == data


@settings(max_examples=40, deadline=None)
@given(side=sides, request_id=u32)
def test_every_message_is_what_the_schema_says(oracle, side, request_id: int) -> None:
    kind, message = side
    oracle[kind].validate_str(CODERS[kind][0](request_id, message))


def accepted_by_python(kind: str, data: bytes) -> bool:
    try:
        CODERS[kind][1](data)
    except codec.WireError:
        return False
    return True


@settings(max_examples=300, deadline=None)
@given(side=sides, cut=st.floats(0, 1, exclude_max=True))
def test_truncated_messages_are_refused(library: ct.CDLL, side, cut: float) -> None:
    kind, message = side
    data = CODERS[kind][0](1, message)
    short = data[: int(cut * len(data))]
    assert not accepted_by_python(kind, short)
    assert in_c(library, kind, short) is None


@settings(max_examples=500, deadline=None)
@given(side=sides, changes=st.lists(st.tuples(st.integers(0, 1023), st.integers(1, 255)), min_size=1, max_size=3))
def test_garbled_messages_give_a_message_or_a_clean_error(library: ct.CDLL, side, changes) -> None:
    kind, message = side
    data = bytearray(CODERS[kind][0](1, message))
    for place, flip in changes:
        data[place % len(data)] ^= flip
    if accepted_by_python(kind, bytes(data)):
        request_id, decoded = CODERS[kind][1](bytes(data))
        again = CODERS[kind][0](request_id, decoded)
        assert in_c(library, kind, again) == again
    else:
        in_c(library, kind, bytes(data))


@settings(max_examples=500, deadline=None)
@given(data=st.binary(max_size=200))
def test_noise_is_refused_cleanly(library: ct.CDLL, data: bytes) -> None:
    for kind in CODERS:
        accepted_by_python(kind, data)
        in_c(library, kind, data)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x81" * 1024,
        cbor2.dumps([1, 2, [1]]) + b"\0",
        cbor2.dumps([1, 2, [1, 0]]),
        cbor2.dumps([1, 2, [9]]),
        cbor2.dumps([1, 2, []]),
        cbor2.dumps([1, -1, [1]]),
        cbor2.dumps([1, 2**32, [1]]),
        cbor2.dumps([1, 2, [4, 1, 0, 897]]),
        cbor2.dumps([1, 2, [5, True]]),
        cbor2.dumps([1, 2, [5, 1.0]]),
        cbor2.dumps({1: 2}),
    ],
)
def test_these_are_no_requests(library: ct.CDLL, data: bytes) -> None:
    assert not accepted_by_python(REQUEST, data)
    assert in_c(library, REQUEST, data) is None


def test_the_error_of_another_protocol_names_both() -> None:
    with pytest.raises(codec.WireError, match="protocol 2, this one 1"):
        codec.decode_message(cbor2.dumps([2, 0, [99, "new"]]))


@pytest.mark.parametrize(
    "message",
    [
        m.Put(1, 2, 3, 65536, 0, b""),
        m.Put(1, 2, 3, 4, 25, b""),
        m.Put(1, 2, 3, 4, 0, b"\0" * 897),
        m.Train(1, 2, 3, 4, 5, 9, True, True, ()),
        m.Train(1, 2, 3, 4, 5, 0, True, True, (32,)),
        m.Train(1, 2, 3, 4, 5, 0, True, True, (0,) * 65),
        m.Commit(-1),
        m.Commit(2**32),
    ],
)
def test_fields_outside_the_schema_are_not_sent(message) -> None:
    with pytest.raises(codec.WireError):
        codec.encode_request(1, message)


def test_the_oracle_refuses_what_the_schema_forbids(oracle) -> None:
    with pytest.raises(CddlValidationError):
        oracle[REQUEST].validate_str(cbor2.dumps([1, 2, [4, 1, 0, 897]]))


def test_the_checked_in_c_is_current(tmp_path: Path) -> None:
    assert outdated() == []
    script = [sys.executable, "-m", "tinyfl.wire.generate", "--check"]
    assert subprocess.run(script, check=False).returncode == 0
    assert sorted(path.name for path in GENERATED.glob("tf_messages*")) == sorted(FILES)


def test_the_longest_messages_fit() -> None:
    top = 2**32 - 1
    tally = m.Tally(top, top, 2**64 - 1, top, top)
    delta = m.Delta(top, top, tally, top, 65535, 24, b"\xff" * m.MAX_CHUNK_DATA)
    assert len(codec.encode_message(top, delta)) <= m.MAX_MESSAGE
    assert replace(delta, start=0) != delta
