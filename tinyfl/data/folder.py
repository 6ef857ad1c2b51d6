"""A user's own recordings: a folder of CSV files or with one NPZ archive, laid out as docs/data.md says."""

from pathlib import Path

from tinyfl.data.csv_folder import load_csv_folder
from tinyfl.data.dataset import Dataset
from tinyfl.data.description import FILE_NAME, Description, read_description
from tinyfl.data.npz_windows import load_npz
from tinyfl.errors import DataError


def load_folder(folder: Path) -> Dataset:
    """Read the folder; ``DataError`` names the file, the place in it and the remedy when something is wrong."""
    description = read_description(folder)
    archive = folder / "data.npz"
    files = [file for file in folder.rglob("*") if _is_recording(file, folder)]
    if description.npz is not None:
        return _elsewhere(folder, description, archive if archive.is_file() else next(iter(files), None))
    if archive.is_file() and files:
        raise DataError(f"{folder} has both data.npz and CSV files such as {files[0]}: keep one or the other")
    if archive.is_file():
        return load_npz(archive, description)
    if not files:
        raise DataError(f"{folder} has neither USER/*.csv nor data.npz: lay it out as docs/data.md shows")
    return load_csv_folder(folder, files, description)


def _elsewhere(folder: Path, description: Description, beside: Path | None) -> Dataset:
    """The archive that the description names."""
    assert description.npz is not None
    if beside is not None:
        raise DataError(f"{folder / FILE_NAME} names an archive in `npz` and {beside} is there too: keep one of them")
    if not description.npz.is_file():
        raise DataError(
            f"there is no {description.npz}, which {folder / FILE_NAME} names: put the recordings there, or set `npz` "
            "to where they are"
        )
    return load_npz(description.npz, description)


def _is_recording(file: Path, folder: Path) -> bool:
    hidden = any(part.startswith(".") for part in file.relative_to(folder).parts)
    return not hidden and file.suffix.lower() == ".csv" and file.is_file()
