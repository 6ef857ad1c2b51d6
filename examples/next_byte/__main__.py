"""The next byte, from English to each user's own: trains, compiles, runs the fleet, writes a report.

python -m examples.next_byte [--scenario FILE] [--network KIND] [--seeds S ...] [--out FOLDER]
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np
import torch

from examples.next_byte.experiment import Shipped, bits_per_byte, pairs, run_arm, users_of
from examples.next_byte.pretrain import pretrained
from examples.next_byte.report import Results, write_report
from examples.next_byte.scenario import FILE, load
from examples.next_byte.texts import english, spread
from tinyfl.compiler.frontends.torch import import_torch
from tinyfl.errors import TinyflError
from tinyfl.progress import Progress


def main() -> None:
    """Run it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scenario", type=Path, default=FILE)
    parser.add_argument("--network", choices=("transformer", "gru"))
    parser.add_argument("--seeds", type=int, nargs="+", default=[1])
    parser.add_argument("--out", type=Path, default=Path("runs/next_byte"))
    arguments = parser.parse_args()
    try:
        run(arguments.scenario, arguments.network, arguments.seeds, arguments.out)
    except TinyflError as error:
        sys.exit(f"next_byte: {error}")


def run(file: Path, kind: str | None, seeds: list[int], out: Path) -> None:
    """The whole experiment; raises TinyflError."""
    scenario = load(file)
    if kind is not None:
        scenario = scenario.model_copy(update={"network": scenario.network.model_copy(update={"kind": kind})})
    context = scenario.network.context
    with Progress() as progress:
        module = pretrained(scenario, out, progress)
        graph = import_torch(module, torch.zeros(1, context, dtype=torch.int64))
        x, labels = pairs(spread(english(), 200, context + 1, 0))
        with torch.no_grad():
            scores = module(torch.from_numpy(x[:, 0, :, 0]).long()).double().numpy()
        known = bits_per_byte(np.asarray(scores), labels)
        results: Results = {name: [] for name in scenario.schemes}
        with progress.task("the users type", 3 * len(seeds) * len(results)) as task:
            for seed in seeds:
                shipped = Shipped(scenario, graph, users_of(scenario, seed), seed)
                for name, spec in scenario.schemes.items():
                    folder = out / f"{scenario.network.kind}-{name}-{seed}"
                    results[name].append(run_arm(shipped, spec, folder, task.advance))
    folder = out / scenario.network.kind
    folder.mkdir(parents=True, exist_ok=True)
    print(write_report(scenario, seeds, known, results, folder), end="")


if __name__ == "__main__":
    main()
