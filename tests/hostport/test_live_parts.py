"""The parts of a live device that know no board, each against NumPy, Python's own or all possibilities."""

from __future__ import annotations

import ctypes as ct
import itertools
import struct
from pathlib import Path

import numpy as np
import pytest
from live_lab import build_live

from tinyfl.errors import LinkError
from tinyfl.link.mqtt import Topics


@pytest.fixture(scope="module")
def live(tiny_network: Path) -> ct.CDLL:
    return build_live(tiny_network)


def test_values_are_quantised_as_numpy_does(live: ct.CDLL) -> None:
    rng = np.random.default_rng(0)
    ties = np.arange(-140, 140, 0.5)
    for factor, offset in [(1, 0), (0.5, -3), (-2, 7), *rng.normal(0, 30, (40, 2))]:
        values = np.concatenate([ties, rng.normal(0, 50, 400), [0, 1e30, -1e30, np.inf, -np.inf]]).astype(np.float32)
        factors, offsets = (np.full(len(values), v, np.float32) for v in (factor, offset))
        out = np.zeros(len(values), np.int8)
        live.quantize_values(
            *(a.ctypes.data_as(ct.c_void_p) for a in (values, factors, offsets)),
            len(values),
            out.ctypes.data_as(ct.c_void_p),
        )
        exact = (factors * values + offsets).astype(np.float64)
        assert (out == np.clip(np.floor(exact + 0.5), -128, 127)).all()


def test_what_is_no_number_becomes_the_least(live: ct.CDLL) -> None:
    one, nan, out = np.ones(1, np.float32), np.full(1, np.nan, np.float32), np.zeros(1, np.int8)
    pointers = [a.ctypes.data_as(ct.c_void_p) for a in (nan, one, one)]
    live.quantize_values(*pointers, 1, out.ctypes.data_as(ct.c_void_p))
    assert out[0] == -128


@pytest.mark.parametrize("rows", [1, 2, 5, 8])
@pytest.mark.parametrize("hop", [1, 2, 5, 7, 12])
def test_windows_are_the_slices_of_the_stream(live: ct.CDLL, rows: int, hop: int) -> None:
    channels = 3
    stream = np.random.default_rng(rows * hop).integers(-128, 128, (60, channels)).astype(np.int8)
    cutter, window = ct.create_string_buffer(live.size_of_cutter()), np.zeros((rows, channels), np.int8)
    live.window_cutter_init(cutter, window.ctypes.data_as(ct.c_void_p), rows, channels, hop)
    found = []
    for at, row in enumerate(stream):
        if live.window_cutter_take(cutter, row.tobytes()):
            found.append((at + 1 - rows, window.copy()))
    assert [at for at, _ in found] == list(range(0, len(stream) - rows + 1, hop))
    for at, cut in found:
        assert (cut == stream[at : at + rows]).all()


def counted(live: ct.CDLL, levels: list[int], start: int = 0, every: int = 10) -> list[int]:
    button = ct.create_string_buffer(live.size_of_presses())
    each = [live.presses_take(button, level, (start + every * i) % 2**32) for i, level in enumerate(levels)]
    return [n for n in each if n]


@pytest.mark.parametrize("start", [0, 2**32 - 300])
@pytest.mark.parametrize("presses", [1, 2, 3, 7, 12])
def test_presses_are_counted_through_bounces(live: ct.CDLL, presses: int, start: int) -> None:
    rng = np.random.default_rng(presses)
    levels = [0] * 5
    for _ in range(presses):
        for level, least in ((1, 4), (0, 6)):
            levels += [level, 1 - level] * int(rng.integers(0, 3)) + [level] * int(rng.integers(least, 40))
    assert counted(live, levels + [0] * 80, start) == [presses]


def test_a_glitch_is_no_press_and_a_held_button_no_end(live: ct.CDLL) -> None:
    assert counted(live, [0, 1, 0, 0] * 50 + [0] * 100) == []
    assert counted(live, [0] + [1] * 300) == []
    assert counted(live, [0] + [1] * 300 + [0] * 80 + [1] * 10 + [0] * 80) == [1, 1]
    assert counted(live, ([1] * 5 + [0] * 5) * 300 + [0] * 80) == [255]


