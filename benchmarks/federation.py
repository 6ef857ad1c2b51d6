"""Does federation pay? The arms of a scenario over several seeds: means, spreads and paired margins.

python -m benchmarks.federation watch --seeds 1 2 3 [--leave-one-out] [--replay] [--hop 64]
"""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path

import numpy as np

from benchmarks.people import runs
from simulations.experiment import in_process, run_experiment
from simulations.outcome import ARMS, Outcome
from simulations.scenario import Scenario, load_scenario
from tinyfl.progress import Progress


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("scenario")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--replay", action="store_true", help="replay the store while learning")
    parser.add_argument("--hop", type=int, help="samples between the windows a wearer labels")
    parser.add_argument("--strategy", default="average")
    parser.add_argument("--leave-one-out", action="store_true", help="each person in turn wears the device")
    options = parser.parse_args()
    outcomes = []
    chosen = variant(load_scenario(options.scenario), options.replay, options.hop)
    for scenario in runs(chosen, options.seeds, options.leave_one_out):
        with tempfile.TemporaryDirectory() as folder, Progress(quiet=True) as progress:
            outcomes.append(
                run_experiment(scenario, in_process, "simulation", options.strategy, Path(folder), progress)
            )
    print(json.dumps([table(outcomes, i) for i in range(len(outcomes[0].phases))], indent=2))


def variant(scenario: Scenario, replay: bool, hop: int | None) -> Scenario:
    store = scenario.store.model_copy(update={"replay": replay})
    data = scenario.data if hop is None else scenario.data.model_copy(update={"wearer_hop": hop})
    return scenario.model_copy(update={"store": store, "data": data})


def table(outcomes: list[Outcome], phase: int) -> dict[str, object]:
    """Means over devices and seeds, the spread over runs, and margins paired by device."""
    phases = [o.phases[phase] for o in outcomes]
    rows: dict[str, object] = {"labels_per_class": phases[0].labels_per_class}
    for arm in ARMS:
        means = np.array([p.mean(arm) for p in phases])
        rows[arm] = {"mean": round(100 * means.mean(), 2), "sd_over_runs": round(100 * means.std(ddof=1), 2)}
    for control in ("local", "scratch"):
        paired = [
            p.accuracy["personalised"][d] - p.accuracy[control][d] for p in phases for d in p.accuracy["personalised"]
        ]
        by_run = [p.mean("personalised") - p.mean(control) for p in phases]
        rows[f"personalised - {control}"] = {
            "mean": round(100 * float(np.mean(paired)), 2),
            "standard_error_over_devices": round(100 * float(np.std(paired, ddof=1)) / len(paired) ** 0.5, 2),
            "by_run": [round(100 * m, 2) for m in by_run],
        }
    forgetting = [o.forgetting for o in outcomes if o.forgetting is not None]
    if forgetting:
        for name in ("before", "with_store", "without_store"):
            rows[f"shipped side, {name}"] = round(100 * float(np.mean([getattr(f, name) for f in forgetting])), 2)
    return rows


if __name__ == "__main__":
    main()
