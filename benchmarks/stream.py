"""A stream over several seeds: means, spreads and paired margins, in % of samples right.

python -m benchmarks.stream SCENARIO [--seeds S ...]

"After its labels" is each period when its labels have been learned, "at the end" all of these after the last one, both
the mean of all but the factory's own; "first" is that one at the end; "forgotten" how much a period's accuracy has
fallen since its labels. ± is the standard deviation over seeds, of a margin the standard error over devices and seeds.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import numpy as np

from simulations.stream.experiment import run_stream
from simulations.stream.outcome import FEDERATED, SUMMARIES, StreamOutcome
from simulations.stream.page import COLUMNS, TITLES
from simulations.stream.scenario import load_stream
from tinyfl.progress import Progress


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("scenario")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3, 4, 5])
    parser.add_argument("--strategy", default="average")
    options = parser.parse_args()
    outcomes = []
    for seed in options.seeds:
        scenario = load_stream(options.scenario).model_copy(update={"seed": seed})
        with tempfile.TemporaryDirectory() as folder, Progress(quiet=True) as progress:
            outcomes.append(run_stream(scenario, options.strategy, Path(folder), progress))
    print(f"| {len(outcomes)} seeds |", " | ".join(COLUMNS[s] for s in SUMMARIES), "|")
    print("|---|" + "---:|" * len(SUMMARIES))
    for arm in outcomes[0].arms:
        print(f"| {TITLES[arm]} |", " | ".join(spread(outcomes, arm, s) for s in SUMMARIES), "|")
    for arm in outcomes[0].arms:
        if arm != FEDERATED:
            print(
                f"| {TITLES[FEDERATED]} - {TITLES[arm]} |", " | ".join(margin(outcomes, arm, s) for s in SUMMARIES), "|"
            )
    print("periods:", ", ".join(outcomes[0].periods[1:]))
    for arm in outcomes[0].arms:
        way = 100 * np.mean([o.arms[arm].way for o in outcomes], axis=(0, 1))
        print(f"{TITLES[arm]}, after its labels:", ", ".join(f"{v:.1f}" for v in way))


def spread(outcomes: list[StreamOutcome], arm: str, summary: str) -> str:
    """Mean over devices and seeds ± standard deviation over seeds."""
    values = [100 * float(getattr(o.arms[arm], summary).mean()) for o in outcomes]
    return f"{np.mean(values):.1f} ± {np.std(values, ddof=1) if len(values) > 1 else 0:.1f}"


def margin(outcomes: list[StreamOutcome], arm: str, summary: str) -> str:
    """Federated minus another arm, paired by device and seed."""
    pairs = [getattr(o.arms[FEDERATED], summary) - getattr(o.arms[arm], summary) for o in outcomes]
    values = 100 * np.concatenate(pairs)
    return f"{values.mean():+.1f} ± {values.std(ddof=1) / len(values) ** 0.5:.1f}"


if __name__ == "__main__":
    main()
