"""How deep the stack of a device on an emulated board has been, read from its memory through QEMU's control socket."""

from __future__ import annotations

import json
import socket
import subprocess
import tempfile
import time
from pathlib import Path

from elftools.elf.elffile import ELFFile

from tests.hostport.host_lab import Conversation, some_recordings
from tinyfl.boards.board import Board
from tinyfl.boards.device_program import machine_of
from tinyfl.boards.emulated_device import device_command, terminal_of
from tinyfl.boards.recordings import write_recordings
from tinyfl.boards.storage import Identity, prepare_storage, read_windows
from tinyfl.link.serial import SerialLink

PAINT = b"\xa5"
ROUNDS = (1, 2)


def painted_stack(board: Board, program: Path) -> int:
    """Bytes of stack that two rounds of the device with the tests' network have used."""
    machine = machine_of(board)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_recordings(some_recordings(), folder / "recordings")
        (folder / "storage").touch()
        prepare_storage(folder / "storage", machine, Identity("sized", 7), read_windows(folder / "recordings", machine))
        control = ["-qmp", f"unix:{folder / 'control'},server=on,wait=off"]
        command = [*device_command(board, program, folder / "storage"), *control]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as emulator:
            try:
                talk = Conversation(SerialLink("sized", terminal_of(board, emulator)), patience=60)
                for number in ROUNDS:
                    talk.round(number)
                memory = _read_memory(folder, *_stack_of(program))
                talk.link.close()
            finally:
                emulator.kill()
    return len(memory.lstrip(PAINT))


def _stack_of(program: Path) -> tuple[int, int]:
    with program.open("rb") as stream:
        symbols = ELFFile(stream).get_section_by_name(".symtab")
        low, top = (symbols.get_symbol_by_name(name)[0]["st_value"] for name in ("tf_stack_low", "tf_stack_top"))
    return low, top - low


def _read_memory(folder: Path, address: int, size: int) -> bytes:
    copy = folder / "stack"
    with socket.socket(socket.AF_UNIX) as control:
        control.connect(str(folder / "control"))
        answers = control.makefile("rb")
        answers.readline()  # its greeting
        read = {"val": address, "size": size, "filename": str(copy)}
        for order in ({"execute": "qmp_capabilities"}, {"execute": "memsave", "arguments": read}):
            control.sendall(json.dumps(order).encode())
            while "return" not in (answer := json.loads(answers.readline())):
                if "error" in answer:
                    raise RuntimeError(f"the emulator does not show its memory: {answer['error']['desc']}")
    deadline = time.monotonic() + 5
    while copy.stat().st_size < size and time.monotonic() < deadline:
        time.sleep(0.01)
    return copy.read_bytes()
