"""The log of labelled windows: every write a power cut may fall into, fullness, and rounds that are asked again."""

from __future__ import annotations

import ctypes as ct
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from host_lab import CLASSES, COLUMNS
from live_lab import LiveDevice, build_live

SPACE, IO = -2, -7
SECTOR, SLOT = 4096, 128  # of windows up to 64 bytes
NETWORK, ROUND_SLOTS = 0x11223344, 4
ENDLESS = 2**32 - 1


@pytest.fixture(scope="module")
def live(tiny_network: Path) -> ct.CDLL:
    return build_live(tiny_network)


@pytest.fixture
def store(live: ct.CDLL) -> Iterator[LiveDevice]:
    """A device whose store takes what the log hands over."""
    device = LiveDevice(live)
    yield device
    live.harness_writes(ENDLESS)
    device.close()


def window(number: int) -> tuple[int, bytes]:
    rng = np.random.default_rng(number)
    return int(rng.integers(CLASSES)), rng.integers(-128, 128, COLUMNS).astype(np.int8).tobytes()


def add(live: ct.CDLL, number: int, committed: int = 0) -> int:
    label, x = window(number)
    return int(live.log_add(x, label, committed))


def collected(live: ct.CDLL, store: LiveDevice, first: int, last: int) -> list[tuple[int, bytes]]:
    live.log_forget_windows(store.handle)
    assert live.log_collect(store.handle, first, last) == 0
    return store.windows(COLUMNS)


def test_rounds_get_the_windows_labelled_since_the_one_before_and_the_same_ones_again(
    live: ct.CDLL, store: LiveDevice
) -> None:
    assert live.log_open(2 * SECTOR, NETWORK, COLUMNS, 1) == 0
    assert [add(live, n) for n in (1, 2)] == [0, 0]
    assert collected(live, store, 0, 0) == []
    assert collected(live, store, 1, 1) == [window(1), window(2)]
    assert add(live, 3) == 0
    assert collected(live, store, 1, 1) == [window(1), window(2)]
    assert collected(live, store, 2, 4) == [window(3)]
    assert add(live, 4) == 0
    assert live.log_open(2 * SECTOR, NETWORK, COLUMNS, 0) == 0
    assert collected(live, store, 1, 4) == [window(1), window(2), window(3)]
    assert collected(live, store, 5, 5) == [window(4)]
    assert collected(live, store, 6, 6) == []


def test_it_is_full_until_a_commit_and_then_begins_anew(live: ct.CDLL, store: LiveDevice) -> None:
    assert live.log_open(SECTOR, NETWORK, COLUMNS, 1) == 0
    count = 0
    while (status := add(live, count)) == 0:
        count += 1
    assert status == SPACE
    assert count == (SECTOR - 128) // SLOT - ROUND_SLOTS, "some slots are kept for rounds"
    assert collected(live, store, 1, 1) == [window(n) for n in range(count)]
    assert add(live, 99) == SPACE
    assert add(live, 99, committed=1) == 0
    assert collected(live, store, 2, 2) == [window(99)]
    assert collected(live, store, 1, 2) == [window(99)]


def test_it_goes_on_for_ever_when_rounds_are_committed(live: ct.CDLL, store: LiveDevice) -> None:
    assert live.log_open(SECTOR, NETWORK, COLUMNS, 1) == 0
    for round_number in range(1, 200):
        numbers = range(3 * round_number, 3 * round_number + round_number % 4)
        assert [add(live, n, round_number - 1) for n in numbers] == [0] * len(numbers)
        if round_number % 7 == 0:
            assert live.log_open(SECTOR, NETWORK, COLUMNS, 0) == 0
        assert collected(live, store, round_number, round_number) == [window(n) for n in numbers]


