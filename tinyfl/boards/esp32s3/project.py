"""``tinyfl build --target esp32s3``: a folder that ``idf.py build`` makes the firmware of."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from importlib.metadata import files
from pathlib import Path

from tinyfl.boards.esp32s3.partitions import TABLE, partition
from tinyfl.boards.esp32s3.sensor import Sensor, input_header
from tinyfl.boards.firmware import firmware_dir
from tinyfl.compiler.bundle import Bundle, load_bundle
from tinyfl.compiler.cost import sram_need
from tinyfl.errors import BudgetError, ModelError, ToolError
from tinyfl.wire.zcbor_runtime import ZCBOR_DEFINES, ZCBOR_FLAGS, zcbor_runtime

TARGET = "esp32s3"
SRAM_BYTES = 262_144
"""what network and store may take of the S3's 512 KB: ESP-IDF, its stacks and a radio need the rest"""
COMPONENT = Path("components", "tinyfl")
_MARK = COMPONENT / "network" / "network.cmake"
_SECTOR, _UNIT, _MARKS = 4096, 64, 16
# folder of the component: where its C comes from, below device_fw
_SOURCES = {
    "include": ("include/*.h",),
    "core": ("core/*.[ch]",),
    "gen": ("gen/*.[ch]",),
    "kernels": ("kernels/*.[ch]",),
    "live": ("ports/live/*.[ch]", "ports/loop/*.[ch]", "ports/emulated/recordings.[ch]"),
}


def is_project(folder: Path) -> bool:
    """Whether ``tinyfl build --target esp32s3`` wrote it."""
    return (folder / _MARK).is_file()


def build_project(network: Path, out: Path, store: int, sensor: Sensor) -> None:
    """Write the project for a network that ``tinyfl compile`` left in the folder ``network``, all of it or nothing.

    Args:
        network: with ``net.c``, ``net.h`` and the bundle.
        out: the project; one that is there keeps all but ``components/tinyfl``: it may have a user's changes.
        store: windows that the device's sample store holds, at least 1.
        sensor: what feeds the network.

    Raises:
        ModelError: no network there, or one that takes no part in a federation.
        BudgetError: it does not fit the S3's memory or the partition for its state.
        ToolError: ``out`` is something else.
        DataError: the sensor does not fit the network.
    """
    bundle = load_bundle(network)
    if not (network / "net.c").is_file():
        raise ModelError(f"{network} has no net.c; let `tinyfl compile` write it there")
    if bundle.program.fraction_bits == 0:
        raise ModelError(f"{network} has no fractions, of which deltas are made; compile it with --fraction-bits 8")
    fixed = firmware_dir() / "ports" / TARGET / "project"
    table = (out if is_project(out) else fixed) / TABLE
    _check_memory(bundle, store, partition(table, "state").size)
    header = input_header(bundle, sensor, store)
    if out.exists() and not is_project(out) and (not out.is_dir() or any(out.iterdir())):
        raise ToolError(f"{out} exists and is no project of tinyfl; give another folder with -o")
    out.parent.mkdir(parents=True, exist_ok=True)
    part = Path(tempfile.mkdtemp(prefix=f".{out.name}-", dir=out.parent))
    try:
        shutil.copytree(fixed, part / "new")
        _fill_component(part / "new" / COMPONENT, network, bundle, header)
        if is_project(out):
            _exchange(part / "new" / COMPONENT, out / COMPONENT, part / "old")
        else:
            (part / "new").replace(out)
    finally:
        shutil.rmtree(part)


def _exchange(new: Path, place: Path, old: Path) -> None:
    """Put the folder ``new`` in the place of another, which ends as ``old``, or leave that one."""
    place.replace(old)
    try:
        new.replace(place)
    except BaseException:
        old.replace(place)
        raise


def state_bytes(bundle: Bundle, store: int) -> int:
    """Bytes of flash of the core's two copies of its state (docs/SPEC.md, "Flash")."""
    space = bundle.space
    weights = sum(t.count for t in bundle.tensors if not t.is_bias)
    biases = sum(t.count for t in bundle.tensors if t.is_bias)
    body = 32 + 2 * weights + 4 * biases + 2 * space.weights + 4 * space.biases + 2 * space.size
    body += store * (bundle.input_bytes + 3)
    return 2 * -(-(_MARKS * _UNIT + body) // _SECTOR) * _SECTOR


def _check_memory(bundle: Bundle, store: int, state: int) -> None:
    need, one = sram_need(bundle, store).total, sram_need(bundle, 1).total
    remedy = f"one window takes {bundle.input_bytes + 5:,} B: give a smaller --store"
    if one > SRAM_BYTES:
        remedy = "compile it with --sram to be told what fits"
    if need > SRAM_BYTES:
        raise BudgetError(
            f"the network with a store of {store} needs {need:,} B of SRAM, {need - SRAM_BYTES:,} B over the "
            f"{SRAM_BYTES:,} B that ESP-IDF leaves on {TARGET}; {remedy}"
        )
    if state_bytes(bundle, store) > state:
        raise BudgetError(
            f"two copies of the state with a store of {store} take {state_bytes(bundle, store):,} B of flash, the "
            f"partition `state` has {state:,} B; give a smaller --store"
        )


def _fill_component(component: Path, network: Path, bundle: Bundle, header: str) -> None:
    firmware = firmware_dir()
    for folder, patterns in _SOURCES.items():
        _copy((file for pattern in patterns for file in sorted(firmware.glob(pattern))), component / folder)
    include, sources = zcbor_runtime()
    _copy(sources, component / "zcbor" / "src")
    _copy(sorted(include.glob("*.h")), component / "zcbor" / "include")
    _copy((Path(str(f.locate())) for f in files("zcbor") or () if f.name == "LICENSE"), component / "zcbor")
    _copy((network / name for name in ("net.c", "net.h")), component / "network")
    (component / "network" / "tf_input.h").write_text(header, encoding="utf-8")
    settings = {
        "TINYFL_GRAD_BITS": str(bundle.program.grad_bits),
        "TINYFL_ZCBOR_DEFINES": " ".join(f'"{name}={value}"' for name, value in ZCBOR_DEFINES.items()),
        "TINYFL_ZCBOR_FLAGS": " ".join(f'"{flag}"' for flag in ZCBOR_FLAGS),
    }
    lines = ["# Generated by `tinyfl build`.", *(f"set({name} {value})" for name, value in settings.items())]
    (component / "network" / "network.cmake").write_text("\n".join(lines) + "\n", encoding="utf-8")


def _copy(sources: Iterator[Path] | tuple[Path, ...] | list[Path], folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for source in sources:
        shutil.copyfile(source, folder / source.name)
