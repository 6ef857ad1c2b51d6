"""Bytes nobody meant to send: one answer each, and the device is as it was."""

import ctypes as ct
import mmap

import cbor2
from device_lab import SCHEME, SECTOR, Device, Flash, Wearer, train_request
from hypothesis import given, settings
from hypothesis import strategies as st

from tinyfl.wire import codec
from tinyfl.wire import messages as m

seeds = [
    m.Info(),
    m.Put(SCHEME, 1, 0, 8, 0, b"\0"),
    train_request(1, 0),
    m.Fetch(1, 0, 100),
    m.Commit(1),
    m.Evaluate(0),
]


def new_device(library: ct.CDLL) -> Device:
    return Device(library, Flash(2 * library.harness_slot_bytes(12, SECTOR)), Wearer(1))


PAGE = mmap.PAGESIZE
ROOM = mmap.mmap(-1, 2 * PAGE)
ADDRESS = ct.addressof(ct.c_char.from_buffer(ROOM))
assert ct.CDLL(None).mprotect(ct.c_void_p(ADDRESS + PAGE), PAGE, 0) == 0


def guarded(data: bytes) -> ct.c_void_p:
    """The bytes right before a page nobody may read: one byte too far ends the test."""
    address = ADDRESS + PAGE - len(data)
    ct.memmove(address, data, len(data))
    return ct.c_void_p(address)


@settings(max_examples=300, deadline=None)
@given(
    request=st.sampled_from(seeds),
    changes=st.lists(st.tuples(st.integers(0, 1023), st.integers(0, 255)), max_size=4),
    cut=st.integers(0, 80),
    tail=st.binary(max_size=4),
)
def test_garbled_requests_get_one_answer_and_harm_nothing(library, request, changes, cut, tail) -> None:
    device = new_device(library)
    data = bytearray(codec.encode_request(7, request))
    for place, value in changes:
        data[place % len(data)] = value
    message = bytes(data[: max(0, len(data) - cut)]) + tail
    before = len(device.sent)
    assert library.tf_device_receive(device.dev, guarded(message), len(message)) == 0
    assert len(device.sent) == before + 1
    if isinstance(device.sent[-1][1], m.Failed) and device.sent[-1][1].code == m.ErrorCode.MALFORMED:
        assert device.facts() == device.sent[0][1].facts
    device.run()
    assert device.facts().state in (m.DeviceState.IDLE, m.DeviceState.TRAINED)
    device.close()


@settings(max_examples=300, deadline=None)
@given(data=st.binary(max_size=100))
def test_noise_is_answered_as_malformed(library, data: bytes) -> None:
    device = new_device(library)
    answer = device.receive(data)
    assert isinstance(answer, m.Failed)
    assert answer.code in (m.ErrorCode.MALFORMED, m.ErrorCode.VERSION)
    assert device.facts() == device.sent[0][1].facts
    device.close()


def test_another_protocol_is_told_ours_under_its_own_id(library) -> None:
    device = new_device(library)
    assert device.receive(cbor2.dumps([2, 77, {"ask": "everything"}])) == m.Failed(
        m.ErrorCode.VERSION, m.ErrorField.PROTOCOL, m.PROTOCOL
    )
    assert device.sent[-1][0] == 77


def test_a_malformed_body_is_answered_under_its_id(library) -> None:
    device = new_device(library)
    malformed = m.Failed(m.ErrorCode.MALFORMED, m.ErrorField.NONE, 0)
    for data in (cbor2.dumps([1, 55, [5, "x"]]), cbor2.dumps([1, 55, [1]]) + b"\0"):
        assert device.receive(data) == malformed
        assert device.sent[-1][0] == 55
    for data in (b"\x81" * 1000, b"\x9f" * 1024, b"\0" * 2000, b""):
        assert device.receive(data) == malformed
        assert device.sent[-1][0] == 0