def test_a_power_cut_at_any_write_costs_the_label_being_written_at_most(live: ct.CDLL, store: LiveDevice) -> None:
    """30 labels in six rounds with erases between; the power goes at each write and erase in turn."""
    for cut in range(200):
        live.harness_writes(ENDLESS)
        assert live.log_open(SECTOR, NETWORK, COLUMNS, 1) == 0
        kept: dict[int, list[tuple[int, bytes]]] = {}
        waiting: list[tuple[int, bytes]] = []
        live.harness_writes(cut)
        lost = 0
        for round_number in range(1, 13):
            for n in range(5 * round_number, 5 * round_number + 5):
                if add(live, n, round_number - 1) == IO:
                    lost += 1
                    live.harness_writes(ENDLESS)
                    assert live.log_open(SECTOR, NETWORK, COLUMNS, 0) == 0
                else:
                    waiting.append(window(n))
            live.log_forget_windows(store.handle)
            if live.log_collect(store.handle, round_number, round_number) == IO:
                lost += 1  # nothing, in fact: the round is asked for again
                live.harness_writes(ENDLESS)
                assert live.log_open(SECTOR, NETWORK, COLUMNS, 0) == 0
            kept[round_number], waiting = waiting, []
            for _ in range(2):
                assert collected(live, store, round_number, round_number) == kept[round_number], (cut, round_number)
        if lost == 0:
            break
        assert lost == 1
    else:
        raise AssertionError("the power went before every end")
    assert cut > 100


@pytest.mark.parametrize("spoilt", [1, ROUND_SLOTS, ROUND_SLOTS + 1])
def test_a_round_whose_header_is_spoilt_again_and_again(live: ct.CDLL, store: LiveDevice, spoilt: int) -> None:
    """Also where the log is full; with every slot for rounds spoilt the labels are lost, and the log begins anew."""
    assert live.log_open(SECTOR, NETWORK, COLUMNS, 1) == 0
    count = 0
    while add(live, count) == 0:
        count += 1
    for _ in range(spoilt):
        live.harness_writes(0)
        status = live.log_collect(store.handle, 1, 1)
        live.harness_writes(ENDLESS)
        assert live.log_open(SECTOR, NETWORK, COLUMNS, 0) == 0
    assert status == (0 if spoilt > ROUND_SLOTS else IO)
    expected = [window(n) for n in range(count)] if spoilt < ROUND_SLOTS else []
    assert collected(live, store, 1, 1) == expected
    assert add(live, 99, committed=1) == 0
    assert collected(live, store, 2, 2) == [window(99)]


@pytest.mark.parametrize("good", range(4))
def test_a_log_that_could_not_be_begun_anew_keeps_nothing_until_it_can(
    live: ct.CDLL, store: LiveDevice, good: int
) -> None:
    """Without a reset in between: the flash fails once, and the device goes on."""
    assert live.log_open(2 * SECTOR, NETWORK, COLUMNS, 1) == 0
    count = 0
    while add(live, count) == 0:
        count += 1
    assert collected(live, store, 1, 1) == [window(n) for n in range(count)]
    live.harness_writes(good)  # its end, two erases, its beginning
    assert add(live, 98, committed=1) == IO
    live.harness_writes(ENDLESS)
    assert collected(live, store, 2, 2) == []
    assert add(live, 99, committed=2) == 0
    assert collected(live, store, 3, 3) == [window(99)]
    assert live.log_open(2 * SECTOR, NETWORK, COLUMNS, 0) == 0
    assert collected(live, store, 3, 3) == [window(99)]


def test_a_log_of_another_network_is_begun_anew_and_too_small_an_area_refused(live: ct.CDLL, store: LiveDevice) -> None:
    assert live.log_open(SECTOR, 1, COLUMNS, 1) == 0
    assert add(live, 1) == 0
    assert live.log_open(SECTOR, NETWORK, COLUMNS, 0) == 0
    assert collected(live, store, 1, 9) == []
    assert live.log_open(SECTOR, NETWORK, 800, 1) == SPACE
