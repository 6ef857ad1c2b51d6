"""What integers cost: personalised accuracy of the kernel against float32 training of the same layers by torch.

    python -m benchmarks.integer_vs_float watch --seeds 1 2 3 [--leave-one-out]

Both start from the shipped network and learn the same windows in the same order at the same rate, alone on each
device ("alone") and through all federated rounds with a personal head ("personalised"). The float arm averages float
deltas; the integer arm is the device's C.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path

import numpy as np
import torch

from benchmarks.people import runs
from simulations.arms import alone
from simulations.engine import run_in_process
from simulations.experiment import judged
from simulations.prepare import Prepared, prepare
from simulations.scenario import load_scenario
from simulations.schedule import PERSONAL, TEST, phase_ends, phase_starts, planned_rounds, run_plan
from simulations.wearers import Wearer
from tinyfl.compiler.float_twin import FloatTwin
from tinyfl.compiler.scheme import parse_scheme
from tinyfl.data.dataset import Windows
from tinyfl.progress import Progress


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("scenario")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--leave-one-out", action="store_true", help="each person in turn wears the device")
    options = parser.parse_args()
    torch.set_num_threads(1)
    rows: dict[str, list[list[float]]] = {}
    for scenario in runs(load_scenario(options.scenario), options.seeds, options.leave_one_out):
        with tempfile.TemporaryDirectory() as folder:
            prepared = prepare(scenario, Path(folder), Progress(quiet=True))
            for name, pairs in compare(prepared).items():
                rows.setdefault(name, []).extend(pairs)
    print(json.dumps({name: summary(np.array(pairs)) for name, pairs in rows.items()}, indent=2))


def summary(pairs: np.ndarray) -> dict[str, float]:
    """In %: means and spreads over devices and seeds, and those of the paired difference integer - float."""
    difference = 100 * (pairs[:, 0] - pairs[:, 1])
    means, spreads = 100 * pairs.mean(axis=0), 100 * pairs.std(axis=0, ddof=1)
    return {
        "integer": round(float(means[0]), 2),
        "integer_standard_deviation": round(float(spreads[0]), 2),
        "float32": round(float(means[1]), 2),
        "float32_standard_deviation": round(float(spreads[1]), 2),
        "difference": round(float(difference.mean()), 2),
        "standard_error": round(float(difference.std(ddof=1)) / len(pairs) ** 0.5, 2),
        "standard_deviation": round(float(difference.std(ddof=1)), 2),
        "devices": len(pairs),
    }


def compare(prepared: Prepared) -> dict[str, list[list[float]]]:
    """[integer, float] accuracy of every device, by arm and phase."""
    scenario = prepared.scenario
    out: dict[str, list[list[float]]] = {}
    plan = run_plan(scenario, prepared.bundle, prepared.devices)
    state = run_in_process(prepared, plan, phase_starts(scenario), "main")
    federated = float_federation(prepared)
    for i, (phase, (_, personal)) in enumerate(zip(scenario.phase, phase_ends(scenario), strict=True)):
        labels = phase.labels_per_class
        integer = judged(alone(prepared, i), 1, TEST)
        floats = {w.name: float_alone(prepared, w, i) for w in prepared.people.wearers}
        out[f"alone, {labels} a class"] = [[integer[d], floats[d]] for d in prepared.devices]
        integer = judged(state, personal, TEST)
        out[f"personalised, {labels} a class"] = [[integer[d], federated[personal][d]] for d in prepared.devices]
    return out


def twin(prepared: Prepared) -> FloatTwin:
    scheme = parse_scheme(prepared.scenario.network.scheme, prepared.graph)
    return FloatTwin(prepared.graph, scheme, prepared.scenario.network.learning_rate)


def tensor(windows: Windows) -> torch.Tensor:
    return torch.from_numpy(np.ascontiguousarray(windows.x[:, None]))


def float_alone(prepared: Prepared, wearer: Wearer, phase: int) -> float:
    model = twin(prepared)
    windows = wearer.labelled[phase]
    chosen = prepared.scenario.phase[phase]
    model.rate *= 2.0**-chosen.lr_shift
    model.learn(tensor(windows), windows.y.tolist(), prepared.seed_of(wearer.name), 1, chosen.local_epochs)
    return model.accuracy(tensor(wearer.test), wearer.test.y)


def float_federation(prepared: Prepared) -> dict[int, dict[str, float]]:
    """Accuracy of the float fleet after each judged round, by device; windows are learned as devices do."""
    scenario = prepared.scenario
    wearers = prepared.people.wearers
    models = {w.name: twin(prepared) for w in wearers}
    base = [t.detach().clone() for t in models[wearers[0].name].shared()]
    rate = scenario.network.learning_rate
    judged_rounds: dict[int, dict[str, float]] = {}
    for number, planned in enumerate(planned_rounds(scenario), start=1):
        phase = sum(start <= number for start in phase_starts(scenario)) - 1
        sums = [torch.zeros_like(t) for t in base]
        total = 0
        for w in wearers:
            model = models[w.name]
            install(model, base)
            windows = w.labelled[max(phase, 0)]
            model.rate = rate * 2.0**-planned.lr_shift
            model.learn(tensor(windows), windows.y.tolist(), prepared.seed_of(w.name), number, planned.epochs)
            for s, now, before in zip(sums, model.shared(), base, strict=True):
                s += len(windows) * (now.detach() - before)
            total += len(windows)
        if planned.kind == PERSONAL:
            judged_rounds[number] = {w.name: models[w.name].accuracy(tensor(w.test), w.test.y) for w in wearers}
        if planned.share and planned.epochs:
            base = [b + s / total for b, s in zip(base, sums, strict=True)]
    return judged_rounds


def install(model: FloatTwin, base: list[torch.Tensor]) -> None:
    with torch.no_grad():
        for mine, shared in zip(model.shared(), base, strict=True):
            mine.copy_(shared)


if __name__ == "__main__":
    main()
