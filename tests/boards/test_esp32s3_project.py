"""`tinyfl build --target esp32s3`: what the project holds, that it is the same each time, and what is refused."""

from __future__ import annotations

import ctypes as ct
import itertools
import json
import re
from pathlib import Path

import numpy as np
import pytest
from bench_lab import compiled, wide
from esp32s3_lab import PORT, SIX_CHANNELS, project_of, worn

from tests.cli.cli_lab import refusal, tinyfl
from tinyfl.boards.esp32s3.partitions import partition
from tinyfl.boards.esp32s3.project import build_project, state_bytes
from tinyfl.boards.esp32s3.sensor import Sensor, input_header, sensor_of
from tinyfl.boards.firmware import firmware_dir
from tinyfl.boards.toolchain import build
from tinyfl.errors import BudgetError, DataError, ModelError, ToolError


def contents(folder: Path) -> dict[str, bytes]:
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def test_a_project_has_all_it_includes_and_a_build_repeats_it(tmp_path: Path) -> None:
    project, _ = project_of(tmp_path)
    again = tmp_path / "again"
    build_project(tmp_path / "network", again, 16, SIX_CHANNELS)
    assert contents(project) == contents(again)
    fixed = {str(f.relative_to(PORT / "project")) for f in (PORT / "project").rglob("*") if f.is_file()}
    assert fixed <= set(contents(project))
    component = project / "components" / "tinyfl"
    assert "Apache License" in (component / "zcbor" / "LICENSE").read_text()
    for name, text in contents(component).items():
        if name.endswith((".c", ".h")):
            for header in re.findall(r'#include "([^"]+)"', text.decode()):
                assert list(component.rglob(header)), f"{name} includes {header}"
    assert not any(str(firmware_dir().parent).encode() in text for text in contents(project).values())
    assert [p.name for p in tmp_path.iterdir() if p.name.startswith(".")] == []


def test_building_again_keeps_what_a_user_changed(tmp_path: Path) -> None:
    project, _ = project_of(tmp_path)
    (project / "main" / "main.c").write_text("/* mine */\n")
    (project / "sdkconfig").write_text("CONFIG_TINYFL_LINE_UART=y\n")
    (project / "components" / "tinyfl" / "core" / "gone.c").write_text("")
    build_project(tmp_path / "network", project, 5, SIX_CHANNELS)
    assert (project / "main" / "main.c").read_text() == "/* mine */\n"
    assert (project / "sdkconfig").is_file()
    assert not (project / "components" / "tinyfl" / "core" / "gone.c").exists()
    assert "#define TF_STORE_WINDOWS 5u" in (project / "components/tinyfl/network/tf_input.h").read_text()


def test_the_header_quantises_as_the_bundle_does(tmp_path: Path) -> None:
    bundle = compiled(worn(), tmp_path / "network")
    (tmp_path / "tf_input.h").write_text(input_header(bundle, SIX_CHANNELS, 9))
    source = '#include "quantizer.h"\n#include "tf_input.h"\nvoid quantize(const float *v, signed char *to) {\n'
    source += "static const float f[] = TF_INPUT_FACTORS, o[] = TF_INPUT_OFFSETS;\n"
    source += "quantize_values(v, f, o, TF_INPUT_CHANNELS, to);\n}\n"
    source += "unsigned numbers[] = {TF_INPUT_ROWS, TF_INPUT_CHANNELS, TF_INPUT_HOP, TF_INPUT_RATE_MHZ};\n"
    (tmp_path / "shim.c").write_text(source)
    live = firmware_dir() / "ports" / "live"
    library = ct.CDLL(str(build([tmp_path / "shim.c", live / "quantizer.c"], [tmp_path, live])))
    assert list((ct.c_uint * 4).in_dll(library, "numbers")) == [7, 6, 3, 52500]
    rng = np.random.default_rng(0)
    values = rng.normal(0, 4, (500, 6)).astype(np.float32)
    normalised = (values - np.array(SIX_CHANNELS.mean)) / np.array(SIX_CHANNELS.std)
    expected = bundle.quantize_input(normalised[:, None, None, :])[:, 0, 0]
    found = np.zeros((500, 6), np.int8)
    for row, to in zip(values, found, strict=True):
        library.quantize(row.ctypes.data_as(ct.c_void_p), to.ctypes.data_as(ct.c_void_p))
    assert (np.abs(found - expected) <= 1).all()
    assert (found != expected).mean() < 0.002, "only ties of float32"
    assert len(np.unique(found)) > 50


def test_the_state_is_as_large_as_the_core_says(tmp_path: Path) -> None:
    bundle = compiled(worn(), tmp_path)
    firmware = firmware_dir()
    source = '#include "net.h"\n#include "tf_device.h"\n'
    source += "unsigned bytes(unsigned store) { return 2 * tf_device_slot_bytes(&tf_model_net, store, 4096); }\n"
    (tmp_path / "shim.c").write_text(source)
    own = [tmp_path / "shim.c", tmp_path / "net.c", *sorted((firmware / "kernels").glob("*.c"))]
    own += [
        firmware / "core" / name
        for name in ("tf_flash.c", "tf_frame.c", "tf_memory.c", "tf_sample.c", "tf_shared.c", "tf_windows.c")
    ]
    library = ct.CDLL(str(build(own, [tmp_path, firmware / "include", firmware / "core"], flags=["-Wl,-z,lazy"])))
    for store in (1, 16, 300):
        assert library.bytes(store) == state_bytes(bundle, store)


