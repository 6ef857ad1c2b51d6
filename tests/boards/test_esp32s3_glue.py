"""The glue to ESP-IDF against our declarations of what it calls, and all else of a project, compiled for Xtensa."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from esp32s3_lab import PORT, STRICT, compile_xtensa, project_of, require_xtensa

from tinyfl.boards.firmware import firmware_dir
from tinyfl.wire.zcbor_runtime import ZCBOR_FLAGS

GLUE = sorted((PORT / "project" / "main").glob("*.c"))
DECLARED = sorted((PORT / "declared").rglob("*.h"))
FREESTANDING = firmware_dir() / "ports" / "freestanding"
LINES = ("USB", "UART", "MQTT")
SENSORS = ("NONE", "MPU6050", "ICM42688", "ADC")
CHOSEN = {"board_link.c": LINES, "board_sensor.c": SENSORS, "main.c": ("NONE", "MPU6050")}
COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return project_of(tmp_path_factory.mktemp("esp32s3"))[0]


def includes(project: Path) -> list[Path]:
    component = project / "components" / "tinyfl"
    folders = ("include", "core", "gen", "live", "network", "zcbor/include")
    return [*(component / folder for folder in folders), PORT / "declared", FREESTANDING]


def choices(chosen: str) -> list[str]:
    """Every line and sensor is defined, as in a preprocessor of IDF only the chosen one to 1."""
    names = [f"LINE_{name}" for name in LINES] + [f"SENSOR_{name}" for name in SENSORS]
    return [f"-DCONFIG_TINYFL_{name}={int(name.endswith(chosen))}" for name in names]


CASES = [(file, choice) for file in GLUE for choice in CHOSEN.get(file.name, ("USB",))]


@pytest.mark.parametrize(("file", "choice"), CASES, ids=lambda value: getattr(value, "name", value))
def test_the_glue_fits_the_declared_signatures(file: Path, choice: str, project: Path, tmp_path: Path) -> None:
    require_xtensa()
    options = [*STRICT, *choices(choice), "-DTF_GRAD_BITS=8"]
    done = compile_xtensa(project / "main" / file.name, includes(project), options, tmp_path / "o")
    assert done.returncode == 0, done.stderr


def test_a_wrong_call_would_not_compile(project: Path, tmp_path: Path) -> None:
    require_xtensa()
    source = (project / "main" / "usb_line.c").read_text()
    assert "read_bytes(to, 1," in source
    (tmp_path / "usb_line.c").write_text(source.replace("read_bytes(to, 1,", "read_bytes(1, to,"))
    options = [*STRICT, f"-I{project / 'main'}"]
    assert compile_xtensa(tmp_path / "usb_line.c", includes(project), options, tmp_path / "o").returncode != 0
    (tmp_path / "usb_line.c").write_text(source.replace("usb_serial_jtag_write_bytes(", "usb_serial_jtag_put("))
    assert compile_xtensa(tmp_path / "usb_line.c", includes(project), options, tmp_path / "o").returncode != 0


def test_each_declared_function_and_constant_is_used() -> None:
    """The other direction, a call of something undeclared, does not compile."""
    calls = COMMENT.sub("", "".join(file.read_text() for file in (*GLUE, *GLUE[0].parent.glob("*.h"))))
    for header in DECLARED:
        if header.name == "sdkconfig.h":
            continue
        text = COMMENT.sub("", header.read_text())
        functions = re.findall(r"^(?!typedef|#)[\w *]*?\b(\w+)\((?!\*)", text, re.MULTILINE)
        macros = re.findall(r"#define (\w+)(?:\(| )", text)
        for name in (*functions, *macros):
            if name in ("declared_log", "configTICK_RATE_HZ", "ESP_ERR_NVS_BASE"):
                continue  # what declared macros are made of
            assert re.search(rf"\b{name}\b", calls), f"{header.name} declares {name}, which no glue uses"


def test_each_setting_is_one_of_the_menu_and_used() -> None:
    menu = set(re.findall(r"config (TINYFL_\w+)", (PORT / "project" / "main" / "Kconfig.projbuild").read_text()))
    used = set(
        re.findall(r"CONFIG_(TINYFL_\w+)", "".join(file.read_text() for file in (*GLUE, *GLUE[0].parent.glob("*.h"))))
    )
    defaults = {"TINYFL_LINE_USB"}  # the case that no condition names
    assert menu - defaults == used
    declared = set(re.findall(r"CONFIG_(TINYFL_\w+)", (PORT / "declared" / "sdkconfig.h").read_text()))
    assert declared == used


def test_all_sources_of_main_are_in_its_build_file() -> None:
    named = set(re.findall(r'"(\w+\.c)"', (PORT / "project" / "main" / "CMakeLists.txt").read_text()))
    assert named == {file.name for file in GLUE}


@pytest.mark.slow
@pytest.mark.parametrize("grad_bits", [8, 16])
def test_all_else_of_a_project_compiles_for_xtensa(grad_bits: int, tmp_path: Path) -> None:
    require_xtensa()
    project, _ = project_of(tmp_path, grad_bits=grad_bits)
    component = project / "components" / "tinyfl"
    settings = dict(re.findall(r"set\((\w+) (.*)\)", (component / "network" / "network.cmake").read_text()))
    assert settings["TINYFL_GRAD_BITS"] == str(grad_bits)
    assert settings["TINYFL_ZCBOR_FLAGS"] == " ".join(f'"{flag}"' for flag in ZCBOR_FLAGS)
    defines = [f"-D{word}" for word in re.findall(r'"([^"]*)"', settings["TINYFL_ZCBOR_DEFINES"])]
    options = ["-Wall", "-Wextra", "-Werror", f"-DTF_GRAD_BITS={grad_bits}", *defines, *ZCBOR_FLAGS]
    options.append("-DZCBOR_PRINT_FUNC=no_print")  # there is no stdio.h here
    sources = sorted(component.rglob("*.c"))
    assert {file.parent.name for file in sources} == {"core", "gen", "kernels", "live", "network", "src"}
    listed = re.search(r"SRC_DIRS ([^\n]*)", (component / "CMakeLists.txt").read_text())
    assert listed is not None
    assert set(re.findall(r'"([^"]*)"', listed[1])) == {str(file.parent.relative_to(component)) for file in sources}
    with ThreadPoolExecutor(2) as pool:
        jobs = [
            pool.submit(compile_xtensa, file, includes(project), options, tmp_path / f"{number}.o")
            for number, file in enumerate(sources)
        ]
    for file, job in zip(sources, jobs, strict=True):
        assert job.result().returncode == 0, f"{file.name}: {job.result().stderr}"
