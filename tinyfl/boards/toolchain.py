"""Compiles C for the host: finds a compiler, and keeps every object and library it built.

Two caches in one folder (``$TINYFL_CACHE``, else the user's cache folder): objects by the content of a source, of the
headers it reaches, of flags and compiler; linked files by their objects. Files appear in it by an atomic rename, so
any number of processes may build at once.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from tinyfl.boards.headers import reached_headers
from tinyfl.errors import ToolError

DEFAULT_FLAGS = ("-O3",)
_LANGUAGE = ("-std=c11", "-ffp-contract=off", "-fPIC")
_WARNINGS = ("-Wall", "-Wextra")
_REMEDY = "pip install ziglang, or install gcc"


@dataclass(frozen=True)
class Compiler:
    """A C compiler that runs on this machine: the command that starts it and what it says its version is."""

    command: tuple[str, ...]
    version: str

    @property
    def is_gcc(self) -> bool:
        """Whether it is GCC: only its warnings are tried and therefore errors."""
        return "Free Software Foundation" in self.version


def find_compiler() -> Compiler:
    """Return ``$CC`` if set, else cc, gcc or clang on the path, else the ``ziglang`` wheel's; ToolError if none."""
    chosen = shlex.split(os.environ.get("CC", ""))
    if chosen:
        version = _version(tuple(chosen))
        if version is None:
            raise ToolError(f"the compiler named by CC, `{shlex.join(chosen)}`, does not run; correct CC or unset it")
        return Compiler(tuple(chosen), version)
    candidates = [(path,) for name in ("cc", "gcc", "clang") if (path := shutil.which(name))]
    wheel = [(sys.executable, "-m", "ziglang", "cc")] if importlib.util.find_spec("ziglang") else []
    for command in (*candidates, *wheel):
        version = _version(command)
        if version is not None:
            return Compiler(command, version)
    raise ToolError(f"no C compiler on this machine; {_REMEDY}")


def cache_dir() -> Path:
    """Folder for what can be built again: ``$TINYFL_CACHE``, else ``tinyfl`` in the user's cache folder."""
    named = os.environ.get("TINYFL_CACHE")
    if named:
        return Path(named).expanduser()
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "tinyfl"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "tinyfl"


def build(
    sources: Iterable[Path],
    include_dirs: Sequence[Path] = (),
    defines: Mapping[str, str | int] | None = None,
    output: Path | None = None,
    shared: bool = True,
    flags: Sequence[str] = DEFAULT_FLAGS,
) -> Path:
    """Compile C sources and link them, or find the result of an earlier call.

    Args:
        sources: C files; their order is the linker's.
        include_dirs: searched for headers, in this order, after the folder of the including file.
        defines: preprocessor names and their values.
        output: where to put a copy; its folder is made. Without it the file stays in the cache alone.
        shared: a library for ``ctypes`` if true, else an executable.
        flags: for compiling and linking, beside the language standard and the warnings; ``-Wl,`` ones only for linking.

    Returns:
        ``output``, or the file in the cache.

    Raises:
        ToolError: no compiler, or it refused; the message has its first complaint and where the others are.
    """
    compiler = find_compiler()
    compiling = [flag for flag in flags if not flag.startswith("-Wl,")]  # zig would apply them to single objects
    options = [*_LANGUAGE, *_WARNINGS, *(["-Werror"] if compiler.is_gcc else []), *compiling]
    options += [f"-D{name}={value}" for name, value in (defines or {}).items()]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        jobs = [pool.submit(_compile, compiler, Path(source), include_dirs, options) for source in sources]
        objects = [job.result() for job in jobs]
    link = [*flags, *(["-shared"] if shared else [])]
    inputs = [path.name.encode() for path in objects]
    built = _stored(_key(compiler, link, inputs) + (".so" if shared else ".exe"))
    if not built.exists():
        _run(compiler, [*map(str, objects), *link], built, "link")
    return built if output is None else _place(built, output)


def _compile(compiler: Compiler, source: Path, include_dirs: Sequence[Path], options: list[str]) -> Path:
    contents = [source.read_bytes()]
    contents += [
        part for path in reached_headers(source, include_dirs) for part in (path.name.encode(), path.read_bytes())
    ]
    target = _stored(_key(compiler, options, contents) + ".o")
    if not target.exists():
        includes = [f"-I{folder}" for folder in include_dirs]
        _run(compiler, ["-c", *options, *includes, str(source)], target, f"compile {source.name}")
    return target


def _run(compiler: Compiler, arguments: list[str], target: Path, purpose: str) -> None:
    unfinished = _unfinished(target)
    try:
        done = subprocess.run(
            [*compiler.command, *arguments, "-o", str(unfinished)], capture_output=True, text=True, check=False
        )
        if done.returncode:
            log = target.with_suffix(".log")
            log.write_text(done.stdout + done.stderr)
            lines = done.stderr.splitlines()
            first = next((line for line in lines if "error" in line), lines[0] if lines else "no message")
            raise ToolError(
                f"{Path(compiler.command[0]).name} could not {purpose} ({first.strip()}); all of it is in {log}"
            )
        os.replace(unfinished, target)
    finally:
        unfinished.unlink(missing_ok=True)


def _place(built: Path, output: Path) -> Path:
    output.parent.mkdir(parents=True, exist_ok=True)
    unfinished = _unfinished(output)
    try:
        shutil.copy(built, unfinished)
        os.replace(unfinished, output)
    finally:
        unfinished.unlink(missing_ok=True)
    return output


def _unfinished(target: Path) -> Path:
    handle, name = tempfile.mkstemp(prefix=target.stem, suffix=target.suffix, dir=target.parent)
    os.close(handle)
    return Path(name)


def _stored(name: str) -> Path:
    folder = cache_dir() / "build"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ToolError(f"cannot write to the cache folder {folder}; set TINYFL_CACHE to one you own") from error
    return folder / name


def _key(compiler: Compiler, options: Sequence[str], contents: Iterable[bytes]) -> str:
    digest = hashlib.sha256()
    for part in (repr((compiler.command, compiler.version, tuple(options))).encode(), *contents):
        digest.update(len(part).to_bytes(8, "little") + part)
    return digest.hexdigest()[:32]


@lru_cache
def _version(command: tuple[str, ...]) -> str | None:
    try:
        done = subprocess.run([*command, "--version"], capture_output=True, text=True, check=True, timeout=60)
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout
