import shutil
import sys
from pathlib import Path

import pytest
from host_lab import some_recordings

from tinyfl.boards.host import HostBuild, build_host
from tinyfl.boards.recordings import write_recordings
from tinyfl.link.inprocess import DeviceLibrary

sys.path.append(str(Path(__file__).parents[1] / "link"))  # mqtt_brokers


NET_H = """#include "tf_net.h"
#define TF_NET_INPUT_BYTES 8
#define TF_NET_CLASSES 3
#define TF_NET_ARENA_BYTES 8
#define TF_NET_TRAINED_WEIGHTS 24
#define TF_NET_TRAINED_BIASES 6
#define TF_NET_SHARED_WEIGHTS 18
#define TF_NET_SHARED_BIASES 3
extern const tf_model tf_model_net;
"""


@pytest.fixture(scope="session")
def tiny_network(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The hand-written network of the device core's tests in the form of a generated one."""
    bundle = tmp_path_factory.mktemp("bundle")
    for name in ("tiny_model.c", "tiny_model.h"):
        shutil.copy(Path(__file__).parents[1] / "device" / name, bundle)
    (bundle / "net.h").write_text(NET_H)
    (bundle / "net.c").write_text('#define tiny_model tf_model_net\n#include "tiny_model.c"\n')
    return bundle


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
