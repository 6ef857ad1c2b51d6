"""Where the C run time of zcbor lies, which the generated codec of ``device_fw/gen`` calls."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from tinyfl.errors import ToolError

ZCBOR_VERSION = "0.9.1"
# Definite lengths and shortest forms only. Every C file of the codec and of the run time is compiled with it.
ZCBOR_DEFINES: Mapping[str, str | int] = {"ZCBOR_CANONICAL": 1}
# What the run time needs: it reads floats through integer pointers and sets a variable it does not use.
ZCBOR_FLAGS = ("-fno-strict-aliasing", "-Wno-unused-but-set-variable")


def zcbor_runtime() -> tuple[Path, tuple[Path, ...]]:
    """``(include directory, C sources)`` of the installed zcbor; compile with ``ZCBOR_DEFINES`` and ``ZCBOR_FLAGS``.

    Raises :class:`ToolError` if zcbor is missing or of another version than the checked-in C was made with.
    """
    spec = find_spec("zcbor")
    if spec is None or spec.origin is None:
        raise ToolError(f"zcbor is not installed: pip install zcbor=={ZCBOR_VERSION}.")
    if version("zcbor") != ZCBOR_VERSION:
        raise ToolError(f"zcbor {version('zcbor')} is installed, the firmware needs {ZCBOR_VERSION}.")
    root = Path(spec.origin).parent
    sources = tuple(root / "src" / f"zcbor_{part}.c" for part in ("common", "decode", "encode"))
    missing = [source.name for source in sources if not source.is_file()]
    if missing:
        raise ToolError(f"The zcbor installation lacks {', '.join(missing)}: reinstall zcbor=={ZCBOR_VERSION}.")
    return root / "include", sources
