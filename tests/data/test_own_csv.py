import contextlib
import csv
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinyfl.data import load_dataset, split_in_time, windows
from tinyfl.errors import DataError

GOOD = "ax,label,ay\n1,walk,-1\n2,walk,-2\n3,,-3\n4,rest,-4\n"


def write(folder: Path, files: dict[str, str | bytes]) -> Path:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return folder


def test_users_sides_and_sessions_come_from_the_layout(tmp_path):
    own = load_dataset(
        write(
            tmp_path,
            {
                "ann/left/10.csv": "ay,label,ax\n-6,walk,6\n",
                "ann/left/9.csv": GOOD,
                "bob/day.CSV": "\ufeffax, ay, label\r\n7,-7,rest \r\n\r\n8,-8,rest\r\n",
                ".cache/old/x.csv": "nonsense",
                "notes.txt": "nonsense",
                "dataset.toml": 'name = "pump"\nrate_hz = 25\n',
            },
        )
    )
    assert (own.name, own.rate_hz, own.channels, own.classes) == ("pump", 25.0, ("ax", "ay"), ("rest", "walk"))
    found = [(r.user, r.side, own.classes[r.label], r.order, r.samples.tolist()) for r in own.recordings]
    assert found == [
        ("ann", "left", "walk", 0, [[1, -1], [2, -2]]),
        ("ann", "left", "rest", 3, [[4, -4]]),
        ("ann", "left", "walk", 4, [[6, -6]]),
        ("bob", "", "rest", 0, [[7, -7], [8, -8]]),
    ]


def test_a_folder_needs_no_description(tmp_path):
    own = load_dataset(str(write(tmp_path / "pump", {"ann/1.csv": GOOD})))
    assert (own.name, own.rate_hz) == ("pump", None)


def test_declared_channels_choose_and_order_columns(tmp_path):
    files = {
        "a/1.csv": "t,y,x,label\nnoon,1,2,up\n",
        "dataset.toml": 'channels = ["x", "y"]\nclasses = ["down", "up"]\n',
    }
    own = load_dataset(write(tmp_path, files))
    assert own.channels == ("x", "y")
    assert own.classes == ("down", "up")
    assert [(r.label, r.samples.tolist()) for r in own.recordings] == [(1, [[2, 1]])]


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["walk", "rest, sitting", 'say "up"', ""]),
            st.floats(width=32, allow_nan=False, allow_infinity=False),
        ),
        min_size=1,
    ).filter(lambda rows: any(label for label, _ in rows))
)
def test_what_the_csv_module_wrote_comes_back(rows):
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "ann" / "1.csv"
        path.parent.mkdir()
        with path.open("w", newline="") as stream:
            csv.writer(stream).writerows([("label", "x"), *rows])
        own = load_dataset(name)
    found = [(own.classes[r.label], x) for r in own.recordings for x in r.samples[:, 0].tolist()]
    assert found == [(label, x) for label, x in rows if label]


def test_own_recordings_go_through_windows_and_split(tmp_path):
    rows = "".join(f"{i},{'walk' if i < 40 else 'rest'}\n" for i in range(80))
    learn, judge = split_in_time(windows(load_dataset(write(tmp_path, {"a/1.csv": "x,label\n" + rows})), 8, 4))
    assert learn.x[:, :, 0].max(axis=1).tolist() == [7, 11, 15, 47, 51, 55]
    assert judge.x[:, 0, 0].tolist() == [16, 20, 24, 28, 32, 56, 60, 64, 68, 72]


NO_FILES: dict[str, str | bytes] = {}


