"""A device of a compiled network from C that a test brings along."""

from __future__ import annotations

from pathlib import Path

from device_lab import zcbor_flags

from tinyfl.boards.firmware import firmware_dir
from tinyfl.boards.toolchain import build
from tinyfl.compiler.bundle import Bundle
from tinyfl.compiler.emit_c import emit
from tinyfl.wire.zcbor_runtime import ZCBOR_DEFINES, zcbor_runtime

HERE = Path(__file__).parent


def build_network_device(bundle: Bundle, folder: Path, source: str, shared: bool, *flags: str) -> Path:
    """Core, kernels, the network's C, which is left in ``folder``, the quiet device and the file ``source`` of here."""
    emit(bundle.program, bundle.plan, folder)
    firmware, (include, sources) = firmware_dir(), zcbor_runtime()
    files = [folder / "net.c", HERE / source, HERE / "quiet_device.c", *sources]
    files += [f for room in ("core", "kernels", "gen") for f in sorted((firmware / room).glob("*.c"))]
    folders = [folder, HERE, *(firmware / room for room in ("include", "core", "gen")), include]
    defines = {"TF_GRAD_BITS": bundle.program.grad_bits, "TF_STREAM": 1, **ZCBOR_DEFINES}
    return build(files, folders, defines, folder / "device", shared, (*flags, *zcbor_flags()))
