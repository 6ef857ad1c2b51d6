"""The 12 flower classes as MCUNet reads them, and the few labelled pictures that a device has."""

from __future__ import annotations

import io
import itertools
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from tinyfl.types import FloatArray, IntArray

SIZE = 128


@dataclass(frozen=True)
class Labels:
    """Labels y [N] of ``classes`` kinds, and which pictures are for testing."""

    y: IntArray
    is_test: np.ndarray
    classes: int


def flowers(path: Path) -> tuple[FloatArray, Labels]:
    """Pictures [N, 128, 128, 3] in -1.004..0.996, resized, and their labels, from an NPZ of JPEGs."""
    with np.load(path) as file:
        jpeg, offset = file["jpeg"], file["offset"]
        y, is_test, classes = file["y"].astype(np.int64), file["is_test"], len(file["classes"])
    x = np.empty((len(y), SIZE, SIZE, 3))
    for i, (start, end) in enumerate(itertools.pairwise(offset)):
        picture = Image.open(io.BytesIO(jpeg[start:end].tobytes())).convert("RGB")
        x[i] = (np.asarray(picture.resize((SIZE, SIZE), Image.Resampling.BILINEAR), np.float64) - 128) / 127.5
    return x, Labels(y, is_test, classes)


@dataclass(frozen=True)
class Draw:
    """Indices of pictures of the training part: those a device has labels of, and others."""

    labelled: IntArray
    calibration: IntArray
    judged: IntArray


def draw(data: Labels, per_class: int, others_per_class: int, seed: int) -> Draw:
    """``per_class`` labelled pictures of each kind, then as many others for calibration and again for judging."""
    rng = np.random.default_rng(seed)
    kinds = [rng.permutation(np.flatnonzero((data.y == c) & ~data.is_test)) for c in range(data.classes)]
    ends = (per_class, per_class + others_per_class, per_class + 2 * others_per_class)
    parts = (np.concatenate([k[a:b] for k in kinds]) for a, b in zip((0, *ends), ends, strict=False))
    return Draw(*parts)
