"""The fuzz targets: what each is built of, and its corpus, a line of hexadecimal digits an input."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tinyfl.boards.firmware import firmware_dir
from tinyfl.boards.toolchain import Compiler, build
from tinyfl.wire.zcbor_runtime import ZCBOR_DEFINES, ZCBOR_FLAGS, zcbor_runtime

HERE = Path(__file__).parent
TINY_MODEL = HERE.parent / "device"
SANITIZE = ("-O2", "-g", "-fno-omit-frame-pointer", "-fno-sanitize-recover=all")


@dataclass(frozen=True)
class Target:
    """One libFuzzer entry point."""

    name: str
    longest: int
    """bytes of an input"""
    whole_device: bool = False
    """links ``lab.c`` and the tests' small network"""

    @property
    def corpus(self) -> Path:
        """The inputs kept in the repository."""
        return HERE / "corpus" / f"{self.name}.txt"

    def inputs(self) -> list[bytes]:
        """The corpus; empty where there is none yet."""
        lines = self.corpus.read_text(encoding="ascii").splitlines() if self.corpus.exists() else []
        return [bytes.fromhex(line) for line in lines]

    def build(self, compiler: Compiler, flags: Sequence[str], main: Sequence[Path] = ()) -> Path:
        """The target's program; ``main`` brings a main() where the sanitizer does not. Raises ToolError."""
        firmware = firmware_dir()
        include, runtime = zcbor_runtime()
        sources = [HERE / f"{self.name}.c", *main, *sorted((firmware / "core").glob("*.c"))]
        sources += [*sorted((firmware / "gen").glob("*.c")), *runtime]
        sources += [HERE / "lab.c", TINY_MODEL / "tiny_model.c"] if self.whole_device else []
        folders = [*(firmware / folder for folder in ("include", "core", "gen")), HERE, TINY_MODEL, include]
        return build(sources, folders, ZCBOR_DEFINES, None, False, [*SANITIZE, *flags, *ZCBOR_FLAGS], compiler)


TARGETS = {
    target.name: target
    for target in (
        Target("framing", 600),
        Target("link", 400),
        Target("message", 1024),
        Target("delta", 1024),
        Target("mount", 1024, whole_device=True),
        Target("conversation", 1500, whole_device=True),
    )
}
