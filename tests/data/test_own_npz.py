import contextlib
import io
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinyfl.data import load_dataset, windows
from tinyfl.errors import DataError

X = np.arange(4 * 3 * 2, dtype=np.float64).reshape(4, 3, 2)
Y = np.array([0, 1, 1, 0])
USER = np.array(["ann", "bob", "ann", "ann"])


def arrays(**changes):
    """Return the good arrays with some changed, or left out where None."""
    return {key: value for key, value in ({"X": X, "y": Y, "user": USER} | changes).items() if value is not None}


def write(folder: Path, content: dict, description: str = "") -> Path:
    np.savez(folder / "data.npz", **content)
    if description:
        (folder / "dataset.toml").write_text(description)
    return folder


def contents(own):
    return [(r.user, r.side, own.classes[r.label], r.order, r.samples.tolist()) for r in own.recordings]


def test_windows_without_an_order_follow_one_another(tmp_path):
    own = load_dataset(write(tmp_path, arrays()))
    assert (own.channels, own.classes) == (("channel 0", "channel 1"), ("0", "1"))
    assert contents(own) == [
        ("ann", "", "0", 0, X[0].tolist()),
        ("ann", "", "1", 3, X[2].tolist()),
        ("ann", "", "0", 6, X[3].tolist()),
        ("bob", "", "1", 0, X[1].tolist()),
    ]
    assert windows(own, 3, 3).x.tolist() == X[[0, 2, 3, 1]].tolist()


def test_order_side_names_and_description_are_used(tmp_path):
    content = arrays(
        X=X.astype(np.int16),
        y=np.array(["up", "down", "down", "up"]),
        user=np.array([10, 9, 10, 10]),
        side=np.array(["left", "left", "right", "left"]),
        order=np.array([50, 0, 0, 20], dtype=np.uint32),
    )
    own = load_dataset(
        write(tmp_path, content, 'classes = ["up", "down", "lie"]\nchannels = ["p", "q"]\nrate_hz = 1.5')
    )
    assert (own.channels, own.classes, own.rate_hz) == (("p", "q"), ("up", "down", "lie"), 1.5)
    assert contents(own) == [
        ("9", "left", "down", 0, X[1].tolist()),
        ("10", "left", "up", 20, X[3].tolist()),
        ("10", "left", "up", 50, X[0].tolist()),
        ("10", "right", "down", 0, X[2].tolist()),
    ]


def test_numbers_are_indices_of_declared_classes(tmp_path):
    own = load_dataset(write(tmp_path, arrays(), 'classes = ["up", "down", "lie"]'))
    assert [r.label for r in own.recordings] == [0, 1, 0, 1]
    assert own.classes == ("up", "down", "lie")


def test_ranks_put_windows_in_order_and_ties_stand_as_they_are(tmp_path):
    own = load_dataset(write(tmp_path, arrays(rank=np.array([7, 0, 2, 2]))))
    assert [(r.user, r.order, r.samples.tolist()) for r in own.recordings] == [
        ("ann", 0, X[2].tolist()),
        ("ann", 3, X[3].tolist()),
        ("ann", 6, X[0].tolist()),
        ("bob", 0, X[1].tolist()),
    ]


def test_an_archive_elsewhere_with_names_of_its_own(tmp_path):
    folder = tmp_path / "mine"
    folder.mkdir()
    np.savez(tmp_path / "theirs.npz", x=X.transpose(0, 2, 1), gas=Y, batch=np.array([1, 1, 2, 2]))
    names = 'npz = "../theirs.npz"\nuser = "hall"\n[arrays]\nX = "x"\ny = "gas"\nside = "batch"'
    (folder / "dataset.toml").write_text(f'axes = "NCT"\n{names}')
    own = load_dataset(folder)
    assert (own.name, own.users, own.sides) == ("mine", ("hall",), ("1", "2"))
    assert [r.samples.tolist() for r in own.recordings] == X.tolist()
    assert [own.classes[r.label] for r in own.recordings] == ["0", "1", "1", "0"]
    np.savez(tmp_path / "theirs.npz", x=X[:, 0], gas=Y, batch=np.array([1, 1, 2, 2]))
    (folder / "dataset.toml").write_text(f'axes = "NC"\n{names}')
    assert [r.samples.tolist() for r in load_dataset(folder).recordings] == X[:, :1].tolist()


NAN = np.where(np.arange(X.size).reshape(X.shape) == 9, np.nan, X)


