"""A folder of CSV files, ``user/recording.csv`` or ``user/side/recording.csv``, as a data set."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from tinyfl.data.csv_table import CsvTable, read_csv
from tinyfl.data.dataset import Dataset, IntArray, Recording
from tinyfl.data.description import Description
from tinyfl.data.natural import natural_key
from tinyfl.data.runs import UNLABELLED, cut_by_label
from tinyfl.errors import DataError


def load_csv_folder(folder: Path, files: Sequence[Path], description: Description) -> Dataset:
    """Read ``files``, all somewhere in ``folder``; the order of their names is their order in time."""
    for file in files:
        if len(file.relative_to(folder).parts) not in (2, 3):
            raise DataError(f"{file} is not in a user's folder: move it to {folder}/USER/ or {folder}/USER/SIDE/")
    ordered = sorted(files, key=lambda file: [natural_key(part) for part in file.relative_to(folder).parts])
    tables: list[CsvTable] = []
    for file in ordered:
        table = read_csv(file, description.channels)
        tables.append(_in_order(table, tables[0]) if tables else table)
    classes = description.classes
    if classes is None:
        classes = tuple(sorted({label for table in tables for label in table.labels if label}, key=natural_key))

    recordings: list[Recording] = []
    clocks: dict[tuple[str, str], int] = {}
    for table in tables:
        user, *side, _ = table.path.relative_to(folder).parts
        clock = (user, side[0] if side else "")
        order = clocks.get(clock, 0)
        recordings += cut_by_label(*clock, order, _label_indices(table, classes), table.samples)
        clocks[clock] = order + len(table.samples)
    if not recordings:
        raise DataError(f"{folder} has no labelled sample: fill in the column 'label' of at least one file")
    return Dataset(description.name, tables[0].channels, classes, description.rate_hz, tuple(recordings))


def _in_order(table: CsvTable, first: CsvTable) -> CsvTable:
    """Return the table with its channels in the order of the first file's."""
    if table.channels == first.channels:
        return table
    if set(table.channels) != set(first.channels):
        raise DataError(
            f"{table.path} has the channels {', '.join(table.channels)} but {first.path} has "
            f"{', '.join(first.channels)}: give all files the same, or name those to read in dataset.toml"
        )
    columns = [table.channels.index(channel) for channel in first.channels]
    return CsvTable(table.path, first.channels, table.samples[:, columns], table.labels, table.lines)


def _label_indices(table: CsvTable, classes: tuple[str, ...]) -> IntArray:
    """Return the class index of each row, ``UNLABELLED`` where the label is empty: [T]."""
    index = {name: i for i, name in enumerate(classes)} | {"": UNLABELLED}
    for line, label in zip(table.lines, table.labels, strict=True):
        if label not in index:
            raise DataError(
                f"{table.path}, line {line} has the unknown label {label!r}: "
                f"use one of {', '.join(classes)}, or add it to `classes` in dataset.toml"
            )
    return np.array([index[label] for label in table.labels], dtype=np.int64)
