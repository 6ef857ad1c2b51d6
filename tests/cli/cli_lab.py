"""Runs the real command line as a user does, and says what a refusal has to look like."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import BaseModel

from tests.simulations.small import small_scenario

ROOT = Path(__file__).parents[2]
NETWORK = ROOT / "tests" / "simulations" / "small.py"


def tinyfl(*words: str | Path, cwd: Path, timeout: float = 120) -> subprocess.CompletedProcess[str]:
    """Run ``tinyfl WORDS`` in ``cwd``."""
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH", "")]))
    return subprocess.run(
        [sys.executable, "-m", "tinyfl.cli", *map(str, words)],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": path},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )


def refusal(done: subprocess.CompletedProcess[str]) -> str:
    """The one sentence of a command that refused; progress may stand before it, and nothing else anywhere."""
    assert done.returncode not in (0, 1), (done.returncode, done.stderr)
    assert "Traceback" not in done.stderr, done.stderr
    assert done.stdout == ""
    *progress, last = done.stderr.splitlines()
    assert all(line.startswith("tinyfl: ") and line.endswith(": done") for line in progress), done.stderr
    assert last.startswith("tinyfl: "), done.stderr
    assert not last.endswith(": done"), done.stderr
    return last.removeprefix("tinyfl: ")


def scenario_toml(scenario: BaseModel) -> str:
    """A scenario as its file."""
    return "\n".join(_lines(scenario.model_dump(exclude_none=True))) + "\n"


def _lines(table: dict[str, Any], prefix: str = "") -> list[str]:
    plain = [f"{k} = {json.dumps(v)}" for k, v in table.items() if not isinstance(v, dict | list | tuple)]
    for key, value in table.items():
        if isinstance(value, dict):
            plain += [f"[{prefix}{key}]", *_lines(value, f"{prefix}{key}.")]
        if isinstance(value, list | tuple):
            for row in value:
                plain += [f"[[{key}]]", *_lines(row)]
    return plain


def write_scenario(file: Path, dataset: Path, old: str = "", new: str = "") -> Path:
    """The small scenario in ``file``, one text in it changed."""
    text = scenario_toml(small_scenario(dataset))
    assert old in text
    file.write_text(text.replace(old, new, 1) if old else text, encoding="utf-8")
    return file


def write_network(folder: Path) -> str:
    """A file of the user's with a trained network; what to call it on the command line."""
    lines = ["import sys", f"sys.path.insert(0, {str(NETWORK.parent)!r})", "import torch", "from small import net"]
    lines += ["from torch import nn", "def make():", "    torch.manual_seed(0)", "    return net(2, 32, 3)"]
    lines += ["def needs(width):", "    return net(width, 32, 3)", "def broken():", "    raise ValueError('a\\nb')"]
    lines += ["def number():", "    return 5", "def mish():"]
    lines += ["    return nn.Sequential(nn.Conv1d(2, 3, 3), nn.Mish(), nn.AdaptiveAvgPool1d(1), nn.Flatten())"]
    (folder / "my_net.py").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return "my_net.py:make"


def samples(count: int = 40) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Calibration samples for the network above."""
    rng = np.random.default_rng(0)
    return rng.normal(size=(count, 32, 2)).astype(np.float32), np.arange(count) % 3
