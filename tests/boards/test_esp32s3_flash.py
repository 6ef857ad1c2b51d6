"""`tinyfl flash`: the command that esptool gets, what the device is told, and refusals; no board is needed."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from esp32s3_lab import PORT, project_of
from nvs_pages import read_nvs

from tests.cli.cli_lab import refusal, tinyfl
from tinyfl.boards.esp32s3.flash import flash, flash_plan
from tinyfl.boards.esp32s3.provisioning import nvs_image, provision_of
from tinyfl.boards.recordings import Recordings, labelled, write_recordings
from tinyfl.boards.storage import Identity
from tinyfl.errors import DataError, LinkError, TinyflError, ToolError

FILES = {"0x0": "bootloader/bootloader.bin", "0x8000": "partition_table/partition-table.bin", "0x10000": "tinyfl.bin"}
PEM = '-----BEGIN CERTIFICATE-----\nMIIB,"quoted"\n-----END CERTIFICATE-----\n'
FLEET = """fleet = "home"
[wifi]
ssid = "my, network"
password = "secret \\"word\\""
[mqtt]
broker = "mqtts://w%40tch:p%3Ass@broker.example:8884"
ca = "ca.pem"
"""


def built(folder: Path) -> Path:
    """A project as `idf.py build` of ESP-IDF 5.3 leaves it."""
    project, _ = project_of(folder)
    made = {
        "write_flash_args": ["--flash_mode", "dio", "--flash_size", "4MB", "--flash_freq", "80m"],
        "flash_settings": {"flash_mode": "dio", "flash_size": "4MB", "flash_freq": "80m"},
        "flash_files": FILES,
        "extra_esptool_args": {"after": "hard_reset", "before": "default_reset", "stub": True, "chip": "esp32s3"},
    }
    for name in FILES.values():
        (project / "build" / name).parent.mkdir(parents=True, exist_ok=True)
        (project / "build" / name).write_bytes(b"\xe9" + name.encode())
    (project / "build" / "flasher_args.json").write_text(json.dumps(made))
    return project


@pytest.fixture
def fleet_file(tmp_path: Path) -> Path:
    (tmp_path / "home.toml").write_text(FLEET)
    (tmp_path / "ca.pem").write_text(PEM)
    return tmp_path / "home.toml"


@pytest.fixture
def recorder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An esptool that writes down what it was asked, and copies what it was to write."""
    pytest.importorskip("esptool", reason="needs the extra: pip install 'tinyfl[flash]'")
    (tmp_path / "fake" / "esptool").mkdir(parents=True)
    (tmp_path / "fake" / "esptool" / "__init__.py").touch()
    (tmp_path / "fake" / "esptool" / "__main__.py").write_text(
        "import json, pathlib, shutil, sys\n"
        f"here = pathlib.Path({str(tmp_path)!r})\n"
        "(here / 'asked.json').write_text(json.dumps(sys.argv[1:]))\n"
        "for word, file in zip(sys.argv, sys.argv[1:]):\n"
        "    if word.startswith('0x'): shutil.copy(file, here / word)\n"
    )
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path / "fake"), os.environ.get("PYTHONPATH", "")]))
    (tmp_path / "port").touch()
    return tmp_path / "asked.json"


def some_recordings(path: Path, input_bytes: int = 42, label: int = 0) -> Path:
    windows = labelled(np.zeros((3, input_bytes), np.int8), [0, 1, label or 2])
    none = labelled(np.zeros((0, input_bytes), np.int8), np.zeros(0, np.uint16))
    write_recordings(Recordings(none, windows, none, windows), path)
    return path


def test_esptool_is_asked_to_write_all_parts(recorder: Path, fleet_file: Path, tmp_path: Path) -> None:
    pytest.importorskip("esp_idf_nvs_partition_gen", reason="needs the extra: pip install 'tinyfl[flash]'")
    project, recordings = built(tmp_path), some_recordings(tmp_path / "r")
    provision = provision_of(Identity("watch-1", 7), fleet_file)
    flash(project, str(tmp_path / "port"), 115200, provision, recordings)
    words = json.loads(recorder.read_text())
    assert words[: words.index("write-flash")] == [
        *("--chip", "esp32s3", "--port", str(tmp_path / "port"), "--baud", "115200"),
        *("--before", "default-reset", "--after", "hard-reset"),
    ]
    settings = ["--flash-mode", "dio", "--flash-freq", "80m", "--flash-size", "4MB"]
    assert words[words.index("write-flash") + 1 :][:6] == settings
    pairs = words[words.index("write-flash") + 7 :]
    assert pairs[::2] == ["0x0", "0x8000", "0x9000", "0x10000", "0x2c0000"]
    assert (tmp_path / "0x10000").read_bytes() == b"\xe9tinyfl.bin"
    assert (tmp_path / "0x2c0000").read_bytes() == recordings.read_bytes()
    assert read_nvs((tmp_path / "0x9000").read_bytes())["tinyfl"]["name"] == "watch-1"


def test_a_device_that_is_told_nothing_keeps_what_it_knows(recorder: Path, tmp_path: Path) -> None:
    flash(built(tmp_path), str(tmp_path / "port"), 460800, None, None)
    words = json.loads(recorder.read_text())
    assert "0x9000" not in words
    assert "0x2c0000" not in words


