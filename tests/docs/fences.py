"""The fenced blocks of README and docs/, and the commands in them."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = (*ROOT.glob("README.md"), *sorted((ROOT / "docs").rglob("*.md")))
_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_INDENTED = re.compile(r"^ {4}((?:tinyfl|make|python) .*)$", re.MULTILINE)
_INLINE = re.compile(r"`((?:tinyfl|python) [^`]+)`")


@dataclass(frozen=True)
class Block:
    """One fenced block: where its text begins, its language and the text."""

    page: Path
    line: int
    language: str
    text: str

    @property
    def name(self) -> str:
        """Where it stands."""
        return f"{self.page.name}:{self.line}"


@dataclass(frozen=True)
class Command:
    """One command line of a page, its comment removed."""

    where: str
    words: tuple[str, ...]

    @property
    def text(self) -> str:
        """As typed."""
        return shlex.join(self.words)


def blocks(*languages: str) -> list[Block]:
    """All blocks in these languages."""
    out = []
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        for found in _FENCE.finditer(text):
            if found[1] in languages:
                out.append(Block(page, text.count("\n", 0, found.start(2)) + 1, found[1], found[2]))
    return out


def block(page: str, language: str, index: int = 0) -> str:
    """Text of one block."""
    return [b.text for b in blocks(language) if b.page.name == page][index]


def commands() -> list[Command]:
    """Every command line in sh blocks, and those indented as code."""
    out = []
    for b in blocks("sh", "bash", "console", "shell"):
        text = b.text.replace("\\\n", " ")
        out += [_command(f"{b.page.name}:{b.line + i}", line) for i, line in enumerate(text.splitlines())]
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        out += [
            _command(f"{page.name}:{text.count(chr(10), 0, f.start()) + 1}", f[1]) for f in _INDENTED.finditer(text)
        ]
    return [c for c in out if c.words]


def inline_commands() -> list[Command]:
    """Commands that stand in running text."""
    out = []
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        for found in _INLINE.finditer(text):
            where = f"{page.name}:{text.count(chr(10), 0, found.start()) + 1}"
            out.append(Command(where, tuple(found[1].split())))
    return out


def _command(where: str, line: str) -> Command:
    return Command(where, tuple(shlex.split(line.removeprefix("$ "), comments=True)))
