"""The hand-written network of the device core's tests in the form of a generated one."""

import shutil
from pathlib import Path

TINY_MODEL = Path(__file__).parents[1] / "device"
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


def write_tiny_network(folder: Path) -> Path:
    """``net.c`` and ``net.h`` in the folder, which is returned."""
    for name in ("tiny_model.c", "tiny_model.h"):
        shutil.copy(TINY_MODEL / name, folder)
    (folder / "net.h").write_text(NET_H)
    (folder / "net.c").write_text('#define tiny_model tf_model_net\n#include "tiny_model.c"\n')
    return folder