@pytest.mark.parametrize(
    ("files", "parts"),
    [
        (NO_FILES, ["neither USER/*.csv nor data.npz", "docs/data.md"]),
        ({"1.csv": GOOD}, ["1.csv", "user's folder"]),
        ({"a/b/c/1.csv": GOOD}, ["1.csv", "user's folder"]),
        ({"a/1.csv": ""}, ["1.csv", "is empty"]),
        ({"a/1.csv": "\n\n"}, ["1.csv", "is empty"]),
        ({"a/1.csv": "x,label\n"}, ["1.csv", "no samples"]),
        ({"a/1.csv": "x,y\n1,2\n"}, ["1.csv", "no column 'label'", "(it has x, y)"]),
        ({"a/1.csv": "x;label\n1;up\n"}, ["1.csv", "no column 'label'", "separated by commas"]),
        ({"a/1.csv": "label\nup\n"}, ["1.csv", "no column but 'label'"]),
        ({"a/1.csv": "x,,label\n1,2,up\n"}, ["1.csv", "line 1", "column 2 has no name"]),
        ({"a/1.csv": "x,x,label\n1,2,up\n"}, ["1.csv", "line 1", "'x' occurs twice"]),
        ({"a/1.csv": "x,label\n1,up\n2,up,3\n"}, ["1.csv", "line 3 has 3 cells", "header of 2"]),
        ({"a/1.csv": "x,y,label\n1,2,up\n\n3,four,up\n"}, ["1.csv", "line 4, column 'y' is 'four'", "number"]),
        ({"a/1.csv": "x,label\n,up\n"}, ["1.csv", "line 2, column 'x' is ''"]),
        ({"a/1.csv": "x,y,label\n1,2,up\n3,NaN,up\n"}, ["1.csv", "line 3, column 'y' is nan", "finite"]),
        ({"a/1.csv": "x,label\n-inf,up\n"}, ["1.csv", "line 2, column 'x' is -inf"]),
        ({"a/1.csv": "x,label\n1e39,up\n"}, ["1.csv", "line 2, column 'x' is 1e+39", "float32"]),
        ({"a/1.csv": "x,label\n1,\n"}, ["no labelled sample"]),
        ({"a/1.csv": "x,label\n1,up\n", "b/2.csv": "y,label\n1,up\n"}, ["2.csv has the channels y", "1.csv has x"]),
        ({"a/1.csv": "x,label\n1,up\n", "b/2.csv": "x,y,label\n1,1,up\n"}, ["2.csv has the channels x, y"]),
        ({"a/1.csv": b"\x00\xff\xfe garbage"}, ["1.csv", "not a text file"]),
        ({"a/1.csv": b"x,label\n\xe9,up\n"}, ["1.csv", "not a text file"]),
        ({"a/1.csv": 'x,label\n1,"' + "u" * 200_000 + '"\n'}, ["1.csv", "not a text file"]),
        ({"a/1.csv": GOOD, "dataset.toml": 'classes = ["walk"]'}, ["1.csv", "line 5", "label 'rest'", "`classes`"]),
        ({"a/1.csv": GOOD, "dataset.toml": 'channels = ["ax", "az"]'}, ["1.csv", "no column 'az'"]),
        ({"a/1.csv": GOOD, "data.npz": b""}, ["both data.npz and CSV"]),
        ({"a/1.csv": GOOD, "dataset.toml": "rate_hz ="}, ["dataset.toml", "cannot be read"]),
        ({"a/1.csv": GOOD, "dataset.toml": b"\xff"}, ["dataset.toml", "cannot be read"]),
        ({"a/1.csv": GOOD, "dataset.toml": "rate = 5"}, ["dataset.toml", "unknown key 'rate'", "rate_hz"]),
        ({"a/1.csv": GOOD, "dataset.toml": "rate_hz = true"}, ["dataset.toml", "`rate_hz` is True"]),
        ({"a/1.csv": GOOD, "dataset.toml": "rate_hz = nan"}, ["dataset.toml", "`rate_hz` is nan"]),
        ({"a/1.csv": GOOD, "dataset.toml": "rate_hz = 0"}, ["dataset.toml", "`rate_hz` is 0"]),
        ({"a/1.csv": GOOD, "dataset.toml": "name = 5"}, ["dataset.toml", "`name` is 5"]),
        ({"a/1.csv": GOOD, "dataset.toml": 'classes = "walk"'}, ["dataset.toml", "`classes` is 'walk'", "list"]),
        ({"a/1.csv": GOOD, "dataset.toml": 'channels = ["x", "x "]'}, ["dataset.toml", "`channels` names one twice"]),
    ],
)
def test_a_mistake_is_named_with_its_place_and_remedy(tmp_path, files, parts):
    with pytest.raises(DataError) as caught:
        load_dataset(write(tmp_path, files))
    for part in parts:
        assert part in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["nowhere", "Phone", ""])
def test_an_unknown_data_set_lists_the_choices(monkeypatch, tmp_path, name):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DataError, match=r"neither .* choose smartwatch, phone, or .*docs/data\.md"):
        load_dataset(name or tmp_path / "nowhere")


@given(st.binary(max_size=200), st.sampled_from([b"", b"x,label\n", b"x,label\n1,up\n"]))
def test_any_bytes_load_or_are_refused(content, start):
    with tempfile.TemporaryDirectory() as name:
        write(Path(name), {"a/1.csv": start + content})
        with contextlib.suppress(DataError):
            load_dataset(name)