def test_what_does_not_fit_or_would_overwrite_is_refused_and_leaves_nothing(tmp_path: Path) -> None:
    compiled(worn(), tmp_path / "network")
    with pytest.raises(BudgetError, match=r"a store of 6000 needs .* give a smaller --store"):
        build_project(tmp_path / "network", tmp_path / "out", 6000, Sensor())
    compiled(wide(), tmp_path / "wide")
    with pytest.raises(BudgetError, match="over the 262,144 B that ESP-IDF leaves"):
        build_project(tmp_path / "wide", tmp_path / "out", 1, Sensor())
    compiled(worn(), tmp_path / "whole", fraction_bits=0)
    with pytest.raises(ModelError, match="compile it with --fraction-bits 8"):
        build_project(tmp_path / "whole", tmp_path / "out", 1, Sensor())
    with pytest.raises(DataError, match="2 values of mean, the network 6 channels"):
        build_project(tmp_path / "network", tmp_path / "out", 1, Sensor(mean=(1, 2)))
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "precious").write_text("")
    for out in (tmp_path / "mine", tmp_path / "mine" / "precious"):
        with pytest.raises(ToolError, match="exists and is no project of tinyfl"):
            build_project(tmp_path / "network", out, 1, Sensor())
    assert sorted(p.name for p in tmp_path.iterdir()) == ["mine", "network", "whole", "wide"]
    assert [p.name for p in (tmp_path / "mine").iterdir()] == ["precious"]


def test_a_projects_own_partitions_decide_when_it_is_built_again(tmp_path: Path) -> None:
    compiled(worn(), tmp_path / "network")
    build_project(tmp_path / "network", tmp_path / "out", 16, Sensor())
    table = tmp_path / "out" / "partitions.csv"
    table.write_text(table.read_text().replace("0x200000, 0x80000", "0x200000, 0x1000"))
    with pytest.raises(BudgetError, match="the partition `state` has 4,096 B"):
        build_project(tmp_path / "network", tmp_path / "out", 16, Sensor())


def test_a_sensor_file_is_read_or_its_first_mistake_said(tmp_path: Path) -> None:
    assert sensor_of(tmp_path, None) == Sensor()
    (tmp_path / "sensor.toml").write_text("rate_hz = 100\nhop = 20\nmean = [0, 1.5]\nstd = [1, 2]\n")
    assert sensor_of(tmp_path, None) == Sensor(rate_hz=100, hop=20, mean=(0, 1.5), std=(1, 2))
    for text, said in (
        ("rate = 5", "rate is no key of it"),
        ("std = [0]", "std.0 Input should be greater than 0"),
        ("mean = [nan]", "mean.0 Input should be a finite number"),
        ("hop = 0", "hop"),
        ("hop = ", "cannot be read"),
    ):
        (tmp_path / "bad.toml").write_text(text)
        with pytest.raises(DataError, match=said):
            sensor_of(tmp_path, tmp_path / "bad.toml")


def test_the_command_says_what_comes_next(tmp_path: Path) -> None:
    compiled(worn(), tmp_path / "net")
    done = tinyfl("build", "net", "--target", "esp32s3", "--store", "20", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "next: cd net/esp32s3 && idf.py menuconfig" in done.stdout
    done = tinyfl("build", "net", "--target", "esp32s3", "-o", "p", "--json", cwd=tmp_path)
    assert json.loads(done.stdout) == {"project": "p", "store": 64}
    assert "give another folder with -o" in refusal(
        tinyfl("build", "net", "--target", "esp32s3", "-o", ".", cwd=tmp_path)
    )
    assert "belong to --target esp32s3" in refusal(tinyfl("build", "net", "-o", "q", cwd=tmp_path))
    assert "tinyfl build DIR --target esp32s3" in refusal(tinyfl("bench", "net", "--target", "esp32s3", cwd=tmp_path))


def test_the_partition_table_is_without_gaps_and_in_4_mb(tmp_path: Path) -> None:
    table = PORT / "project" / "partitions.csv"
    names = ["nvs", "phy_init", "factory", "state", "labels", "windows"]
    parts = [partition(table, name) for name in names]
    for part, following in itertools.pairwise(parts):
        assert part.offset + part.size == following.offset
        assert part.size % 4096 == 0
    assert parts[0].offset == 0x9000
    assert parts[2].offset % 0x10000 == 0
    assert parts[-1].offset + parts[-1].size == 4 << 20
    with pytest.raises(ToolError, match="no partition ota"):
        partition(table, "ota")
    (tmp_path / "t.csv").write_text("nvs, data, nvs, , 24K\n")
    with pytest.raises(ToolError, match="no offset and size"):
        partition(tmp_path / "t.csv", "nvs")
