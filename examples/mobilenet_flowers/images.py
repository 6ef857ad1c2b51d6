"""Pictures for the example: a folder with one sub-folder a class, or the 12 flowers where they are present."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
from PIL import Image

from tinyfl.errors import DataError
from tinyfl.types import FloatArray, IntArray

SIZE = 96
FLOWERS = Path(__file__).resolve().parents[3] / "shared" / "data" / "flowers12_224_jpeg.npz"
_MEAN = np.array([0.485, 0.456, 0.406])  # of ImageNet: what the weights were trained with
_DEVIATION = np.array([0.229, 0.224, 0.225])
_TEST_SHARE = 4  # one in so many of a folder's pictures


@dataclass(frozen=True)
class Pictures:
    """Normalised images [N, SIZE, SIZE, 3] and their labels [N], to learn from and to judge by."""

    classes: tuple[str, ...]
    x: FloatArray
    y: IntArray
    test_x: FloatArray
    test_y: IntArray

    def draw(self, per_class: int, seed: int) -> IntArray:
        """Indices of ``per_class`` pictures of each class (or all there are), drawn by ``seed``, class by class.

        More of them from the same seed contain the fewer.
        """
        rng = np.random.default_rng(seed)
        places = [rng.permutation(np.flatnonzero(self.y == c))[:per_class] for c in range(len(self.classes))]
        return np.concatenate(places)


def load_pictures(folder: Path | None) -> Pictures:
    """Pictures of ``folder``/CLASS/*, else the flowers; raises DataError where there are none."""
    if folder is not None:
        return _of_folder(folder)
    if FLOWERS.is_file():
        return _of_archive(FLOWERS)
    raise DataError(f"there are no pictures at {FLOWERS}; give --images DIR with one sub-folder of pictures a class")


def _of_folder(folder: Path) -> Pictures:
    """The pictures of each sub-folder; every fourth, by name, is for judging."""
    found = {}
    for place in sorted(folder.iterdir()) if folder.is_dir() else ():
        files = sorted(f for f in place.glob("*") if f.suffix.lower() in Image.registered_extensions())
        if files:
            found[place.name] = files
    if len(found) < 2 or min(len(files) for files in found.values()) < 2:
        raise DataError(
            f"{folder} has no two sub-folders with two pictures each; give one sub-folder a class, such as "
            f"{folder / 'daisy'} and {folder / 'rose'}"
        )
    labels = [c for c, files in enumerate(found.values()) for _ in files]
    is_test = [i % _TEST_SHARE == 1 for files in found.values() for i in range(len(files))]
    return _pictures(tuple(found), [f for files in found.values() for f in files], labels, is_test)


def _of_archive(path: Path) -> Pictures:
    with np.load(path) as archive:
        jpeg, offset = archive["jpeg"], archive["offset"]
        files = [io.BytesIO(jpeg[a:b].tobytes()) for a, b in pairwise(offset)]
        return _pictures(tuple(map(str, archive["classes"])), files, archive["y"], archive["is_test"])


def _pictures(
    classes: tuple[str, ...],
    files: Sequence[Path | io.BytesIO],
    labels: Sequence[int] | IntArray,
    is_test: Sequence[bool] | IntArray,
) -> Pictures:
    x, y = np.stack([_read(f) for f in files]), np.asarray(labels, np.int64)
    test = np.asarray(is_test, bool)
    return Pictures(classes, x[~test], y[~test], x[test], y[test])


def _read(file: Path | io.BytesIO) -> FloatArray:
    """One picture: its middle square, SIZE x SIZE, with ImageNet's mean and deviation."""
    try:
        with Image.open(file) as opened:
            image = opened.convert("RGB")
    except OSError as error:
        raise DataError(f"picture {file} cannot be read ({error}); remove it") from error
    side = min(image.size)
    left, top = ((length - side) // 2 for length in image.size)
    square = image.resize((SIZE, SIZE), Image.Resampling.BILINEAR, (left, top, left + side, top + side))
    normalised: FloatArray = (np.asarray(square) / 255 - _MEAN) / _DEVIATION
    return normalised
