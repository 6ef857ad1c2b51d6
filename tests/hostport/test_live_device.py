"""A live device over a byte line: the host's deltas, a wearer's labels, resets and lossy lines."""

from __future__ import annotations

import ctypes as ct
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import numpy as np
import pytest
from cobs import cobs
from host_lab import CLASSES, COLUMNS, Conversation
from live_lab import LiveDevice, build_live

from tinyfl.boards.recordings import Recordings, labelled, write_recordings
from tinyfl.link.inprocess import DeviceFiles, DeviceLibrary, InProcessLink
from tinyfl.wire import codec
from tinyfl.wire import messages as m

ROWS, CHANNELS, HOP = 4, 2, 2
ACK = 0x16  # kind of a frame


@pytest.fixture(scope="module")
def live(tiny_network: Path) -> ct.CDLL:
    return build_live(tiny_network)


@pytest.fixture
def worn(live: ct.CDLL) -> Iterator[LiveDevice]:
    device = LiveDevice(live, label_bytes=8192)
    yield device
    device.close()


def wear(device: LiveDevice, windows: int, rng: np.random.Generator) -> list[tuple[int, bytes]]:
    """Samples of so many windows, each labelled; what a store must hold of them."""
    given: list[tuple[int, bytes]] = []
    rows = rng.integers(-128, 128, (ROWS, CHANNELS))
    for row in rows:
        assert device.sample(row) == 0
    for _ in range(windows):
        label = int(rng.integers(CLASSES))
        assert device.label(label) == 0
        given.append((label, rows.astype(np.int8).tobytes()))
        new = rng.integers(-128, 128, (HOP, CHANNELS))
        rows = np.concatenate([rows[HOP:], new])
        for row in new:
            assert device.sample(row) == 0
    return given


def test_rounds_on_recordings_are_the_hosts_bit_for_bit(
    live: ct.CDLL, device_library: DeviceLibrary, recordings_file: Path
) -> None:
    host = Conversation(InProcessLink(device_library, "worn-1", DeviceFiles(recordings_file), seed=7))
    device = LiveDevice(live, recordings=recordings_file.read_bytes())
    talk = Conversation(device, patience=60)
    for number in (1, 2, 3):
        expected, found = host.round(number), talk.round(number)
        assert (found.digest, found.data) == (expected.digest, expected.data)
    assert talk.facts().weights_digest == host.facts().weights_digest
    device.close()


def test_the_wearers_labels_train_as_recordings_of_the_same_windows_do(
    live: ct.CDLL, worn: LiveDevice, device_library: DeviceLibrary, tmp_path: Path
) -> None:
    rng = np.random.default_rng(4)
    talk = Conversation(worn, patience=60)
    rounds, found = [], []
    for number, windows in ((1, 5), (2, 0), (3, 4)):
        rounds += [(number, *window) for window in wear(worn, windows, rng)]
        found.append(talk.round(number))
    x = np.array([np.frombuffer(window, np.int8) for _, _, window in rounds])
    none = labelled(np.zeros((0, COLUMNS), np.int8), np.zeros(0, np.uint16))
    wearer = labelled(x, [label for _, label, _ in rounds], [number for number, _, _ in rounds])
    write_recordings(Recordings(wearer, none, none, none), tmp_path / "worn.recordings")
    files = DeviceFiles(tmp_path / "worn.recordings")
    host = Conversation(InProcessLink(device_library, "worn-1", files, seed=7))
    for number, delta in zip((1, 2, 3), found, strict=True):
        expected = host.round(number)
        assert (delta.digest, delta.data) == (expected.digest, expected.data)


def test_a_device_that_starts_as_shipped_forgets_the_labels_of_its_life_before(live: ct.CDLL, worn: LiveDevice) -> None:
    talk = Conversation(worn, patience=60)
    rng = np.random.default_rng(5)
    for number in (1, 2, 3):
        wear(worn, 2, rng)
        talk.round(number)
    wear(worn, 2, rng)
    live.harness_erase_state(worn.handle)
    assert worn.boot() == 0
    talk.round(1)
    assert worn.windows(COLUMNS) == []
    given = wear(worn, 3, rng)
    talk.round(2)
    assert worn.windows(COLUMNS) == given


