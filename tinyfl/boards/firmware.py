"""Where the C sources of the device are."""

from __future__ import annotations

from pathlib import Path

from tinyfl.errors import ToolError

_PACKAGE = Path(__file__).resolve().parents[1]


def firmware_dir() -> Path:
    """Folder with ``include/``, ``kernels/``, ``core/`` and ``ports/``: the installed copy, else the checkout's."""
    for folder in (_PACKAGE / "_device_fw", _PACKAGE.parent / "device_fw"):
        if (folder / "include").is_dir():
            return folder
    raise ToolError(f"no device sources beside {_PACKAGE}; install tinyfl again")
