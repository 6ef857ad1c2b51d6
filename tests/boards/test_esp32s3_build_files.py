"""The project's Kconfig by Espressif's own generator; its CMake file with a stand-in for ESP-IDF's function."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from esp32s3_lab import PORT, project_of

ROOT_KCONFIG = 'mainmenu "device"\nsource "{main}/Kconfig.projbuild"\nsource "{component}/Kconfig"\n'
STAND_IN = """
cmake_minimum_required(VERSION 3.16)
project(stand_in C)
function(idf_component_register)
  cmake_parse_arguments(ARG "" "" "SRC_DIRS;INCLUDE_DIRS" ${ARGN})
  foreach(folder ${ARG_SRC_DIRS})
    file(GLOB found ${CMAKE_CURRENT_LIST_DIR}/${folder}/*.c)
    list(APPEND sources ${found})
  endforeach()
  add_library(component OBJECT ${sources})
  list(TRANSFORM ARG_INCLUDE_DIRS PREPEND ${CMAKE_CURRENT_LIST_DIR}/)
  target_include_directories(component PUBLIC ${ARG_INCLUDE_DIRS})
  set(COMPONENT_LIB component PARENT_SCOPE)
endfunction()
set(CONFIG_TINYFL_OPTIMISE_SPEED y)
add_subdirectory(${COMPONENT} component)
"""


def configured(folder: Path, *settings: str) -> dict[str, str]:
    """The constants of the ``sdkconfig.h`` that IDF would generate."""
    pytest.importorskip("kconfgen", reason="needs esp-idf-kconfig, Espressif's: pip install 'tinyfl[dev]'")
    project = PORT / "project"
    (folder / "Kconfig").write_text(
        ROOT_KCONFIG.format(main=project / "main", component=project / "components" / "tinyfl")
    )
    (folder / "defaults").write_text("\n".join(settings) + "\n")
    words = ["--kconfig", "Kconfig", "--defaults", "defaults", "--output", "header", "sdkconfig.h"]
    done = subprocess.run(
        [sys.executable, "-m", "kconfgen", *words], cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "warning" not in (done.stdout + done.stderr).lower()
    return dict(re.findall(r"#define (CONFIG_\w+) (\S+)", (folder / "sdkconfig.h").read_text()))


def test_the_menu_defines_what_the_glue_is_checked_with(tmp_path: Path) -> None:
    declared = dict(re.findall(r"#define (CONFIG_\w+) (\S+)", (PORT / "declared" / "sdkconfig.h").read_text()))
    values = {name: value for name, value in declared.items() if "_LINE_" not in name and "_SENSOR_" not in name}
    found = configured(tmp_path)
    assert values.items() <= found.items()
    assert {name for name in found if "_LINE_" in name or "_SENSOR_" in name} == {
        "CONFIG_TINYFL_LINE_USB",
        "CONFIG_TINYFL_SENSOR_NONE",
    }
    assert found["CONFIG_TINYFL_OPTIMISE_SPEED"] == "1"


def test_wifi_halves_what_the_network_may_take(tmp_path: Path) -> None:
    found = configured(tmp_path, "CONFIG_TINYFL_LINE_MQTT=y", "CONFIG_TINYFL_SENSOR_ICM42688=y")
    assert found["CONFIG_TINYFL_SRAM_BYTES"] == "131072"
    assert found["CONFIG_TINYFL_SENSOR_ICM42688"] == "1"
    assert "CONFIG_TINYFL_LINE_USB" not in found


@pytest.mark.slow
def test_the_component_compiles_as_its_build_file_says(tmp_path: Path) -> None:
    if shutil.which("cmake") is None or shutil.which("make") is None:
        pytest.skip("cmake is not installed; on Debian: apt install cmake make")
    project, _ = project_of(tmp_path, grad_bits=16)
    component = project / "components" / "tinyfl"
    (tmp_path / "CMakeLists.txt").write_text(STAND_IN)
    options = ["-G", "Unix Makefiles", f"-DCOMPONENT={component}", "-DCMAKE_EXPORT_COMPILE_COMMANDS=ON"]
    for command in (["-S", ".", "-B", "made", *options], ["--build", "made", "-j2"]):
        done = subprocess.run(["cmake", *command], cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
    commands = json.loads((tmp_path / "made" / "compile_commands.json").read_text())
    assert {Path(c["file"]) for c in commands} == set(component.rglob("*.c"))
    for each in commands:
        assert {"-DTF_GRAD_BITS=16", "-DZCBOR_CANONICAL=1", "-O2", "-fno-strict-aliasing"} <= set(
            each["command"].split()
        )
