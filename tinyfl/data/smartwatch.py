"""Ten people doing seven shoulder exercises with a smartwatch on either wrist (package ``seglearn``, BSD-3)."""

import numpy as np

from tinyfl.data.dataset import Dataset, Recording
from tinyfl.data.packaged import packaged_file
from tinyfl.data.safe_pickle import load_pickle, to_array
from tinyfl.errors import DataError

RATE_HZ = 50.0
SIDES = {0: "left", 1: "right"}


def load_smartwatch() -> Dataset:
    """Read one recording a user, wrist and exercise: ax, ay, az in g and wx, wy, wz in rad/s, judging by their range.

    The package does not say in which order a person did the exercises: they are laid end to end in class order.
    """
    path = packaged_file("seglearn", "data/watch_dataset.npy", "smartwatch", "seglearn")
    name = f"the smartwatch file {path}"
    try:
        with path.open("rb") as stream:
            np.lib.format.read_magic(stream)
            np.lib.format.read_array_header_1_0(stream)
            content = to_array(load_pickle(stream, name), name).item()
        streams = [to_array(x, name).astype(np.float32) for x in content["X"]]
        keys = [to_array(content[key], name).astype(np.int64) for key in ("subject", "side", "y")]
        channels, classes = tuple(content["X_labels"]), tuple(content["y_labels"])
        rows = sorted(zip(*(key.tolist() for key in keys), range(len(streams)), strict=True))
        clocks: dict[tuple[int, int], int] = {}
        recordings = []
        for user, side, label, i in rows:
            order = clocks.get((user, side), 0)
            recordings.append(Recording(str(user), SIDES[side], label, order, streams[i]))
            clocks[user, side] = recordings[-1].end
    except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
        raise DataError(f"{name} is not the one of seglearn 1.2.5 ({error}): install that version") from error
    return Dataset("smartwatch", channels, classes, RATE_HZ, tuple(recordings))
