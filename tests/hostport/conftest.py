import sys
from pathlib import Path

import pytest
from host_lab import some_recordings
from tiny_network import write_tiny_network

from tinyfl.boards.host import HostBuild, build_host
from tinyfl.boards.recordings import write_recordings
from tinyfl.link.inprocess import DeviceLibrary

sys.path.append(str(Path(__file__).parents[1] / "link"))  # mqtt_brokers


@pytest.fixture(scope="session")
def tiny_network(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The hand-written network of the device core's tests in the form of a generated one."""
    return write_tiny_network(tmp_path_factory.mktemp("bundle"))


@pytest.fixture(scope="session")
def host_build(tiny_network: Path) -> HostBuild:
    """The host port around it."""
    return build_host(tiny_network)


@pytest.fixture(scope="session")
def device_library(host_build: HostBuild) -> DeviceLibrary:
    return DeviceLibrary(host_build.library)


@pytest.fixture
def recordings_file(tmp_path: Path) -> Path:
    path = tmp_path / "device.recordings"
    write_recordings(some_recordings(), path)
    return path
