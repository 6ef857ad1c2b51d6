"""The files that the documents speak of as the reader's own, small ones of the same names."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from fences import block

from tests.cli.cli_lab import samples, write_network, write_scenario
from tests.simulations.small import write_dataset

_MINE = """
from coordinator.strategies.base import Strategy

class Mine(Strategy):
    def aggregate(self, deltas, examples, round):
        return deltas.sum(axis=0) // len(deltas)
"""


def _scenario(file: Path) -> None:
    write_scenario(file, write_dataset(file.parent / "recordings"))


def _samples(file: Path) -> None:
    x, y = samples()
    np.savez(file, x=x, y=y)


def _fleet(file: Path) -> None:
    file.write_text(block("esp32s3.md", "toml"))
    (file.parent / "ca.pem").write_text("-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n")


def _scheme(file: Path) -> None:
    file.parent.mkdir()
    file.write_text('[[layer]]\nnode = "7"\nweights = 1.0\n')


FILES: dict[str, Callable[[Path], object]] = {
    "my.toml": _scenario,
    "SCENARIO.toml": _scenario,
    "my_net.py": lambda file: write_network(file.parent),
    "samples.npz": _samples,
    "out/scheme.toml": _scheme,
    "my_strategy.py": lambda file: file.write_text(_MINE),
    "mine.py": lambda file: file.write_text(block("adding-a-strategy.md", "python")),
    "median.py": lambda file: file.write_text(block("README.md", "python")),
    "home.toml": _fleet,
    "kitchen.toml": lambda file: file.write_text(block("gateway.md", "toml")),
}


def provide(words: tuple[str, ...], folder: Path) -> None:
    """Write each file that a command names into ``folder``."""
    for word in words:
        name = word.partition(":")[0]
        if name in FILES and not (folder / name).exists():
            FILES[name](folder / name)
