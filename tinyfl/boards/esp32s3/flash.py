"""``tinyfl flash``: writes what ``idf.py build`` made, and what a device is told, to a board with esptool."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tinyfl.boards.esp32s3.partitions import TABLE, partition
from tinyfl.boards.esp32s3.project import COMPONENT, TARGET, is_project
from tinyfl.boards.esp32s3.provisioning import Provision, nvs_image
from tinyfl.boards.recordings import read_recordings
from tinyfl.errors import DataError, LinkError, ToolError
from tinyfl.extras import need

_CONSTANT = {name: re.compile(rf"#define TF_NET_{name} (\d+)") for name in ("INPUT_BYTES", "CLASSES")}
_FATAL = re.compile(r"A fatal error occurred: (.*)")


@dataclass(frozen=True)
class FlashPlan:
    """What goes where: files by their offset in flash, and esptool's options for them."""

    files: dict[int, Path]
    settings: tuple[str, ...]
    before: str
    after: str

    def command(self, port: str, baud: int) -> list[str]:
        """Arguments of esptool 5."""
        chip = ["--chip", TARGET, "--port", port, "--baud", str(baud), "--before", self.before, "--after", self.after]
        files = [word for offset, file in sorted(self.files.items()) for word in (hex(offset), str(file))]
        return [*chip, "write-flash", *self.settings, *files]


def flash_plan(project: Path) -> FlashPlan:
    """What ``idf.py build`` left to be written; ``ToolError`` if it has not run."""
    if not is_project(project):
        raise ToolError(f"{project} is no project of tinyfl; `tinyfl build DIR --target {TARGET}` writes one")
    listing = project / "build" / "flasher_args.json"
    try:
        made: dict[str, Any] = json.loads(listing.read_text(encoding="utf-8"))
        files = {int(offset, 0): listing.parent / name for offset, name in made["flash_files"].items()}
        settings, extra = made["flash_settings"], made["extra_esptool_args"]
        words = [w for key in ("flash_mode", "flash_freq", "flash_size") for w in (_dashed(key, "--"), settings[key])]
        before, after = _dashed(extra["before"]), _dashed(extra["after"])
    except FileNotFoundError as error:
        raise ToolError(f"{project} is not built yet; run `idf.py build` in it") from error
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ToolError(f"{listing} cannot be understood ({error}); run `idf.py build` in {project} again") from error
    missing = next((file for file in files.values() if not file.is_file()), None)
    if missing is not None:
        raise ToolError(f"{missing} is missing; run `idf.py build` in {project} again")
    return FlashPlan(files, tuple(words), before, after)


def flash(project: Path, port: str, baud: int, provision: Provision | None, recordings: Path | None) -> None:
    """Write firmware, and where given what the device is told and recordings, to the board at ``port``.

    A device that is told nothing keeps what it was told before. Raises ``ToolError``, ``LinkError`` or ``DataError``.
    """
    plan = flash_plan(project)
    table = project / TABLE
    need("tinyfl flash", "flash", "esptool")
    with tempfile.TemporaryDirectory() as folder:
        if provision is not None:
            nvs = partition(table, "nvs")
            plan.files[nvs.offset] = Path(folder, "nvs.bin")
            plan.files[nvs.offset].write_bytes(nvs_image(provision, nvs.size))
        if recordings is not None:
            windows = partition(table, "windows")
            _check_recordings(project, recordings, windows.size)
            plan.files[windows.offset] = recordings
        _check_port(port)
        command = [sys.executable, "-m", "esptool", *plan.command(port, baud)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        said = done.stdout + done.stderr
        found = _FATAL.search(said)
        why = found[1] if found else next((line for line in reversed(said.splitlines()) if line.strip()), "no message")
        raise ToolError(
            f"esptool could not write to {port} ({why.strip()}); close what else uses the port, or hold BOOT while "
            "you press RESET and try again"
        )


def _dashed(word: str, prefix: str = "") -> str:
    """ESP-IDF 5 writes hard_reset where esptool 5 says hard-reset."""
    return prefix + word.replace("_", "-")


def _check_recordings(project: Path, recordings: Path, most: int) -> None:
    windows = read_recordings(recordings)
    header = (project / COMPONENT / "network" / "net.h").read_text(encoding="utf-8")
    takes, classes = (int(_CONSTANT[name].findall(header)[0]) for name in ("INPUT_BYTES", "CLASSES"))
    sets = (windows.wearer, windows.test, windows.old_test, windows.factory)
    bytes_here = windows.wearer.inputs.shape[1]
    if takes != bytes_here:
        raise DataError(f"recordings {recordings} have windows of {bytes_here} bytes, the network takes {takes}")
    if max(int(s.labels.max(initial=0)) for s in sets) >= classes:
        raise DataError(f"recordings {recordings} have a label for which the network's {classes} classes are too few")
    if recordings.stat().st_size > most:
        raise DataError(f"recordings {recordings} have more than the {most:,} B of the partition `windows`")


def _check_port(port: str) -> None:
    if not port.startswith("/") or Path(port).exists():
        return
    from serial.tools.list_ports import comports

    there = ", ".join(sorted(p.device for p in comports() if p.vid is not None)) or "no board is plugged in"
    raise LinkError(f"there is no port {port}; plug the board in or give another --port ({there})")
