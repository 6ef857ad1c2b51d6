"""Resets and power cuts cost repetitions, never an update: a disturbed round ends like an undisturbed one."""

import ctypes as ct
import zlib

import numpy as np
import pytest
from device_lab import SCHEME, SECTOR, Device, Flash, Wearer, base_of, train_request

from tinyfl.wire import messages as m

VERSION = {1: 4, 2: 5, 3: 6}


class Rebooting:
    """A device that a gateway keeps asking, and that is reset after given numbers of requests or steps."""

    def __init__(self, library: ct.CDLL) -> None:
        self.library = library
        self.flash = Flash(2 * library.harness_slot_bytes(12, SECTOR))
        self.wearer = Wearer(3)
        self.device = Device(library, self.flash, self.wearer)
        self.boots = 1
        self.cuts = 0

    def boot(self) -> None:
        self.device.close()
        self.flash.power_on()
        self.device = Device(self.library, self.flash, self.wearer)
        assert self.device.status == 0
        self.boots += 1

    def state(self) -> tuple[object, ...]:
        facts, plane = self.device.facts(), self.device.plane
        windows = int(self.library.harness_window_count(self.device.handle))
        store = [plane("l", "<u2", windows).tolist(), plane("o", "u1", windows).tolist()]
        return facts.weights_digest, facts.last_round, plane("r", "<i2", 21).tolist(), *store

    def round(self, number: int, disturb) -> np.ndarray:
        """The gateway's side: repeats whatever the device has forgotten until the round is committed."""
        version = VERSION[number]
        q = None
        while True:
            facts = self.device.facts()
            if facts.last_round == number:
                assert q is not None
                return q
            if facts.state == m.DeviceState.IDLE:
                self.device.put(base_of(version), version)
                disturb("put")
                self.device.ask(train_request(number, version))
                disturb("train")
            elif facts.state == m.DeviceState.TRAINING:
                self.device.run(limit=1)
                disturb("step")
            else:
                fetched, _ = self.device.fetch(number, 7)
                assert q is None or (q == fetched).all(), "a repeated training gave another delta"
                q = fetched
                disturb("fetch")
                self.device.ask(m.Commit(number))
                disturb("commit")


def quiet(point: str) -> None:
    """No disturbance."""


@pytest.fixture(scope="module")
def undisturbed(library: ct.CDLL) -> tuple[list[np.ndarray], list[tuple[object, ...]], int]:
    run = Rebooting(library)
    deltas, states = [], []
    for number in VERSION:
        deltas.append(run.round(number, quiet))
        states.append(run.state())
    return deltas, states, run.device.facts().flash_writes


def test_one_write_of_the_model_per_commit(undisturbed) -> None:
    assert undisturbed[2] == 1 + len(VERSION)


def test_a_reset_at_every_point_of_a_round(library: ct.CDLL, undisturbed) -> None:
    deltas, states, _ = undisturbed
    point = 0
    while True:
        run = Rebooting(library)
        run.round(1, quiet)
        left = point

        def disturb(where: str, run: Rebooting = run) -> None:
            nonlocal left
            if left == 0:
                run.boot()
            left -= 1

        np.testing.assert_array_equal(run.round(2, disturb), deltas[1])
        assert run.state() == states[1]
        np.testing.assert_array_equal(run.round(3, quiet), deltas[2])
        assert run.state() == states[2]
        assert run.device.facts().boots == run.boots
        run.device.close()
        if run.boots == 1:
            break
        point += 1
    assert point > 20


@pytest.mark.parametrize("first_boot", [True, False])
def test_a_power_cut_at_every_flash_operation(library: ct.CDLL, undisturbed, first_boot: bool) -> None:
    deltas, states, _ = undisturbed
    cut_at = 0
    while True:
        cut_at += 1
        run = Rebooting(library)
        if first_boot:
            run.flash = Flash(len(run.flash.data))
            run.flash.cut_at = cut_at
            run.device = Device(library, run.flash, run.wearer)
            if run.device.status == 0 and not run.flash.dead:
                break
            run.boot()
            np.testing.assert_array_equal(run.round(1, quiet), deltas[0])
            assert run.state() == states[0]
            continue
        run.round(1, quiet)
        cut = False

        def disturb(where: str, run: Rebooting = run, cut_at: int = cut_at) -> None:
            nonlocal cut
            if run.flash.dead:
                cut = True
                assert isinstance(run.device.sent[-1][1], m.Failed)
                assert run.device.sent[-1][1].code == m.ErrorCode.IO
                run.boot()
            elif where == "fetch":
                run.flash.cut_at = None if cut else cut_at

        np.testing.assert_array_equal(run.round(2, disturb), deltas[1])
        run.flash.power_on()
        assert run.state() == states[1]
        np.testing.assert_array_equal(run.round(3, quiet), deltas[2])
        assert run.state() == states[2]
        if not cut:
            break
    assert cut_at > 8


def test_a_commit_that_fails_is_repeated_without_folding_twice(library: ct.CDLL, undisturbed) -> None:
    run = Rebooting(library)
    run.round(1, quiet)

    def disturb(where: str) -> None:
        if where == "fetch":
            run.flash.cut_at = 3
            assert run.device.ask(m.Commit(2)) == m.Failed(m.ErrorCode.IO, m.ErrorField.NONE, 0)
            run.flash.power_on()
            assert isinstance(run.device.ask(m.Fetch(2, 0, 50)), m.Failed)

    run.round(2, disturb)
    assert run.state() == undisturbed[1][1]


