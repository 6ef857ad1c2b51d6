"""Each toy sample carries a number of its own, so that an overlap shows in the samples, whatever ``order`` says."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinyfl.data import Dataset, Recording, Windows, labelled, split_in_time, split_users, windows
from tinyfl.errors import DataError

PIECES = st.lists(
    st.tuples(
        st.sampled_from(["ann", "bob"]),
        st.sampled_from(["left", "right"]),
        st.integers(0, 2),
        st.integers(0, 5),  # samples missing ahead of the piece
        st.integers(1, 40),  # samples in it
    ),
    min_size=1,
    max_size=12,
)


def toy(pieces) -> Dataset:
    clocks, recordings, number = {}, [], 0
    for user, side, label, gap, count in pieces:
        order = clocks.get((user, side), 0) + gap
        samples = np.arange(number, number + count, dtype=np.float32)[:, None]
        recordings.append(Recording(user, side, label, order, samples))
        clocks[user, side] = order + count
        number += count
    return Dataset("toy", ("number",), ("a", "b", "c"), None, tuple(recordings))


def cut(pieces, length, hop) -> Windows:
    return windows(toy([*pieces, ("zoe", "left", 0, 0, length)]), length, hop)


def numbers(some: Windows) -> set[float]:
    return set(some.x.ravel().tolist())


def groups(some: Windows) -> dict[tuple[str, str, int], list[tuple[int, float]]]:
    found = {}
    for user, side, label, order, x in zip(some.user, some.side, some.y, some.order, some.x, strict=True):
        found.setdefault((user, side, int(label)), []).append((int(order), float(x[0, 0])))
    return {key: sorted(entries) for key, entries in found.items()}


@given(PIECES, st.integers(1, 8), st.integers(1, 10), st.floats(0.01, 0.99))
def test_no_sample_is_both_learnt_from_and_judged_by(pieces, length, hop, fraction):
    whole = cut(pieces, length, hop)
    learn, judge = split_in_time(whole, fraction)
    assert not numbers(learn) & numbers(judge)
    later, all_groups = groups(judge), groups(whole)
    for key, entries in groups(learn).items():
        assert entries[-1] < later[key][0]
    for key, entries in all_groups.items():
        assert len(later[key]) == len(entries) - int(len(entries) * fraction)
    kept = {first for part in (learn, judge) for first in part.x[:, 0, 0].tolist()}
    for dropped in whole.x[[first not in kept for first in whole.x[:, 0, 0].tolist()]]:
        assert set(dropped.ravel().tolist()) & numbers(judge), "dropped without need"


@given(PIECES, st.integers(1, 8), st.integers(1, 10), st.integers(1, 6), st.integers(0, 6))
def test_labelled_sets_are_the_first_windows_and_nested(pieces, length, hop, few, more):
    whole = cut(pieces, length, hop)
    assert groups(labelled(whole, few)) == {key: entries[:few] for key, entries in groups(whole).items()}
    assert numbers(labelled(whole, few)) <= numbers(labelled(whole, few + more))


def test_splits_of_no_windows_are_empty():
    nothing = cut([], 4, 4).select("nobody")
    assert [len(part) for part in split_in_time(nothing)] == [0, 0]
    assert len(labelled(nothing, 1)) == 0


@given(st.integers(2, 12), st.integers(0, 1000), st.data())
def test_users_are_split_into_two_parts_that_grow_with_the_number(count, seed, data):
    pretrain = data.draw(st.integers(1, count - 1))
    everyone = toy([(f"user {i}", "", 0, 0, 1) for i in range(count)])
    factory, device = split_users(everyone, pretrain, seed)
    assert len(factory) == pretrain
    assert sorted(factory + device) == sorted(everyone.users)
    assert (factory, device) == split_users(everyone, pretrain, seed)
    if pretrain > 1:
        assert set(split_users(everyone, pretrain - 1, seed)[0]) < set(factory)


def test_the_seed_decides_who_pretrains():
    everyone = toy([(f"user {i}", "", 0, 0, 1) for i in range(10)])
    assert len({split_users(everyone, 5, seed)[0] for seed in range(10)}) > 5


def test_named_wearers_wear_and_the_others_pretrain():
    everyone = toy([(f"user {i}", "", 0, 0, 1) for i in range(6)])
    factory, device = split_users(everyone, 5, 0, ["user 4"])
    assert device == ("user 4",)
    assert sorted((*factory, *device)) == sorted(everyone.users)
    few, _ = split_users(everyone, 2, 0, ["user 4", "user 0"])
    assert len(few) == 2
    assert not {"user 4", "user 0"} & set(few)
    with pytest.raises(DataError, match="4 users beside the wearers, not 5"):
        split_users(everyone, 5, 0, ["user 4", "user 0"])
    with pytest.raises(DataError, match="no user 'nobody'"):
        split_users(everyone, 1, 0, ["nobody"])


@pytest.mark.parametrize("pretrain", [-1, 0, 2])
def test_a_split_without_a_device_user_is_refused(pretrain):
    with pytest.raises(DataError, match="choose 1 to 1"):
        split_users(toy([("ann", "", 0, 0, 1), ("bob", "", 0, 0, 1)]), pretrain, seed=0)
    with pytest.raises(DataError, match="one user"):
        split_users(toy([("ann", "", 0, 0, 1)]), pretrain, seed=0)


@pytest.mark.parametrize("fraction", [-0.1, 0.0, 1.0, float("nan")])
def test_an_impossible_fraction_is_refused(fraction):
    with pytest.raises(DataError, match="between 0 and 1"):
        split_in_time(cut([], 4, 4), fraction)


def test_no_label_at_all_is_refused():
    with pytest.raises(DataError, match="at least 1"):
        labelled(cut([], 4, 4), 0)
