"""Cut a labelled stream into recordings of one class each."""

from itertools import pairwise

import numpy as np

from tinyfl.data.dataset import FloatArray, IntArray, Recording

UNLABELLED = -1


def cut_by_label(user: str, side: str, order: int, labels: IntArray, samples: FloatArray) -> list[Recording]:
    """Return the stretches of equal label, leaving out those that are ``UNLABELLED``.

    labels: [T]; samples: [T, C]; ``order`` is the number of sample 0 on the clock of the user and side.
    """
    edges = [0, *(np.flatnonzero(labels[1:] != labels[:-1]) + 1).tolist(), len(labels)]
    return [
        Recording(user, side, int(labels[start]), order + start, samples[start:stop])
        for start, stop in pairwise(edges)
        if labels[start] != UNLABELLED
    ]