def pieces_of(live: ct.CDLL, state: object, total: int, pieces: list[tuple[int, bytes]]) -> list[bytes]:
    live.fragments_begin(state, total)
    out = []
    for at, piece in pieces:
        if n := live.fragments_take(state, piece, len(piece), at):
            out.append(state.raw[:n])  # type: ignore[attr-defined]
    return out


def test_pieces_become_the_payload_whatever_their_sizes(live: ct.CDLL) -> None:
    rng, state = np.random.default_rng(5), ct.create_string_buffer(live.size_of_fragments())
    for total in [1, 2, 63, 1023, 1024, *rng.integers(1, 1025, 60)]:
        payload = rng.bytes(int(total))
        cuts = sorted({0, int(total), *rng.integers(0, total + 1, rng.integers(0, 6)).tolist()})
        pieces = [(a, payload[a:b]) for a, b in itertools.pairwise(cuts)]
        assert pieces_of(live, state, int(total), pieces) == [payload]
        if len(pieces) > 2:
            assert pieces_of(live, state, int(total), pieces[:1] + pieces[2:]) == []
            assert pieces_of(live, state, int(total), [pieces[0], *pieces]) == []


def test_payloads_that_are_no_message_are_passed_over(live: ct.CDLL) -> None:
    state = ct.create_string_buffer(live.size_of_fragments())
    assert pieces_of(live, state, 1025, [(0, bytes(1000)), (1000, bytes(25))]) == []
    assert pieces_of(live, state, 2**32 - 1, [(0, bytes(1000))]) == []
    assert pieces_of(live, state, 0, [(0, b"")]) == []
    assert pieces_of(live, state, 10, [(0, bytes(11))]) == []
    assert pieces_of(live, state, 4, [(0, b"full"), (4, b"more"), (0, b"full")]) == [b"full"]


CHIPS = [(0, struct.Struct(">3hh3h")), (1, struct.Struct(">3h3h"))]


@pytest.mark.parametrize(("which", "layout"), CHIPS)
def test_registers_of_an_imu_are_g_and_radians_a_second(live: ct.CDLL, which: int, layout: struct.Struct) -> None:
    rng = np.random.default_rng(which)
    for words in [[0] * 7, [4096] * 7, [-32768] * 7, [32767] * 7, *rng.integers(-32768, 32768, (50, 7)).tolist()]:
        raw = layout.pack(*(words if which == 0 else words[:3] + words[4:]))
        values = np.zeros(6, np.float32)
        live.imu_values(ct.c_void_p(live.chip(which)), raw, values.ctypes.data_as(ct.c_void_p))
        expected = np.r_[np.array(words[:3]) * 8 / 32768, np.deg2rad(np.array(words[4:]) * 2000 / 32768)]
        assert np.allclose(values, expected, rtol=1e-6, atol=0)


def test_recordings_in_a_partition_end_where_their_header_says(live: ct.CDLL, recordings_file: Path) -> None:
    written = recordings_file.read_bytes()
    live.tfr_bytes.restype = ct.c_size_t
    sizes = [live.tfr_bytes(ct.c_char_p(written + b"\xff" * n), ct.c_size_t(len(written) + n)) for n in (0, 1, 9000)]
    assert sizes == [len(written)] * 3
    assert live.tfr_bytes(ct.c_char_p(written), ct.c_size_t(len(written) - 1)) == 0
    assert live.tfr_bytes(ct.c_char_p(b"\xff" * 4096), ct.c_size_t(4096)) == 0
    many = written[:12] + b"\xff" * 16 + written[28:]
    assert live.tfr_bytes(ct.c_char_p(many), ct.c_size_t(len(many))) == 0


@pytest.mark.parametrize("kind", ["up", "down", "state"])
@pytest.mark.parametrize("device", ["w", "wörn-1", "d" * 32, "d" * 33, "", "a/b", "a+", "#"])
@pytest.mark.parametrize("fleet", ["home", "f" * 32, "f" * 33, "", "+"])
def test_topics_are_the_gateways(live: ct.CDLL, fleet: str, device: str, kind: str) -> None:
    topic = ct.create_string_buffer(80)
    status = live.mqtt_topic(topic, fleet.encode(), device.encode(), kind.encode())
    try:
        expected = getattr(Topics(fleet, device), kind)
    except LinkError:
        assert status == -1
    else:
        assert (status, topic.value.decode()) == (0, expected)
