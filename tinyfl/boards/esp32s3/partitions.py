"""The partition table of a project."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

from tinyfl.errors import ToolError

TABLE = "partitions.csv"


@dataclass(frozen=True)
class Partition:
    """Where a partition begins in flash, and its bytes."""

    offset: int
    size: int


def partition(table: Path, name: str) -> Partition:
    """A partition of a table in ESP-IDF's CSV format; ``ToolError`` if it is not there with offset and size."""
    try:
        rows = csv.reader(line for line in table.read_text(encoding="utf-8").splitlines() if not line.startswith("#"))
        for row in rows:
            cells = [cell.strip() for cell in row]
            if cells and cells[0] == name:
                return Partition(int(cells[3], 0), int(cells[4], 0))
    except (OSError, UnicodeDecodeError) as error:
        raise ToolError(f"the partition table {table} cannot be read; build the project again") from error
    except (ValueError, IndexError) as error:
        raise ToolError(f"{table} gives partition {name} no offset and size in bytes; write both as numbers") from error
    raise ToolError(f"{table} has no partition {name}; add one as {TABLE} of a new project has it")
