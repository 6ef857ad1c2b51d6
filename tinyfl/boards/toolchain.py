"""Compiles C for the host or, given a cross compiler, for a board, and keeps every object and file it linked.

Objects are kept by the content of a source, of the headers it reaches, of flags and compiler; linked files by their
objects, flags and linker scripts.
"""

from __future__ import annotations

import importlib.util
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from tinyfl.boards.build_cache import cached, content_key, keep, place, unfinished
from tinyfl.boards.headers import reached_headers
from tinyfl.errors import ToolError

DEFAULT_FLAGS = ("-O3",)
_LANGUAGE = ("-std=c11", "-ffp-contract=off")
_HOST = ("-fPIC",)
_WARNINGS = ("-Wall", "-Wextra")
_REMEDY = "pip install ziglang, or install gcc"


class BuildError(ToolError):
    """A compiler or linker refused; ``log`` is all that it said."""

    def __init__(self, message: str, log: str) -> None:
        super().__init__(message)
        self.log = log


@dataclass(frozen=True)
class Compiler:
    """A C compiler that runs on this machine, with the options of the command line that GCC has."""

    command: tuple[str, ...]
    """starts it"""
    version: str
    """what it says its version is"""
    target: tuple[str, ...] = _HOST
    """options that choose the machine it compiles for"""

    @property
    def name(self) -> str:
        """The program, or the script that an interpreter runs."""
        return Path(next(word for word in reversed(self.command) if not word.startswith("-"))).name

    @property
    def release(self) -> str:
        """Which compiler it is, in one line."""
        return self.version.splitlines()[0]

    @property
    def is_gcc(self) -> bool:
        """Whether it is GCC: only its warnings are tried and therefore errors."""
        return "Free Software Foundation" in self.version


def find_compiler() -> Compiler:
    """Return ``$CC`` if set, else cc, gcc or clang on the path, else the ``ziglang`` wheel's; ToolError if none."""
    chosen = shlex.split(os.environ.get("CC", ""))
    if chosen:
        version = version_of(tuple(chosen))
        if version is None:
            raise ToolError(f"the compiler named by CC, `{shlex.join(chosen)}`, does not run; correct CC or unset it")
        return Compiler(tuple(chosen), version)
    candidates = [(path,) for name in ("cc", "gcc", "clang") if (path := shutil.which(name))]
    wheel = [(sys.executable, "-m", "ziglang", "cc")] if importlib.util.find_spec("ziglang") else []
    for command in (*candidates, *wheel):
        version = version_of(command)
        if version is not None:
            return Compiler(command, version)
    raise ToolError(f"no C compiler on this machine; {_REMEDY}")


def build(
    sources: Iterable[Path],
    include_dirs: Sequence[Path] = (),
    defines: Mapping[str, str | int] | None = None,
    output: Path | None = None,
    shared: bool = True,
    flags: Sequence[str] = DEFAULT_FLAGS,
    compiler: Compiler | None = None,
    scripts: Sequence[Path] = (),
) -> Path:
    """Compile C sources and link them, or find the result of an earlier call.

    Args:
        sources: C files; their order is the linker's.
        include_dirs: searched for headers, in this order, after the folder of the including file.
        defines: preprocessor names and their values.
        output: where to put a copy; its folder is made. Without it the file stays in the cache alone.
        shared: a library for ``ctypes`` if true, else an executable.
        flags: for compiling and linking, beside the language standard and the warnings; ``-Wl,`` ones only for linking.
        compiler: ``find_compiler()`` unless given.
        scripts: linker scripts, the first of which is the linker's ``-T``; the others are found by its ``INCLUDE``.

    Returns:
        ``output``, or the file in the cache.

    Raises:
        ToolError: no compiler.
        BuildError: it refused; the message has its first complaint and where the others are.
    """
    compiler = compiler or find_compiler()
    compiling = [flag for flag in flags if not flag.startswith("-Wl,")]  # zig would apply them to single objects
    options = [*_LANGUAGE, *compiler.target, *_WARNINGS, *(["-Werror"] if compiler.is_gcc else []), *compiling]
    options += [f"-D{name}={value}" for name, value in (defines or {}).items()]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        jobs = [pool.submit(_compile, compiler, Path(source), include_dirs, options) for source in sources]
        objects = [job.result() for job in jobs]
    link = [*compiler.target, *flags, *(["-shared"] if shared else [])]
    inputs = [path.name.encode() for path in objects] + [script.read_bytes() for script in scripts]
    built = cached(_key(compiler, link, inputs) + (".so" if shared else ".exe"))
    if not built.exists():
        link += [f"-L{script.parent}" for script in scripts[1:]] + [f"-T{script}" for script in scripts[:1]]
        _run(compiler, [*map(str, objects), *link], built, "link")
    return built if output is None else place(built, output)


def _compile(compiler: Compiler, source: Path, include_dirs: Sequence[Path], options: list[str]) -> Path:
    contents = [source.read_bytes()]
    contents += [
        part for path in reached_headers(source, include_dirs) for part in (path.name.encode(), path.read_bytes())
    ]
    target = cached(_key(compiler, options, contents) + ".o")
    if not target.exists():
        includes = [f"-I{folder}" for folder in include_dirs]
        _run(compiler, ["-c", *options, *includes, str(source)], target, f"compile {source.name}")
    return target


def _run(compiler: Compiler, arguments: list[str], target: Path, purpose: str) -> None:
    part = unfinished(target)
    try:
        done = subprocess.run(
            [*compiler.command, *arguments, "-o", str(part)], capture_output=True, text=True, check=False
        )
        if done.returncode:
            log = target.with_suffix(".log")
            log.write_text(done.stdout + done.stderr)
            lines = done.stderr.splitlines()
            first = next((line for line in lines if "error" in line), lines[0] if lines else "no message")
            raise BuildError(
                f"{compiler.name} could not {purpose} ({first.strip()}); all of it is in {log}",
                done.stdout + done.stderr,
            )
        keep(part, target)
    finally:
        part.unlink(missing_ok=True)


def _key(compiler: Compiler, options: Sequence[str], contents: Iterable[bytes]) -> str:
    return content_key((repr((compiler.command, compiler.version, tuple(options))).encode(), *contents))


@lru_cache
def version_of(command: tuple[str, ...]) -> str | None:
    """What a program answers to ``--version``, or None if it does not run."""
    try:
        done = subprocess.run([*command, "--version"], capture_output=True, text=True, check=True, timeout=60)
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout
