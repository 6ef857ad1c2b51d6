"""The report of the next byte: ``report.json`` and a table to read, ``report.md``."""

from __future__ import annotations

import json
import statistics
from dataclasses import asdict
from pathlib import Path

from examples.next_byte.experiment import ArmResult, Bits
from examples.next_byte.scenario import Scenario

COLUMNS = ("shipped", "alone", "federated", "personal")
Results = dict[str, list[ArmResult]]
"""Results of each scheme, one a seed."""


def write_report(scenario: Scenario, seeds: list[int], english: float, results: Results, folder: Path) -> str:
    """Write both files; returns the table."""
    table = markdown(scenario, seeds, english, results)
    document = {
        "scenario": scenario.model_dump(),
        "seeds": seeds,
        "english_bits_per_byte_float32": english,
        "schemes": {name: [asdict(r) for r in rows] for name, rows in results.items()},
    }
    (folder / "report.json").write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    (folder / "report.md").write_text(table, encoding="utf-8")
    return table


def markdown(scenario: Scenario, seeds: list[int], english: float, results: Results) -> str:
    """Bits per byte, mean and standard deviation over users and seeds; integer against float32, paired."""
    users = len(scenario.text.users)
    head = (
        f"{scenario.network.kind}, context {scenario.network.context}: bits per byte of {users} users x {len(seeds)} "
        f"seeds, mean ± deviation. English in float32: {english:.3f}.\n\n"
        "| what trains | parameters | as shipped | alone | federated | and personal | alone in float32 | int / float "
        "| up, bytes |\n"
        "|---|---|---|---|---|---|---|---|---|\n"
    )
    rows = []
    for name, runs in results.items():
        cells = [_spread([getattr(r, column) for r in runs]) for column in COLUMNS]
        ratio = [100 * (r.alone[u] / r.float_alone[u] - 1) for r in runs for u in r.alone]
        pairs = f"{statistics.fmean(ratio):+.2f} ± {statistics.stdev(ratio):.2f} %"
        in_float = _spread([r.float_alone for r in runs])
        rows.append(
            f"| {name} ({scenario.schemes[name]}) | {runs[0].trained:,} | {' | '.join(cells)} | {in_float} | {pairs} "
            f"| {max(r.bytes_up for r in runs):,} |\n"
        )
    return head + "".join(rows)


def _spread(runs: list[Bits]) -> str:
    values = [v for run in runs for v in run.values()]
    return f"{statistics.fmean(values):.3f} ± {statistics.pstdev(values):.3f}"