def test_the_labels_of_a_life_before_are_gone_wherever_the_first_boot_was_cut(live: ct.CDLL) -> None:
    for cut in count():
        device = LiveDevice(live, label_bytes=8192)
        wear(device, 2, np.random.default_rng(6))
        Conversation(device, patience=60).round(1)
        live.harness_erase_state(device.handle)
        live.harness_writes(cut)
        status = device.boot()
        live.harness_writes(2**32 - 1)
        assert status in (0, -7)
        assert device.boot() == 0
        Conversation(device, patience=60).round(1)
        assert device.windows(COLUMNS) == [], cut
        device.close()
        if status == 0:
            break
    assert cut > 5


def test_a_reset_before_the_commit_costs_no_label_and_no_bit(live: ct.CDLL) -> None:
    calm, cut = (LiveDevice(live, label_bytes=8192) for _ in range(2))
    talks = [Conversation(device, patience=60) for device in (calm, cut)]
    for device in (calm, cut):
        wear(device, 6, np.random.default_rng(1))
    expected = talks[0].round(1)
    talks[1].train(1)
    assert cut.boot() == 0
    wear(cut, 2, np.random.default_rng(2))  # labelled after round 1 was collected: round 2's
    found = talks[1].round(1)
    assert (found.digest, found.data) == (expected.digest, expected.data)
    wear(calm, 2, np.random.default_rng(2))
    assert talks[1].round(2).digest == talks[0].round(2).digest
    assert calm.windows(COLUMNS) == cut.windows(COLUMNS)
    for device in (calm, cut):
        device.close()


def test_a_line_that_loses_bytes_costs_time_and_nothing_else(
    live: ct.CDLL, device_library: DeviceLibrary, recordings_file: Path
) -> None:
    rng = np.random.default_rng(8)

    def spoil(data: bytes, _: bool) -> bytes:
        return bytes(b for b in data if rng.random() > 0.004)

    host = Conversation(InProcessLink(device_library, "worn-1", DeviceFiles(recordings_file), seed=7))
    device = LiveDevice(live, recordings=recordings_file.read_bytes(), spoil=spoil)
    talk = Conversation(device, patience=120)
    for number in (1, 2):
        assert talk.round(number).digest == host.round(number).digest
    device.close()


def test_it_infers_every_window_and_labels_the_one_that_was_meant(live: ct.CDLL, worn: LiveDevice) -> None:
    best = ct.c_uint32()
    before = live.harness_inferred(ct.byref(best))
    rng = np.random.default_rng(3)
    assert worn.label(0) == -8, "no window yet"
    rows = rng.integers(-128, 128, (12, CHANNELS))
    for row in rows[:ROWS]:
        worn.sample(row)
    assert live.harness_inferred(ct.byref(best)) == before + 1
    assert best.value < CLASSES
    live.harness_hold(worn.handle)
    for row in rows[ROWS:]:
        worn.sample(row)
    assert live.harness_inferred(ct.byref(best)) == before + 5
    assert worn.label(2) == 0
    assert worn.label(CLASSES) == -1
    Conversation(worn, patience=60).train(1)
    assert worn.windows(COLUMNS) == [(2, rows[:ROWS].astype(np.int8).tobytes())]


def test_an_evaluation_set_that_no_recordings_bring_is_refused(worn: LiveDevice) -> None:
    answer = Conversation(worn, patience=60).ask(m.Evaluate(1))
    assert isinstance(answer, m.Failed)
    assert answer.code == 8  # there is none


def test_answers_that_wait_for_a_lost_acknowledgement_do_not_close_the_line(live: ct.CDLL) -> None:
    """The device must read on while its box is full: what empties it is an acknowledgement on the same line."""
    deaf = True

    def spoil(data: bytes, to_device: bool) -> bytes:
        return b"" if deaf and to_device and cobs.decode(data[:-1])[0] == ACK else data

    device = LiveDevice(live, spoil=spoil)
    talk = Conversation(device, patience=3)
    for _ in range(4):  # the hello is never acknowledged, and answers pile up behind it
        device.send(codec.encode_request(5, m.Info()))
        device.pass_ms(700)
    deaf = False
    assert talk.facts().name == "worn-1"
    device.close()
