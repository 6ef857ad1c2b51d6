from pathlib import Path

import numpy as np
import pytest
from host_lab import some_recordings
from hypothesis import given, settings
from hypothesis import strategies as st

from tinyfl.boards.recordings import LabelledWindows, Recordings, labelled, read_recordings, write_recordings
from tinyfl.errors import DataError, LinkError
from tinyfl.link.inprocess import DeviceFiles, DeviceLibrary, InProcessLink


def windows(random: np.random.Generator, count: int, size: int, first_round: int) -> LabelledWindows:
    x = random.integers(-128, 128, (count, size))
    return labelled(x, random.integers(0, 65536, count), random.integers(first_round, 65536, count))


@settings(max_examples=30)
@given(counts=st.tuples(*[st.integers(0, 5)] * 4), size=st.integers(0, 70), seed=st.integers(0, 2**32))
def test_what_is_written_is_read_and_lies_where_the_document_says(
    tmp_path_factory: pytest.TempPathFactory, counts: tuple[int, ...], size: int, seed: int
) -> None:
    random = np.random.default_rng(seed)
    recordings = Recordings(*(windows(random, n, size, 1) for n in counts))
    path = tmp_path_factory.mktemp("recordings") / "r"
    write_recordings(recordings, path)
    back = read_recordings(path)
    data = path.read_bytes()
    at = 28
    for number, (wrote, read) in enumerate(zip(recordings.sets, back.sets, strict=True)):
        np.testing.assert_array_equal(wrote.inputs, read.inputs)
        np.testing.assert_array_equal(wrote.labels, read.labels)
        np.testing.assert_array_equal(wrote.rounds, read.rounds)
        assert int.from_bytes(data[12 + 4 * number : 16 + 4 * number], "little") == len(wrote)
        for i in range(len(wrote)):
            expected = int(wrote.labels[i]).to_bytes(2, "little") + int(wrote.rounds[i]).to_bytes(2, "little")
            assert data[at : at + 4 + size] == expected + wrote.inputs[i].tobytes()
            at += 4 + size
    assert (data[:4], at) == (b"TFRC", len(data))


@pytest.mark.parametrize(
    ("spoil", "complaint"),
    [
        (lambda d: b"", "empty"),
        (lambda d: b"TFRX" + d[4:], "no recordings"),
        (lambda d: d[:4] + b"\x02" + d[5:], "version"),
        (lambda d: d[:-1], "long"),
        (lambda d: d + b"\0", "long"),
        (lambda d: d[:8] + b"\x09" + d[9:], "long"),
        (lambda d: d[:28] + b"\x03" + d[29:], "label"),
    ],
)
def test_a_damaged_file_stops_the_device_with_a_reason(
    device_library: DeviceLibrary, recordings_file: Path, spoil: object, complaint: str
) -> None:
    recordings_file.write_bytes(spoil(recordings_file.read_bytes()))  # type: ignore[operator]
    with pytest.raises(LinkError, match=rf"worn-1 .*{recordings_file.name}.*{complaint}"):
        InProcessLink(device_library, "worn-1", DeviceFiles(recordings_file))


def test_python_refuses_what_is_none(tmp_path: Path, recordings_file: Path) -> None:
    with pytest.raises(DataError, match="cannot read"):
        read_recordings(tmp_path / "absent")
    recordings_file.write_bytes(recordings_file.read_bytes()[:-1])
    with pytest.raises(DataError, match="damaged"):
        read_recordings(recordings_file)
    (tmp_path / "other").write_bytes(b"something else altogether, of some length")
    with pytest.raises(DataError, match="no recordings"):
        read_recordings(tmp_path / "other")


def test_values_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="int8"):
        labelled([[128]], [0])
    with pytest.raises(ValueError, match="uint16"):
        labelled([[1]], [-1])
    early = labelled([[1]], [0], 0)
    with pytest.raises(ValueError, match="round 1"):
        write_recordings(Recordings(early, early, early, early), tmp_path / "r")


def test_windows_of_another_network_are_refused(device_library: DeviceLibrary, tmp_path: Path) -> None:
    sets = [labelled(s.inputs[:, :5], s.labels, s.rounds) for s in some_recordings().sets]
    write_recordings(Recordings(*sets), tmp_path / "small")
    with pytest.raises(LinkError, match="another size"):
        InProcessLink(device_library, "worn-1", DeviceFiles(tmp_path / "small"))
