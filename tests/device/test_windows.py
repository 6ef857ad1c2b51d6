"""The window store and the order of learning, against NumPy."""

import ctypes as ct
from collections import Counter

import numpy as np
from device_lab import CLASSES, COLUMNS, SECTOR, SHARED, Device, Flash, Wearer, train_request
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from store_reference import store_reference

from tinyfl.compiler.sample_order import epoch_order
from tinyfl.wire.delta import values_digest

SETTINGS = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def empty_device(library: ct.CDLL, capacity: int, seed: int) -> Device:
    return Device(
        library, Flash(2 * library.harness_slot_bytes(capacity, SECTOR)), Wearer(0, shipped=0), capacity, seed
    )


@SETTINGS
@given(
    pushes=st.lists(st.tuples(st.integers(0, CLASSES - 1), st.integers(0, 1)), max_size=60),
    capacity=st.integers(1, 15),
    seed=st.integers(0, 2**32 - 1),
)
def test_the_store_is_the_reference(library, pushes, capacity, seed) -> None:
    device = empty_device(library, capacity, seed)
    for number, (label, origin) in enumerate(pushes):
        assert device.push(np.full(COLUMNS, number, np.int8), label, origin) == 0
    expected = store_reference(pushes, capacity, seed)
    count = int(library.harness_window_count(device.handle))
    labels, origins = device.plane("l", "<u2", count), device.plane("o", "u1", count)
    windows = device.plane("x", "i1", count * COLUMNS).reshape(count, COLUMNS)
    assert list(zip(labels.tolist(), origins.tolist(), windows[:, 0].tolist(), strict=True)) == expected
    assert (windows == windows[:, :1]).all()
    device.close()


def test_fresh_and_shipped_windows_share_the_store_evenly(library) -> None:
    device = empty_device(library, 12, 5)
    for i in range(200):
        device.push(np.zeros(COLUMNS, np.int8), i % CLASSES, 1)
    assert (device.facts().fresh, device.facts().factory) == (0, 12)
    for i in range(200):
        device.push(np.zeros(COLUMNS, np.int8), i % CLASSES, 0)
    labels, origins = device.plane("l", "<u2", 12), device.plane("o", "u1", 12)
    assert Counter(zip(labels.tolist(), origins.tolist(), strict=True)) == {
        (c, o): 2 for c in range(CLASSES) for o in range(2)
    }


def test_labels_are_checked(library) -> None:
    device = empty_device(library, 3, 5)
    x = np.zeros(COLUMNS, np.int8)
    assert device.push(x, CLASSES, 0) == -1
    assert device.push(x, 0, 2) == -1
    assert device.push(x, 0, 0) == 0
    assert library.tf_label(device.dev, 0, 0) == -8


def test_the_network_labels_what_it_is_sure_of(library) -> None:
    device = empty_device(library, 60, 5)
    base = np.zeros(SHARED, np.int32)
    base[-3:] = -100, 2000, -30_000 - (1 << 20)  # as shipped the last class always wins
    device.put(base, 1)
    device.ask(train_request(1, 1, digest=values_digest(base), epochs=0))
    random = np.random.default_rng(3)
    kept: list[tuple[int, int]] = []
    for number, x in enumerate(random.integers(-3, 4, (50, COLUMNS)).astype(np.int8)):
        logits = device.infer(x).astype(int)
        best = int(np.argmax(logits))
        lead = logits[best] - np.delete(logits, best).max()
        margin = [max(lead, 1), lead + 1][number % 2]
        sure = bool(lead >= margin)
        assert device.predict(x, margin) == sure
        kept += [(best, 2)] * sure
    assert 10 < len(kept) < 50
    assert len(set(kept)) > 1
    count = int(library.harness_window_count(device.handle))
    labels, origins = device.plane("l", "<u2", count), device.plane("o", "u1", count)
    assert list(zip(labels.tolist(), origins.tolist(), strict=True)) == kept
    assert (device.facts().fresh, device.facts().factory) == (len(kept), 0)
    n = library.harness_order(device.handle, *map(ct.c_uint32, (1, 1, 0)), 0)
    assert sorted(device.plane("O", "<u2", n)) == list(range(count))


def test_a_window_the_network_is_not_sure_of_waits_for_its_wearer(library) -> None:
    device = empty_device(library, 3, 5)
    x = np.zeros(COLUMNS, np.int8)
    assert library.tf_label_predicted(device.dev, 1) == -8
    assert device.predict(x, 32767) == 0
    assert library.tf_label_predicted(device.dev, 0) == -1
    assert library.tf_label(device.dev, 1, 0) == 0
    assert device.plane("o", "u1", 1).tolist() == [0]


@SETTINGS
@given(
    origins=st.lists(st.integers(0, 1), min_size=0, max_size=40),
    seed=st.integers(0, 2**32 - 1),
    number=st.integers(1, 2**32 - 1),
    epoch=st.integers(0, 2**16 - 1),
    replay=st.booleans(),
)
def test_the_order_is_that_of_the_interpreter(library, origins, seed, number, epoch, replay) -> None:
    device = empty_device(library, 40, 1)
    for origin in origins:
        device.push(np.zeros(COLUMNS, np.int8), 0, origin)
    learned = np.array([i for i, origin in enumerate(origins) if replay or origin == 0], int)
    n = library.harness_order(device.handle, *map(ct.c_uint32, (seed, number, epoch)), int(replay))
    assert n == len(learned)
    order = epoch_order(seed, number, epoch, n)
    assert sorted(order) == list(range(n))
    np.testing.assert_array_equal(device.plane("O", "<u2", n), learned[np.array(order, int)])
    device.close()


def test_orders_of_epochs_and_places_are_uniform() -> None:
    places = np.array([epoch_order(9, r, e, 6) for r in range(1, 41) for e in range(50)])
    for place in range(6):
        counts = np.bincount(places[:, place], minlength=6)
        chi_squared = ((counts - 2000 / 6) ** 2 / (2000 / 6)).sum()
        assert chi_squared < 25  # 5 degrees of freedom: p < 0.0002