@pytest.mark.parametrize(
    ("content", "description", "parts"),
    [
        (arrays(y=None), "", ["no array 'y'", "docs/data.md"]),
        (arrays(X=X[:, :, 0]), "", ["'X' has shape [4, 3]", "[windows, samples, channels]"]),
        (arrays(X=X[:0], y=Y[:0], user=USER[:0]), "", ["'X' has shape [0, 3, 2]"]),
        (arrays(X=X.astype(str)), "", ["'X' holds <U"]),
        (arrays(X=X.astype(complex)), "", ["'X' holds complex128"]),
        (arrays(X=X.astype(object)), "", ["not an archive of plain arrays", "numpy.savez"]),
        (arrays(X=NAN), "", ["'X' at window 1, sample 1, channel 1 is nan", "finite"]),
        (arrays(X=X * 1e38), "", ["window 0, sample 2, channel 0 is 4e+38", "float32"]),
        (arrays(y=Y[:3]), "", ["'y' has shape [3]", "[4]"]),
        (arrays(user=USER[:, None]), "", ["'user' has shape [4, 1]"]),
        (arrays(y=Y.astype(float)), "", ["'y' holds float64"]),
        (arrays(user=USER.astype(bytes)), "", ["'user' holds |S3"]),
        (arrays(user=USER.astype(object)), "", ["not an archive of plain arrays"]),
        (arrays(order=np.array([0.0, 1, 2, 3])), "", ["'order' holds float64"]),
        (arrays(order=np.arange(4)), "", ["windows 0 and 2 of user 'ann' overlap", "at least 3", "times 3"]),
        (arrays(), 'classes = ["up"]', ["'y' of window 1 is the unknown label '1'", "use 0"]),
        (arrays(y=Y - 1), 'classes = ["up", "down"]', ["'y' of window 0 is the unknown label '-1'"]),
        (arrays(y=np.array(list("abca"))), 'classes = ["a", "b"]', ["window 2 is the unknown label 'c'", "use a, b"]),
        (arrays(X=X[:, :, 0]), 'axes = "NCT"', ["'X' has shape [4, 3]", "[windows, channels, samples]"]),
        (arrays(), 'axes = "NC"', ["'X' has shape [4, 3, 2]", "[windows, channels]"]),
        (arrays(rank=Y.astype(float)), "", ["'rank' holds float64", "whole numbers"]),
        (arrays(), '[arrays]\nside = "wrist"', ["no array 'wrist'"]),
        (arrays(), 'channels = ["x"]', ["'X' has 2 channels but dataset.toml names 1"]),
    ],
)
def test_a_mistake_is_named_with_its_place_and_remedy(tmp_path, content, description, parts):
    with pytest.raises(DataError) as caught:
        load_dataset(write(tmp_path, content, description))
    for part in ["data.npz", *parts]:
        assert part in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("description", "parts"),
    [
        ('npz = "away.npz"', ["names an archive in `npz`", "data.npz is there too", "keep one"]),
        ("npz = 3", ["`npz` is 3", "in quotes"]),
        ('axes = "CTN"', ["`axes` is 'CTN'", "NTC, NCT, NC"]),
        ('arrays = ["y"]', ["`arrays` is ['y']", "a table of names"]),
        ('[arrays]\nlabels = "y"', ["unknown key 'labels'", "X, y, user, side, order, rank"]),
    ],
)
def test_a_mistake_in_the_description_is_named(tmp_path, description, parts):
    with pytest.raises(DataError) as caught:
        load_dataset(write(tmp_path, arrays(), description))
    for part in ["dataset.toml", *parts]:
        assert part in str(caught.value)


def test_an_archive_that_is_missing_is_named_with_who_asks_for_it(tmp_path):
    (tmp_path / "dataset.toml").write_text('npz = "away.npz"')
    with pytest.raises(
        DataError, match=r"no .*away\.npz, which .*dataset\.toml names: put the recordings there, or set"
    ):
        load_dataset(tmp_path)


def saved(save, *args, **kwargs) -> bytes:
    stream = io.BytesIO()
    save(stream, *args, **kwargs)
    return stream.getvalue()


@pytest.mark.parametrize("content", [b"", b"garbage", b"PK\x03\x04garbage", saved(np.savez, **arrays())[:-30]])
def test_an_unreadable_archive_is_refused(tmp_path, content):
    (tmp_path / "data.npz").write_bytes(content)
    with pytest.raises(DataError, match=r"data\.npz is not an archive of plain arrays"):
        load_dataset(tmp_path)


def test_a_single_array_is_refused(tmp_path):
    (tmp_path / "data.npz").write_bytes(saved(np.save, X))
    with pytest.raises(DataError, match="single array"):
        load_dataset(tmp_path)


PLAIN, PACKED = saved(np.savez, **arrays()), saved(np.savez_compressed, **arrays())


@given(st.sampled_from([PLAIN, PACKED]), st.data())
def test_a_damaged_archive_loads_or_is_refused(content, data):
    damaged = bytearray(content)
    for _ in range(data.draw(st.integers(1, 4))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    with tempfile.TemporaryDirectory() as name:
        (Path(name) / "data.npz").write_bytes(damaged)
        with contextlib.suppress(DataError):
            load_dataset(name)
