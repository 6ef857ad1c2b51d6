"""The glue to NVS, partitions and I2C as it is, on stand-ins for the drivers."""

from __future__ import annotations

import ctypes as ct
import struct
from pathlib import Path

import numpy as np
import pytest
from bench_lab import compiled
from esp32s3_lab import PORT, worn
from nvs_pages import read_nvs
from test_esp32s3_flash import FLEET, PEM, some_recordings

from tinyfl.boards.esp32s3.provisioning import nvs_image, provision_of
from tinyfl.boards.firmware import firmware_dir
from tinyfl.boards.storage import Identity
from tinyfl.boards.toolchain import build
from tinyfl.wire.zcbor_runtime import ZCBOR_DEFINES, ZCBOR_FLAGS, zcbor_runtime

TEXT = ct.CFUNCTYPE(ct.c_char_p, ct.c_char_p)
ROOMS = (("name", 33), ("seed", 0), ("fleet", 33), ("ssid", 33), ("password", 64), ("broker", 129), ("user", 129))
EMPTY, SPACE, IO, VERSION = -8, -2, -7, -4


class Provision(ct.Structure):
    _fields_ = tuple(
        (name, ct.c_char * size if size else ct.c_uint32) for name, size in (*ROOMS, ("secret", 129), ("ca", 4000))
    )


@pytest.fixture(scope="module")
def glue(tmp_path_factory: pytest.TempPathFactory) -> ct.CDLL:
    network = tmp_path_factory.mktemp("glue")
    compiled(worn(), network)
    firmware = firmware_dir()
    main, live, emulated = PORT / "project" / "main", firmware / "ports" / "live", firmware / "ports" / "emulated"
    sources = [main / name for name in ("provision.c", "partition_area.c", "i2c_imu.c")]
    sources += [live / "imu_chips.c", emulated / "recordings.c", Path(__file__).with_name("glue_idf.c")]
    sources += [network / "net.c", *sorted((firmware / "kernels").glob("*.c"))]
    for folder in ("core", "gen"):
        sources += sorted((firmware / folder).glob("*.c"))
    include = [network, main, live, emulated, PORT / "declared"]
    include += [firmware / folder for folder in ("include", "core", "gen")]
    zcbor_include, zcbor = zcbor_runtime()
    flags = ["-O1", *ZCBOR_FLAGS]
    library = ct.CDLL(str(build([*sources, *zcbor], [*include, zcbor_include], ZCBOR_DEFINES, flags=flags)))
    assert library.provision_bytes() == ct.sizeof(Provision)
    return library


def told(glue: ct.CDLL, texts: dict[str, str], seed: int = 3, there: int = 1) -> tuple[int, Provision]:
    to = Provision()
    answers = TEXT(lambda key: texts[key.decode()].encode() if key.decode() in texts else None)
    return glue.read_provision(answers, seed, there, ct.byref(to)), to


def test_a_device_knows_what_the_fleets_file_says(glue: ct.CDLL, tmp_path: Path) -> None:
    pytest.importorskip("esp_idf_nvs_partition_gen", reason="needs the extra: pip install 'tinyfl[flash]'")
    (tmp_path / "home.toml").write_text(FLEET)
    (tmp_path / "ca.pem").write_text(PEM)
    provision = provision_of(Identity("wörn", 77), tmp_path / "home.toml")
    stored = read_nvs(nvs_image(provision, 0x6000))["tinyfl"]
    status, to = told(glue, {k: v for k, v in stored.items() if isinstance(v, str)}, int(stored["seed"]))
    assert (status, to.name.decode(), to.seed) == (0, "wörn", 77)
    assert {key: getattr(to, key).decode() for key in provision.texts} == provision.texts


def test_what_a_device_was_not_told_is_empty_and_what_is_too_long_refused(glue: ct.CDLL) -> None:
    status, to = told(glue, {"name": "w"})
    assert (status, to.name, to.fleet, to.ca) == (0, b"w", b"", b"")
    assert told(glue, {})[0] == EMPTY
    assert told(glue, {"name": "w"}, there=0)[0] == EMPTY
    assert told(glue, {"name": "n" * 33})[0] == SPACE
    assert told(glue, {"name": "n" * 32, "ca": "c" * 3999})[0] == 0
    assert told(glue, {"name": "w", "ca": "c" * 4000})[0] == SPACE


def test_a_partition_is_flash_by_its_sectors(glue: ct.CDLL) -> None:
    memory = ct.create_string_buffer(b"\0" * 3 * 4096)
    assert glue.area_open(memory, 3 * 4096, b"labels") == EMPTY
    assert glue.area_open(memory, 3 * 4096, b"state") == 3
    assert glue.area_erase(1) == 0
    assert memory.raw[: 3 * 4096] == b"\0" * 4096 + b"\xff" * 4096 + b"\0" * 4096
    unit, back = bytes(range(64)), ct.create_string_buffer(64)
    assert glue.area_write(4096 + 64, unit, 64) == 0
    assert glue.area_read(4096 + 64, back, 64) == 0
    assert back.raw == unit
    assert (glue.area_erase(3), glue.area_write(3 * 4096, unit, 64), glue.area_read(3 * 4096, back, 64)) == (IO, IO, IO)


def test_recordings_are_found_in_their_partition_or_there_are_none(glue: ct.CDLL, tmp_path: Path) -> None:
    for input_bytes, expected in ((42, 6), (8, EMPTY)):
        written = some_recordings(tmp_path / "r", input_bytes).read_bytes()
        memory = ct.create_string_buffer(written + b"\xff" * (8192 - len(written)), 8192)
        glue.area_open(memory, 8192, b"state")
        assert glue.windows_in(b"state") == expected
    assert glue.windows_in(b"windows") == EMPTY
    glue.area_open(ct.create_string_buffer(b"\xff" * 8192, 8192), 8192, b"state")
    assert glue.windows_in(b"state") == EMPTY


@pytest.mark.parametrize(("mpu", "identity", "data", "layout"), [(1, 0x68, 0x3B, ">3hh3h"), (0, 0x47, 0x1F, ">3h3h")])
def test_an_imu_is_found_set_up_and_read(glue: ct.CDLL, mpu: int, identity: int, data: int, layout: str) -> None:
    registers = bytearray(128)
    words = [4096, -8192, 0, *([123] if mpu else []), 16384, -32768, 1]
    registers[data : data + struct.calcsize(layout)] = struct.pack(layout, *words)
    assert glue.imu_begin(mpu, bytes(registers), 1) == VERSION, "another chip answers"
    registers[0x75] = identity
    assert glue.imu_begin(mpu, bytes(registers), 0) == IO, "nobody answers"
    assert glue.imu_begin(mpu, bytes(registers), 1) == 0
    values, asked = np.zeros(6, np.float32), ct.create_string_buffer(64)
    assert glue.imu_sample(values.ctypes.data_as(ct.c_void_p)) == 0
    assert np.allclose(values, [1, -2, 0, *np.deg2rad([1000, -2000, 2000 / 32768])], rtol=1e-6)
    pairs = [tuple(asked.raw[i : i + 2]) for i in range(0, glue.imu_written(asked), 2)]
    assert pairs[0] == ((0x6B, 0x80) if mpu else (0x11, 0x01)), "reset first"
    assert pairs[-1] == ((0x1C, 0x10) if mpu else (0x4E, 0x0F)), "on last"
