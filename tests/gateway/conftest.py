from pathlib import Path

import pytest
from gateway_lab import Lab, build_device

from tinyfl.boards.host import HostBuild
from tinyfl.link.inprocess import DeviceLibrary


@pytest.fixture(scope="session")
def device_build(tmp_path_factory: pytest.TempPathFactory) -> HostBuild:
    return build_device(tmp_path_factory.mktemp("device"))


@pytest.fixture
def lab(device_build: HostBuild, tmp_path: Path) -> Lab:
    return Lab(DeviceLibrary(device_build.library), tmp_path / "devices")
