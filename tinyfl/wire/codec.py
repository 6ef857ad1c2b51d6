"""Messages to bytes and back, as ``tinyfl.cddl`` lays them down."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import astuple, dataclass
from enum import IntEnum
from io import BytesIO
from typing import Any

import cbor2

from tinyfl.errors import LinkError
from tinyfl.wire import messages as m


class WireError(LinkError):
    """Bytes that are no message of this protocol, or a message that does not fit the schema."""


@dataclass(frozen=True)
class _Int:
    low: int
    high: int

    def __call__(self, value: Any) -> int:
        if type(value) is not int or not self.low <= value <= self.high:
            raise WireError(f"{value!r} is no integer from {self.low} to {self.high}.")
        return value


@dataclass(frozen=True)
class _Bytes:
    limit: int

    def __call__(self, value: Any) -> bytes:
        if not isinstance(value, bytes) or len(value) > self.limit:
            raise WireError(f"A field is no byte string of at most {self.limit} bytes.")
        return value


def _bool(value: Any) -> bool:
    if not isinstance(value, bool):
        raise WireError(f"{value!r} is no truth value.")
    return value


def _name(value: Any) -> str:
    if not isinstance(value, str) or len(value.encode(errors="replace")) > m.MAX_NAME_BYTES:
        raise WireError(f"A device name is no text of at most {m.MAX_NAME_BYTES} bytes.")
    return value


_Check = Callable[[Any], Any]
_U8, _U16, _U32, _U64 = (_Int(0, 2**bits - 1) for bits in (8, 16, 32, 64))
_RICE_K = _Int(0, 24)
_DATA = _Bytes(m.MAX_CHUNK_DATA)
_SHIFTS = _Bytes(m.MAX_SHARED_TENSORS)
_FACTS: tuple[_Check, ...] = (_name, *[_U32] * 6, _U8, _U32, _U32, _U16, _U16, _U32, _U32, _U32)
_TALLY: tuple[_Check, ...] = (_U32, _U32, _U64, _U32, _U32)

_REQUESTS: dict[type[Any], tuple[int, tuple[_Check, ...]]] = {
    m.Info: (1, ()),
    m.Put: (2, (_U32, _U32, _U32, _U16, _RICE_K, _DATA)),
    m.Train: (3, (_U32, _U32, _U32, _U32, _U16, _Int(-8, 8), _bool, _bool, _SHIFTS)),
    m.Fetch: (4, (_U32, _U32, _Int(0, m.MAX_CHUNK_DATA))),
    m.Commit: (5, (_U32,)),
    m.Evaluate: (6, (_U32,)),
}
_MESSAGES: dict[type[Any], tuple[int, tuple[_Check, ...]]] = {
    m.Failed: (0, (_Int(1, 8), _U8, _U32)),
    m.Report: (1, _FACTS),
    m.Accepted: (2, (_U32, _U32, _U16)),
    m.Trained: (3, (_U32, _U8, *_TALLY)),
    m.Delta: (4, (_U32, _U32, *_TALLY, _U32, _U16, _RICE_K, _DATA)),
    m.Committed: (5, (_U32,)),
    m.Score: (6, (_U32, _bool, _U32, _U32)),
    m.Hello: (7, _FACTS),
    m.Done: (8, (_U8, _U32)),
}


def encode_request(request_id: int, request: m.Request) -> bytes:
    """The bytes of a request. Raises :class:`WireError` if a field is outside the schema."""
    return _encode(_REQUESTS, request_id, request)


def decode_request(data: bytes) -> tuple[int, m.Request]:
    """``(request id, request)``. Raises :class:`WireError` for anything but one whole request."""
    request_id, request = _decode(_REQUESTS, data)
    return request_id, request


def encode_message(request_id: int, message: m.Message) -> bytes:
    """The bytes of what a device says. Raises :class:`WireError` if a field is outside the schema."""
    return _encode(_MESSAGES, request_id, message)


def decode_message(data: bytes) -> tuple[int, m.Message]:
    """``(request id, message)`` of what a device said. Raises :class:`WireError` for anything else."""
    request_id, message = _decode(_MESSAGES, data)
    return request_id, message


def _flatten(values: tuple[Any, ...]) -> list[Any]:
    flat: list[Any] = []
    for value in values:
        flat.extend(value if isinstance(value, tuple) else [value])
    return flat


def _encode(table: dict[type[Any], tuple[int, tuple[_Check, ...]]], request_id: int, value: Any) -> bytes:
    kind, checks = table[type(value)]
    if isinstance(value, m.Train):
        _check_shifts(value.shifts)
        fields = [*astuple(value)[:-1], bytes(value.shifts)]
    else:
        fields = [int(x) if isinstance(x, IntEnum) else x for x in _flatten(astuple(value))]
    body = [check(field) for check, field in zip(checks, fields, strict=True)]
    data = cbor2.dumps([m.PROTOCOL, _U32(request_id), [kind, *body]])
    if len(data) > m.MAX_MESSAGE:
        raise WireError(f"A {type(value).__name__} of {len(data)} bytes is longer than {m.MAX_MESSAGE}.")
    return data


def _check_shifts(shifts: tuple[int, ...]) -> None:
    if any(not 0 <= shift <= 31 for shift in shifts):
        raise WireError("A shift is outside 0 to 31.")


def _decode(table: dict[type[Any], tuple[int, tuple[_Check, ...]]], data: bytes) -> tuple[int, Any]:
    if len(data) > m.MAX_MESSAGE:
        raise WireError(f"A message of {len(data)} bytes is longer than {m.MAX_MESSAGE}.")
    stream = BytesIO(data)
    try:
        frame = cbor2.CBORDecoder(stream).decode()
    except (cbor2.CBORError, ValueError, OverflowError, RecursionError, MemoryError, TypeError) as error:
        raise WireError("The bytes are no CBOR.") from error
    if stream.tell() != len(data) or not isinstance(frame, list) or len(frame) < 2:
        raise WireError("The bytes are no message.")
    if frame[0] != m.PROTOCOL or isinstance(frame[0], bool):
        raise WireError(f"The other side speaks protocol {frame[0]!r}, this one {m.PROTOCOL}: update one of them.")
    if len(frame) != 3 or not isinstance(frame[2], list) or not frame[2]:
        raise WireError("The bytes are no message.")
    request_id = _U32(frame[1])
    kind, *fields = frame[2]
    for cls, (number, checks) in table.items():
        if type(kind) is int and kind == number and len(fields) == len(checks):
            return request_id, _build(cls, [check(x) for check, x in zip(checks, fields, strict=True)])
    raise WireError(f"There is no message of kind {kind!r} with {len(fields)} fields.")


def _build(cls: type[Any], fields: list[Any]) -> Any:
    try:
        if cls is m.Train:
            _check_shifts(tuple(fields[-1]))
            fields[-1] = tuple(fields[-1])
        if cls in (m.Report, m.Hello):
            fields[7] = m.DeviceState(fields[7])
            return cls(m.Facts(*fields))
        if cls is m.Trained:
            return m.Trained(fields[0], m.RoundPhase(fields[1]), m.Tally(*fields[2:]))
        if cls is m.Delta:
            return m.Delta(fields[0], fields[1], m.Tally(*fields[2:7]), *fields[7:])
        if cls is m.Failed:
            return m.Failed(m.ErrorCode(fields[0]), m.ErrorField(fields[1]), fields[2])
        if cls is m.Done:
            return m.Done(m.DeviceState(fields[0]), fields[1])
    except ValueError as error:
        raise WireError(f"{error} in a {cls.__name__}.") from error
    return cls(*fields)
