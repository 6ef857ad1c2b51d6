import shutil
import sys
from pathlib import Path

import pytest
from host_lab import some_recordings

from tinyfl.boards.host import HostBuild, build_host
from tinyfl.boards.recordings import write_recordings
from tinyfl.link.inprocess import DeviceLibrary

sys.path.append(str(Path(__file__).parents[1] / "link"))  # mqtt_brokers


@pytest.fixture(scope="session")
def host_build(tmp_path_factory: pytest.TempPathFactory) -> HostBuild:
    """The host port around the hand-written network of the device core's tests."""
    bundle = tmp_path_factory.mktemp("bundle")
    for name in ("tiny_model.c", "tiny_model.h"):
        shutil.copy(Path(__file__).parents[1] / "device" / name, bundle)
    (bundle / "net.h").write_text('#include "tf_net.h"\nextern const tf_model tf_model_net;\n')
    (bundle / "net.c").write_text('#define tiny_model tf_model_net\n#include "tiny_model.c"\n')
    return build_host(bundle)


@pytest.fixture(scope="session")
def device_library(host_build: HostBuild) -> DeviceLibrary:
    return DeviceLibrary(host_build.library)


@pytest.fixture
def recordings_file(tmp_path: Path) -> Path:
    path = tmp_path / "device.recordings"
    write_recordings(some_recordings(), path)
    return path
