import numpy as np
import pytest

from tinyfl.data import Dataset, Recording, windows
from tinyfl.errors import DataError


def ramp(start: int, count: int) -> np.ndarray:
    return np.stack([np.arange(start, start + count), -np.arange(start, start + count)], axis=1).astype(np.float32)


def dataset(*recordings: Recording) -> Dataset:
    return Dataset("toy", ("up", "down"), ("rest", "walk"), 50.0, recordings)


TOY = dataset(
    Recording("ann", "left", 0, 0, ramp(0, 10)),
    Recording("ann", "left", 1, 10, ramp(10, 7)),
    Recording("ann", "right", 1, 3, ramp(500, 4)),
    Recording("bob", "left", 1, 0, ramp(900, 3)),
)


def test_windows_are_the_samples_at_every_hop_of_each_recording():
    cut = windows(TOY, length=4, hop=3)
    first = {(u, s, int(o)): x for u, s, o, x in zip(cut.user, cut.side, cut.order, cut.x, strict=True)}
    assert list(first) == [*(("ann", "left", order) for order in (0, 3, 6, 10, 13)), ("ann", "right", 3)]
    assert first["ann", "left", 13][:, 0].tolist() == [13, 14, 15, 16]
    assert first["ann", "right", 3].tolist() == [[500, -500], [501, -501], [502, -502], [503, -503]]
    assert cut.y.tolist() == [0, 0, 0, 1, 1, 1]
    assert cut.x.dtype == np.float32
    assert cut.x.flags.c_contiguous


def test_selecting_users_and_sides():
    assert TOY.users == ("ann", "bob")
    assert TOY.sides == ("left", "right")
    assert [r.order for r in TOY.select("ann", "left").recordings] == [0, 10]
    cut = windows(TOY, 3, 3)
    assert set(cut.select(["bob"]).user) == {"bob"}
    assert set(cut.select(side="right").side) == {"right"}
    assert len(cut.select("bob", "right")) == 0
    assert len(cut.select()) == len(cut)


@pytest.mark.parametrize("who", [{"user": "eve"}, {"side": "up"}])
def test_selecting_nobody_says_who_there_is(who):
    with pytest.raises(DataError, match=r"has no .* choose from (ann, bob|left, right)"):
        TOY.select(**who)


@pytest.mark.parametrize(("length", "hop", "message"), [(0, 1, "at least 1"), (3, 0, "at least 1"), (11, 1, "most 10")])
def test_impossible_windows_are_refused(length, hop, message):
    with pytest.raises(DataError, match=message):
        windows(TOY, length, hop)


@pytest.mark.parametrize(
    ("recordings", "message"),
    [
        ([], "no labelled recording"),
        ([Recording("a", "", 0, 0, ramp(0, 3).astype(np.float64))], "give float32"),
        ([Recording("a", "", 0, 0, ramp(0, 3)[:, :1])], r"shape \[T, 2\]"),
        ([Recording("a", "", 2, 0, ramp(0, 3))], "use 0 to 1"),
        ([Recording("a", "", 0, 0, ramp(0, 3)), Recording("a", "", 0, 2, ramp(0, 3))], "disjoint"),
    ],
)
def test_recordings_that_do_not_fit_together_are_refused(recordings, message):
    with pytest.raises(DataError, match=message):
        dataset(*recordings)
