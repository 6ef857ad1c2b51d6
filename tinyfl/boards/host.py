"""Builds the host port of a compiled network: the emulated device as a program and as a library."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tinyfl.boards.firmware import firmware_dir
from tinyfl.boards.toolchain import DEFAULT_FLAGS, build
from tinyfl.errors import ToolError
from tinyfl.wire.zcbor_runtime import ZCBOR_DEFINES, ZCBOR_FLAGS, zcbor_runtime

_PROCESS_ONLY = {"main.c", "host_options.c", "serial_line.c"}


@dataclass(frozen=True)
class HostBuild:
    """What ``build_host`` made."""

    executable: Path
    """the emulated device process; ``--help`` lists its options"""
    library: Path
    """the same device for :class:`tinyfl.link.inprocess.DeviceLibrary`"""


def build_host(bundle_dir: Path, *, grad_bits: int = 8, flags: Sequence[str] = DEFAULT_FLAGS) -> HostBuild:
    """Compile the network in ``bundle_dir`` (``net.c``, ``net.h``) with kernels, core and host port.

    ``grad_bits`` (8 or 16) is the width of gradients the network was compiled for; ``flags`` are the compiler's, for
    optimisation or sanitizers. The results stand in ``bundle_dir/host``. Raises ``ToolError`` when there is no
    network, no compiler or it does not compile.
    """
    network = bundle_dir / "net.c"
    if not network.is_file():
        raise ToolError(f"{bundle_dir} has no net.c; let `tinyfl compile` write it there.")
    firmware = firmware_dir()
    runtime_include, runtime_sources = zcbor_runtime()
    port = firmware / "ports" / "host"
    emulated = firmware / "ports" / "emulated"
    shared = [source for source in sorted(port.glob("*.c")) if source.name not in _PROCESS_ONLY]
    for folder in ("core", "kernels", "gen", "ports/emulated"):
        shared += sorted((firmware / folder).glob("*.c"))
    shared += [network, *runtime_sources]
    process = [port / name for name in sorted(_PROCESS_ONLY)]
    include = [bundle_dir, *(firmware / folder for folder in ("include", "core", "gen")), emulated, runtime_include]
    defines: dict[str, str | int] = {"TF_GRAD_BITS": grad_bits, **ZCBOR_DEFINES}
    options = (*flags, *ZCBOR_FLAGS)
    out = bundle_dir / "host"
    return HostBuild(
        executable=build([*process, *shared], include, defines, out / "device", False, options),
        library=build(shared, include, defines, out / "libdevice.so", True, options),
    )
