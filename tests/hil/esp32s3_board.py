"""The plugged-in board: found, flashed with tinyfl's own command, reset by esptool."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import time
from pathlib import Path

from board_checks import NAME, SEED
from serial.tools.list_ports import comports

from tests.cli.cli_lab import tinyfl
from tinyfl.boards.esp32s3.partitions import TABLE, partition
from tinyfl.errors import LinkError
from tinyfl.link.serial import SerialLink

ESPRESSIF_USB, SERIAL_JTAG = 0x303A, 0x1001


def missing() -> str:
    """Why no board can be tested, or nothing."""
    for package in ("esptool", "pytest_embedded"):
        if importlib.util.find_spec(package) is None:
            return f"{package} is not installed: pip install 'tinyfl[flash,hil]'"
    if not find_port():
        return "no ESP32-S3 is plugged in, and TINYFL_HIL_PORT names no port"
    network = os.environ.get("TINYFL_HIL_NETWORK")
    if network is None:
        return "TINYFL_HIL_NETWORK names no folder whose esp32s3 project is built (tests/hil/README.md)"
    built = Path(network, "esp32s3", "build", "flasher_args.json")
    return "" if built.is_file() else f"{built} is missing: idf.py build"


def find_port() -> str | None:
    """The port that the environment names, else that of the first ESP32-S3's own USB."""
    found = (port.device for port in comports() if (port.vid, port.pid) == (ESPRESSIF_USB, SERIAL_JTAG))
    return os.environ.get("TINYFL_HIL_PORT") or next(found, None)


class Esp32S3:
    """A :class:`board_checks.Board`."""

    def __init__(self, network: Path, port: str) -> None:
        self.project, self.port = network / "esp32s3", port

    def make_anew(self, recordings: Path) -> None:
        """Erase what the device knew, then flash everything."""
        for name in ("state", "labels"):
            area = partition(self.project / TABLE, name)
            self._esptool("erase-region", hex(area.offset), hex(area.size))
        words = ("--port", self.port, "--name", NAME, "--seed", str(SEED), "--recordings", recordings.resolve())
        done = tinyfl("flash", self.project.resolve(), *words, cwd=Path.cwd(), timeout=300)
        assert done.returncode == 0, done.stderr

    def reset(self) -> None:
        self._esptool("run")

    def link(self) -> SerialLink:
        """The port comes back some time after a reset."""
        deadline = time.monotonic() + 10
        while True:
            try:
                return SerialLink(NAME, self.port)
            except LinkError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.2)

    def _esptool(self, *words: str) -> None:
        command = [sys.executable, "-m", "esptool", "--chip", "esp32s3", "--port", self.port, *words]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
        assert done.returncode == 0, done.stdout + done.stderr
