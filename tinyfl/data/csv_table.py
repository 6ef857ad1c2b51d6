"""Read one CSV file of labelled samples, naming file, line and column of what is wrong with it."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tinyfl.data.dataset import FloatArray
from tinyfl.errors import DataError

LABEL = "label"


@dataclass(frozen=True, eq=False)
class CsvTable:
    """The content of one file, T rows."""

    path: Path
    channels: tuple[str, ...]
    samples: FloatArray
    """[T, C]"""
    labels: tuple[str, ...]
    """[T], empty where the row has no label"""
    lines: tuple[int, ...]
    """[T], the rows' line numbers in the file, from 1"""


def read_csv(path: Path, channels: tuple[str, ...] | None) -> CsvTable:
    """Read ``path``: a header, then one sample a line.

    channels: the columns to read, or None for all but the label, in the header's order. Raises ``DataError``.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            reader = csv.reader(stream)
            rows = ((reader.line_num, row) for row in reader if row)
            return _read_rows(path, rows, channels)
    except (UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{path} is not a text file of comma-separated values ({error}): replace it") from error
    except OSError as error:
        raise DataError(f"{path} cannot be read ({error.strerror}): correct that or remove it") from error


def _read_rows(path: Path, rows: Iterator[tuple[int, list[str]]], channels: tuple[str, ...] | None) -> CsvTable:
    _, first = next(rows, (0, None))
    if first is None:
        raise DataError(f"{path} is empty: give it a header line and samples, or remove it")
    header = [name.strip() for name in first]
    _check_header(path, header, channels)
    if channels is None:
        channels = tuple(name for name in header if name != LABEL)
    label_column = header.index(LABEL)
    columns = [header.index(channel) for channel in channels]

    values, labels, lines = [], [], []
    for line, row in rows:
        if len(row) != len(header):
            raise DataError(
                f"{path}, line {line} has {len(row)} cells under a header of {len(header)}: make them equal"
            )
        try:
            values.append([float(row[column]) for column in columns])
        except ValueError:
            raise _bad_cell(path, line, header, row, columns) from None
        labels.append(row[label_column].strip())
        lines.append(line)
    if not lines:
        raise DataError(f"{path} has a header but no samples: add some or remove it")
    with np.errstate(over="ignore"):  # what float32 cannot hold becomes infinite, and is reported just below
        samples = np.array(values, dtype=np.float64).astype(np.float32)
    for sample, channel in np.argwhere(~np.isfinite(samples))[:1]:
        cell = values[sample][channel]
        raise DataError(
            f"{path}, line {lines[sample]}, column {channels[channel]!r} is {cell}: "
            "give a finite number within float32, or remove the line"
        )
    return CsvTable(path, channels, samples, tuple(labels), tuple(lines))


def _check_header(path: Path, header: list[str], channels: tuple[str, ...] | None) -> None:
    for number, name in enumerate(header, start=1):
        if not name:
            raise DataError(f"{path}, line 1: column {number} has no name, give it one")
        if header.index(name) != number - 1:
            raise DataError(f"{path}, line 1: column {name!r} occurs twice, rename or remove one")
    for name in (LABEL, *(channels or ())):
        if name not in header:
            raise DataError(
                f"{path} has no column {name!r} (it has {', '.join(header)}): add it, separated by commas, to line 1"
            )
    if len(header) == 1:
        raise DataError(f"{path} has no column but {LABEL!r}: add one a channel")


def _bad_cell(path: Path, line: int, header: list[str], row: list[str], columns: list[int]) -> DataError:
    """Return the error that names the first cell of the row that is no number."""
    for column in columns:
        try:
            float(row[column])
        except ValueError:
            break
    return DataError(f"{path}, line {line}, column {header[column]!r} is {row[column]!r}: write a number")