def test_the_real_esptool_understands_the_command_up_to_the_port(tmp_path: Path) -> None:
    """Its parser sees every option and file before it looks for the board."""
    pytest.importorskip("esptool", reason="needs the extra: pip install 'tinyfl[flash]'")
    project = built(tmp_path)
    command = [sys.executable, "-m", "esptool", *flash_plan(project).command("/dev/no-board", 460800)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert "Could not open /dev/no-board" in done.stdout + done.stderr
    wrong = [word.replace("--flash-mode", "--flash-mood") for word in command]
    done = subprocess.run(wrong, capture_output=True, text=True, check=False)
    assert "Could not open" not in done.stdout + done.stderr
    with pytest.raises(ToolError, match=r"esptool could not write to no-board .*the port is busy or doesn't exist"):
        flash(project, "no-board", 460800, None, None)


def test_the_device_reads_in_nvs_what_the_fleets_file_says(fleet_file: Path) -> None:
    pytest.importorskip("esp_idf_nvs_partition_gen", reason="needs the extra: pip install 'tinyfl[flash]'")
    image = nvs_image(provision_of(Identity("wörn", 2**32 - 1), fleet_file), 0x6000)
    assert len(image) == 0x6000
    told = read_nvs(image)["tinyfl"]
    expected = {"name": "wörn", "seed": 2**32 - 1, "fleet": "home", "ssid": "my, network", "ca": PEM}
    expected |= {
        "password": 'secret "word"',
        "broker": "mqtts://broker.example:8884",
        "user": "w@tch",
        "secret": "p:ss",
    }
    assert told == expected


def test_every_key_is_one_that_the_device_reads_and_finds_room_there() -> None:
    glue = PORT / "project" / "main"
    source, header = (glue / "provision.c").read_text(), (glue / "provision.h").read_text()
    keys = set(re.findall(r'\{"(\w+)", to->', source)) | set(re.findall(r'get_u32\(handle, "(\w+)"', source))
    assert keys == {"name", "seed", "fleet", "ssid", "password", "broker", "user", "secret", "ca"}
    assert 'nvs_open("tinyfl",' in source
    rooms = {name: int(n) for name, n in re.findall(r"(\w+)\[(\d+)\]", header)}
    assert rooms == {"fleet": 33, "ssid": 33, "password": 64, "broker": 129, "user": 129, "secret": 129, "ca": 4000}


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('ssid = "my, network"', "", "wifi.ssid is missing"),
        ('password = "secret \\"word\\""', 'password = "short"', "wifi.password"),
        ('password = "secret \\"word\\""', f'password = "{"ü" * 60}"', "password has more than the 63 bytes"),
        ("mqtts://w", "http://w", "a broker's URL has the form"),
        ('fleet = "home"', 'fleet = "a/b"', "cannot be a fleet or device"),
        ("broker.example", "b" * 130, "broker has more than the 128 bytes"),
        ("ca.pem", "gone.pem", "the certificate .*gone.pem cannot be read"),
        ("ca.pem", "home.toml", "home.toml is no certificate in PEM"),
        ("[wifi]", "[wify]", "wify is no key of it"),
    ],
)
def test_a_mistake_in_the_fleets_file_is_said(fleet_file: Path, old: str, new: str, said: str) -> None:
    assert old in FLEET
    fleet_file.write_text(FLEET.replace(old, new))
    with pytest.raises(TinyflError, match=said):
        provision_of(Identity("watch-1", 1), fleet_file)


def test_what_cannot_be_flashed_is_refused(recorder: Path, tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    project, _ = project_of(tmp_path / "a")
    port = str(tmp_path / "port")
    with pytest.raises(ToolError, match="is no project of tinyfl"):
        flash(tmp_path, port, 460800, None, None)
    with pytest.raises(ToolError, match=r"is not built yet; run `idf\.py build` in it"):
        flash(project, port, 460800, None, None)
    (tmp_path / "b").mkdir()
    project = built(tmp_path / "b")
    with pytest.raises(LinkError, match="there is no port /dev/no-board; plug the board in"):
        flash(project, "/dev/no-board", 460800, None, None)
    with pytest.raises(DataError, match="have windows of 8 bytes, the network takes 42"):
        flash(project, port, 460800, None, some_recordings(tmp_path / "r", 8))
    with pytest.raises(DataError, match=r"have a label for which the network's \d+ classes are too few"):
        flash(project, port, 460800, None, some_recordings(tmp_path / "r", label=200))
    (project / "build" / "tinyfl.bin").unlink()
    with pytest.raises(ToolError, match=r"tinyfl.bin is missing; run `idf.py build`"):
        flash(project, port, 460800, None, None)
    (project / "build" / "flasher_args.json").write_text("{}")
    with pytest.raises(ToolError, match="cannot be understood"):
        flash(project, port, 460800, None, None)
    assert not recorder.exists()


def test_the_command_refuses_in_one_sentence(tmp_path: Path) -> None:
    assert "is no project of tinyfl" in refusal(tinyfl("flash", "p", "--port", "/dev/x", cwd=tmp_path))
    done = tinyfl("flash", "p", "--port", "/dev/x", "--fleet", "f.toml", cwd=tmp_path)
    assert "give --name too" in refusal(done)
    done = tinyfl("flash", "p", "--port", "/dev/x", "--name", "n" * 33, cwd=tmp_path)
    assert "has 33 bytes; give 1 to 32" in refusal(done)


def test_without_esptool_it_says_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "esptool", None)
    with pytest.raises(ToolError, match=r"tinyfl flash needs esptool; pip install 'tinyfl\[flash\]'"):
        flash(built(tmp_path), "/dev/null", 460800, None, None)
