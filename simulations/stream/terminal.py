"""The end of a stream as a person reads it in the terminal."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console
from rich.table import Table

from simulations.stream.outcome import StreamOutcome, report
from simulations.stream.page import COLUMNS, table


def show(outcome: StreamOutcome, folder: Path) -> None:
    """Print accuracy, findings, forgetting and traffic to standard output."""
    console = Console(highlight=False)
    labels = outcome.labels_per_class
    title = f"{len(outcome.devices)} devices, {labels} labels a class and period, mean over the later periods, %"
    shown = Table(title=title, title_justify="left", box=None, pad_edge=False)
    shown.add_column("", no_wrap=True)
    for column in COLUMNS.values():
        shown.add_column(column, justify="right")
    for row in table(report(outcome)):
        shown.add_row(*row)
    console.print(shown)
    for sentence in outcome.findings():
        console.print(sentence)
    sent = outcome.traffic
    up, down = sent.up_per_device_round / 1000, sent.down_per_device_round / 1000
    whole = sent.full_model_float32 / 1000
    console.print(
        f"Over the air: {up:.1f} kB up and {down:.1f} kB down a device and round; the float32 model has {whole:.1f} kB."
    )
    for event in outcome.events:
        console.print(f"Note: {event}.")
    console.print(f"{folder / 'report.html'} ({outcome.wall_seconds:.0f} s)")
