"""The strategy printed in docs/adding-a-strategy.md, run as a user would run it."""

import re
from pathlib import Path

import numpy as np
from coordinator_lab import NumpyCohort, plan

from coordinator.rounds import run_rounds
from coordinator.strategies.base import aggregate
from coordinator.strategies.load import load_strategy

DOCUMENT = Path(__file__).parents[2] / "docs" / "adding-a-strategy.md"


def test_the_documented_strategy_runs_and_does_what_it_says(tmp_path) -> None:
    code = re.search(r"```python\n(.*?)```", DOCUMENT.read_text(encoding="utf-8"), re.DOTALL)
    assert code
    file = tmp_path / "mine.py"
    file.write_text(code[1], encoding="utf-8")
    strategy = load_strategy(f"{file}:Shy")
    first = aggregate(strategy, np.array([[8, 8, -6], [8, -4, -6], [8, -1, -6]]), np.ones(3, np.int64), 1)
    assert first.tolist() == [8, 1, -6]
    second = aggregate(strategy, np.array([[20, 0, 0]]), np.ones(1, np.int64), 2)
    assert second.tolist() == [21, 0, -1]
    assert run_rounds(plan(), load_strategy(f"{file}:Shy"), NumpyCohort()).version == 4
