from pathlib import Path

import pytest

from tests.simulations.small import write_dataset


@pytest.fixture(scope="session")
def data_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_dataset(tmp_path_factory.mktemp("cli") / "data")