def test_an_abandoned_round_is_not_used_until_the_flash_could_be_read(library: ct.CDLL, undisturbed) -> None:
    run = Rebooting(library)
    run.round(1, quiet)
    run.device.ask(train_request(2, VERSION[1], epochs=3))
    run.device.run()
    run.flash.unreadable = True
    failed = run.device.ask(m.Put(SCHEME, VERSION[2], 0, 1, 0, b"\0"))
    assert (failed.code, failed.field) == (m.ErrorCode.IO, m.ErrorField.STATE)
    assert run.device.ask(m.Evaluate(0)).code == m.ErrorCode.STATE
    assert run.device.ask(train_request(2, VERSION[1])).code == m.ErrorCode.IO
    run.flash.unreadable = False
    np.testing.assert_array_equal(run.round(2, quiet), undisturbed[0][1])
    assert run.state() == undisturbed[1][1]


def test_boots_are_counted_even_without_commits(library: ct.CDLL) -> None:
    run = Rebooting(library)
    for _ in range(15):
        run.boot()
        assert run.device.facts().boots == run.boots
    run.boot()
    assert run.device.facts().boots == run.boots - 1 == 16  # no mark is left
    run.round(1, quiet)
    run.boot()
    assert run.device.facts().boots == 17


def test_a_power_cut_in_the_mark_of_a_boot_counts_it_all_the_same(library: ct.CDLL) -> None:
    run = Rebooting(library)
    before = run.state()
    run.flash.cut_at = 1
    assert Device(library, run.flash, run.wearer).status == -7
    run.boot()
    assert run.device.facts().boots == 3
    assert run.state() == before


def test_wear_is_even_and_survives(library: ct.CDLL) -> None:
    run = Rebooting(library)
    for number in VERSION:
        run.round(number, quiet)
    assert max(run.flash.erased) == min(run.flash.erased) == 2
    run.boot()
    assert run.device.facts().flash_writes == 4


@pytest.mark.parametrize("byte", [0, 5, 40, 63, 64 * 16, 64 * 16 + 100])
def test_a_decayed_copy_falls_back_to_the_older_one(library: ct.CDLL, undisturbed, byte: int) -> None:
    run = Rebooting(library)
    run.round(1, quiet)
    run.round(2, quiet)
    newest = 0 if len(run.flash.data) // 2 > run.flash.writes[-1] else len(run.flash.data) // 2
    run.flash.data[newest + byte] ^= 0x10
    run.boot()
    assert run.device.facts().last_round == 1
    assert run.state()[0] == undisturbed[1][0][0]


def crc_made_right(flash: Flash, slot_at: int) -> None:
    header = flash.data[slot_at : slot_at + 60]
    length = int.from_bytes(header[20:24], "little")
    body = flash.data[slot_at + 1024 : slot_at + 1024 + length]
    header[24:28] = zlib.crc32(body).to_bytes(4, "little")
    flash.data[slot_at : slot_at + 64] = header + zlib.crc32(header).to_bytes(4, "little")


@pytest.mark.parametrize("lie", ["label", "origin", "count", "length", "weight", "bias", "base weight", "base bias"])
def test_an_intact_copy_of_a_state_that_cannot_be_falls_back_to_the_older_one(
    library: ct.CDLL, undisturbed, lie: str
) -> None:
    run = Rebooting(library)
    run.round(1, quiet)
    run.round(2, quiet)
    half = len(run.flash.data) // 2
    newest = 0 if half > run.flash.writes[-1] else half
    windows = int(library.harness_window_count(run.device.handle))
    length = int.from_bytes(run.flash.data[newest + 20 : newest + 24], "little")
    body = newest + 1024
    origins = body + length - windows * 8 - windows
    biases = body + 32 + 24 + 24
    lies = {
        "label": (origins - 2 * windows, [3]),
        "origin": (origins, [3]),
        "count": (body + 24, [13]),
        "length": (newest + 20, [(length - 1) % 256]),
        "weight": (body + 32 + 23, [0x80]),
        "bias": (biases + 20, [1, 0, 0, 0x40]),
        "base weight": (biases + 24 + 34, [0x01, 0x7F]),
        "base bias": (biases + 24 + 36 + 8, [0xFF, 0xFF, 0xFF, 0xBF]),
    }
    place, bytes_there = lies[lie]
    run.flash.data[place : place + len(bytes_there)] = bytes(bytes_there)
    crc_made_right(run.flash, newest)
    run.boot()
    assert run.device.facts().last_round == 1
    assert run.state()[0] == undisturbed[1][0][0]
    np.testing.assert_array_equal(run.round(2, quiet), undisturbed[0][1])
    assert run.state() == undisturbed[1][1]


def test_with_no_state_that_can_be_the_device_starts_as_shipped(library: ct.CDLL, undisturbed) -> None:
    run = Rebooting(library)
    run.round(1, quiet)
    half = len(run.flash.data) // 2
    for slot_at in (0, half):
        run.flash.data[slot_at + 1024 + 24] = 200
        crc_made_right(run.flash, slot_at)
    run.boot()
    run.boots = 1  # that count was in the flash, too
    np.testing.assert_array_equal(run.round(1, quiet), undisturbed[0][0])
    assert run.state() == undisturbed[1][0]
    assert run.device.facts().boots == 1


def test_state_of_another_capacity_is_not_taken(library: ct.CDLL) -> None:
    flash = Flash(2 * library.harness_slot_bytes(13, SECTOR))
    first = Device(library, flash, Wearer(1), capacity=12)
    first.ask(train_request(1, 0))
    first.run()
    first.ask(m.Commit(1))
    second = Device(library, flash, Wearer(1), capacity=13)
    assert second.status == 0
    assert second.facts().last_round == 0


def test_flash_too_small_is_an_error(library: ct.CDLL) -> None:
    assert Device(library, Flash(2 * library.harness_slot_bytes(12, SECTOR) - 2 * SECTOR), Wearer(1)).status == -2
