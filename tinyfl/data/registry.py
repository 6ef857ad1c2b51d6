"""Data sets by name or by folder."""

from collections.abc import Callable, Mapping
from pathlib import Path

from tinyfl.data.dataset import Dataset
from tinyfl.data.folder import load_folder
from tinyfl.data.phone import load_phone
from tinyfl.data.smartwatch import load_smartwatch
from tinyfl.errors import DataError

BUILT_IN: Mapping[str, Callable[[], Dataset]] = {"smartwatch": load_smartwatch, "phone": load_phone}


def load_dataset(name_or_path: str | Path) -> Dataset:
    """Load a built-in data set by name, or the user's own from a folder; a name wins over a folder of that name."""
    if isinstance(name_or_path, str) and name_or_path in BUILT_IN:
        return BUILT_IN[name_or_path]()
    if Path(name_or_path).is_dir():
        return load_folder(Path(name_or_path))
    raise DataError(
        f"{str(name_or_path)!r} is neither a data set nor a folder: "
        f"choose {', '.join(BUILT_IN)}, or give the path of a folder laid out as docs/data.md shows"
    )
