from pathlib import Path

import pytest
from small import small_scenario, write_dataset

from simulations.prepare import Prepared, prepare
from tinyfl.data import load_dataset
from tinyfl.data.dataset import Dataset
from tinyfl.progress import Progress


@pytest.fixture(scope="session")
def data_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_dataset(tmp_path_factory.mktemp("small") / "data")


@pytest.fixture(scope="session")
def dataset(data_folder: Path) -> Dataset:
    return load_dataset(str(data_folder))


@pytest.fixture(scope="session")
def prepared(data_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    """The small scenario, pre-trained, compiled and built."""
    return prepare(small_scenario(data_folder), tmp_path_factory.mktemp("run"), Progress(quiet=True))
