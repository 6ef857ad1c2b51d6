"""Who wears what: no sample on two sides of a split, nobody on two sides of the fence, names that never clash."""

import re
from itertools import combinations, pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from small import CLASSES, small_scenario

from simulations.scenario import Scenario
from simulations.wearers import device_name, people
from tinyfl.data.dataset import Dataset, Recording, Windows, windows
from tinyfl.errors import ScenarioError


def changed(scenario: Scenario, table: str, **values: Any) -> Scenario:
    return scenario.model_copy(update={table: getattr(scenario, table).model_copy(update=values)})


def spans(w: Windows) -> set[tuple[str, str, int]]:
    """Every sample in some windows, as (user, side, number on the clock)."""
    rows = zip(w.user.tolist(), w.side.tolist(), w.order.tolist(), strict=True)
    return {(user, side, start + i) for user, side, start in rows for i in range(w.length)}


@pytest.mark.parametrize(
    ("window", "hop", "wearer_hop", "copies"), [(32, 16, 16, 1), (32, 5, 3, 1), (17, 40, 1, 3), (64, 64, 64, 2)]
)
def test_no_sample_is_learned_from_and_judged_by(
    window: int, hop: int, wearer_hop: int, copies: int, dataset: Dataset, data_folder: Path
) -> None:
    scenario = changed(small_scenario(data_folder), "data", window=window, hop=hop, wearer_hop=wearer_hop)
    # a wearer who labels everything gets as near to the windows he is judged by as one can
    most = scenario.phase[1].model_copy(update={"labels_per_class": 10_000})
    scenario = scenario.model_copy(update={"phase": (scenario.phase[0], most)})
    everybody = people(changed(scenario, "fleet", devices_per_user=copies), dataset)
    pretrained = spans(everybody.pretrain)
    for wearer in everybody.wearers:
        for test in (wearer.test, wearer.test_shipped):
            assert len(test)
            assert not spans(test) & pretrained
            for labelled in wearer.labelled:
                assert not spans(labelled) & spans(test)


def test_nobody_both_pre_trains_and_wears(dataset: Dataset, data_folder: Path) -> None:
    everybody = people(small_scenario(data_folder), dataset)
    shipped = set(everybody.pretrain.user.tolist())
    worn = {w.user for w in everybody.wearers}
    assert len(shipped) == 2
    assert shipped | worn == set(dataset.users)
    assert not shipped & worn
    assert set(everybody.factory.user.tolist()) <= shipped
    assert set(everybody.pretrain.side.tolist()) == {"right"}
    for wearer in everybody.wearers:
        assert {u for w in (*wearer.labelled, wearer.test, wearer.test_shipped) for u in w.user.tolist()} == {
            wearer.user
        }
        assert set(wearer.test.side.tolist()) == {"left"}
        assert set(wearer.test_shipped.side.tolist()) == {"right"}


def test_label_sets_are_nested_and_hold_the_first_windows(dataset: Dataset, data_folder: Path) -> None:
    for wearer in people(small_scenario(data_folder), dataset).wearers:
        for fewer, more in pairwise(wearer.labelled):
            rows = [set(zip(w.y.tolist(), w.order.tolist(), strict=True)) for w in (fewer, more)]
            assert rows[0] < rows[1]
        for count, w in zip((1, 3), wearer.labelled, strict=True):
            assert np.bincount(w.y, minlength=len(CLASSES)).tolist() == [count] * len(CLASSES)
            # by hand: the first windows of each class, 16 samples apart from where the recording of the class starts
            for label, name in enumerate(dataset.classes):
                start = 400 * CLASSES.index(name)
                assert w.order[w.y == label].tolist() == [start + 16 * k for k in range(count)]


def test_several_devices_of_a_person_label_other_moments(dataset: Dataset, data_folder: Path) -> None:
    scenario = changed(small_scenario(data_folder), "fleet", devices_per_user=3)
    wearers = people(scenario, dataset).wearers
    assert len({w.name for w in wearers}) == len(wearers) == 9
    for user in {w.user for w in wearers}:
        own = [w for w in wearers if w.user == user]
        assert [w.name for w in own] == [f"wearer-{user}-{i}" for i in (1, 2, 3)]
        for a, b in combinations(own, 2):
            first = [set(zip(w.labelled[0].y.tolist(), w.labelled[0].order.tolist(), strict=True)) for w in (a, b)]
            assert not first[0] & first[1]
            assert np.array_equal(a.test.order, b.test.order)


def one_sided(count: int = 4) -> Dataset:
    """A phone at the waist: no sides."""
    rng = np.random.default_rng(5)
    recordings = [
        Recording(f"p{user}", "", label, 500 * label, rng.normal(label, 1, (300, 2)).astype(np.float32))
        for user in range(count)
        for label in range(3)
    ]
    return Dataset("waist", ("a", "b"), CLASSES, None, tuple(recordings))


def test_a_set_without_sides_needs_none(data_folder: Path) -> None:
    scenario = changed(small_scenario(data_folder), "data", shipped_side=None, worn_side=None)
    everybody = people(scenario, one_sided())
    assert [len(w.test_shipped) for w in everybody.wearers] == [0, 0]
    assert all(len(w.test) and len(w.labelled[-1]) == 9 for w in everybody.wearers)


def test_normalisation_comes_from_the_people_of_the_shipped_network_alone(dataset: Dataset, data_folder: Path) -> None:
    everybody = people(small_scenario(data_folder), dataset)
    flat = everybody.pretrain.x.reshape(-1, 2)
    assert np.allclose(flat.mean(axis=0), 0, atol=1e-4)
    assert np.allclose(flat.std(axis=0), 1, atol=1e-4)
    wearer = everybody.wearers[0]
    own = windows(dataset.select(wearer.user, side="left"), 32, 16)
    raw = own.x[[own.order.tolist().index(o) for o in wearer.test.order.tolist()]].astype(np.float64)
    again = wearer.test.x * everybody.normalisation.std + everybody.normalisation.mean
    assert np.allclose(again, raw, atol=1e-4)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"shipped_side": "top"}, "no recording of side top"),
        ({"worn_side": "top"}, "has no windows to learn from or to judge by"),
        ({"wearer_hop": 400, "window": 400}, "has no windows to learn from or to judge by"),
    ],
)
def test_what_leaves_nothing_is_a_sentence(
    values: dict[str, Any], message: str, dataset: Dataset, data_folder: Path
) -> None:
    with pytest.raises(ScenarioError, match=f"scenario small: .*{message}"):
        people(changed(small_scenario(data_folder), "data", **values), dataset)


USERS = st.text(st.characters(codec="utf-8"), min_size=1, max_size=40)


@given(st.sets(USERS | st.text("ab/#+.-_$ é", min_size=1, max_size=30), min_size=2, max_size=12))
def test_devices_have_names_of_their_own_fit_for_files_topics_and_memory(users: set[str]) -> None:
    names = [device_name(user) for user in users]
    assert len(set(names)) == len(users)
    assert all(re.fullmatch(r"wearer-[A-Za-z0-9_.-]{1,17}", name) for name in names)


def test_plain_users_keep_their_names_and_long_ones_are_told_apart() -> None:
    assert device_name("10") == "wearer-10"
    long = ["participant-of-the-second-study-a", "participant-of-the-second-study-b"]
    assert len({device_name(user) for user in long}) == 2
