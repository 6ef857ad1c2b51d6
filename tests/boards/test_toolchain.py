import ctypes
import shlex
import shutil
import subprocess
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import pytest

from tinyfl.boards.build_cache import keep
from tinyfl.boards.firmware import firmware_dir
from tinyfl.boards.headers import reached_headers
from tinyfl.boards.toolchain import build, find_compiler
from tinyfl.errors import ToolError


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TINYFL_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "build"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "include").mkdir()
    (tmp_path / "include" / "inner.h").write_text("#define STEP 1\n")
    (tmp_path / "include" / "outer.h").write_text('#include "inner.h"\n#include <stdint.h>\nint32_t next(int32_t x);\n')
    (tmp_path / "next.c").write_text('#include "outer.h"\nint32_t next(int32_t x) { return x + STEP * FACTOR; }\n')
    (tmp_path / "main.c").write_text('#include "outer.h"\nint main(void) { return (int)next(40); }\n')
    return tmp_path


def library(project: Path, factor: int = 1) -> Path:
    return build([project / "next.c"], [project / "include"], {"FACTOR": factor})


def call_next(path: Path) -> int:
    return ctypes.CDLL(str(path)).next(10)


def test_the_firmware_of_a_checkout_has_the_kernel_header() -> None:
    assert (firmware_dir() / "include" / "tf_kernels.h").is_file()


def test_a_library_and_an_executable_run(project: Path) -> None:
    assert call_next(library(project, 5)) == 15
    program = build(
        [project / "main.c", project / "next.c"],
        [project / "include"],
        {"FACTOR": 2},
        project / "out" / "program",
        False,
    )
    assert program == project / "out" / "program"
    assert subprocess.run([program], check=False).returncode == 42


def test_a_header_reached_through_another_counts_and_its_system_headers_do_not(project: Path) -> None:
    include = project / "include"
    assert reached_headers(project / "next.c", [include]) == [include / "outer.h", include / "inner.h"]


def test_what_is_built_is_kept_until_a_source_a_header_or_a_define_changes(project: Path, cache: Path) -> None:
    first = library(project)
    stamp = first.stat().st_mtime_ns
    assert library(project) == first
    assert first.stat().st_mtime_ns == stamp
    assert call_next(library(project, 2)) == 12
    (project / "include" / "inner.h").write_text("#define STEP 7\n")
    assert call_next(library(project)) == 17
    (project / "next.c").write_text('#include "outer.h"\nint32_t next(int32_t x) { return x * FACTOR; }\n')
    assert call_next(library(project)) == 10
    assert len(list(cache.glob("*.so"))) == 4


def test_a_header_that_does_not_matter_rebuilds_nothing(project: Path) -> None:
    first = library(project)
    (project / "include" / "other.h").write_text("#define STEP 9\n")
    assert library(project) == first


def test_processes_that_build_at_once_all_get_a_whole_library(project: Path, cache: Path) -> None:
    with ProcessPoolExecutor(4) as pool:
        paths = list(pool.map(library, [project] * 8))
    assert len(set(paths)) == 1
    assert call_next(paths[0]) == 11
    assert sorted(path.suffix for path in cache.iterdir()) == [".o", ".so"]


def test_what_one_process_built_is_not_replaced_by_another(project: Path, cache: Path) -> None:
    """A linker may be reading it, and objects for optimisation at link time differ from build to build."""
    part, target = project / "part", project / "target"
    for text in ("first", "second"):
        part.write_text(text)
        keep(part, target)
        part.unlink(missing_ok=True)
    assert target.read_text() == "first"


def test_a_refused_source_is_named_with_the_complaint(project: Path, cache: Path) -> None:
    (project / "next.c").write_text("int next(int x) { return missing; }\n")
    with pytest.raises(ToolError, match=r"could not compile next\.c .*'?missing'?") as raised:
        library(project)
    assert "\n" not in str(raised.value)
    assert [path.suffix for path in cache.iterdir()] == [".log"]


def test_a_warning_of_gcc_is_an_error(project: Path) -> None:
    if not find_compiler().is_gcc:
        pytest.skip("the compiler found is not gcc")
    (project / "next.c").write_text("int next(int x) { int unused; return x; }\n")
    with pytest.raises(ToolError, match="unused"):
        library(project)


def test_cc_is_taken_with_its_arguments(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CC", shlex.join([*find_compiler().command, "-DSTEP=3"]))
    (project / "include" / "inner.h").write_text("")
    assert call_next(library(project)) == 13


def test_a_cc_that_does_not_run_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CC", "no-such-compiler")
    with pytest.raises(ToolError, match="no-such-compiler"):
        find_compiler()


def test_without_any_compiler_the_remedy_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("CC", raising=False)
    monkeypatch.setattr(shutil, "which", lambda name: None)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(ToolError, match="pip install ziglang"):
        find_compiler()
