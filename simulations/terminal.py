"""The end of a run as a person reads it in the terminal."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console
from rich.table import Table

from simulations.charts import ARM_TITLES
from simulations.outcome import Outcome

_MANY = 24


def show(outcome: Outcome, folder: Path) -> None:
    """Print accuracy, findings, forgetting, traffic and cost to standard output."""
    console = Console(highlight=False)
    for phase in outcome.phases:
        labels = "1 labelled window" if phase.labels_per_class == 1 else f"{phase.labels_per_class} labelled windows"
        table = Table(title=f"{labels} a class, accuracy in %", title_justify="left", box=None, pad_edge=False)
        table.add_column("")
        for arm in phase.accuracy:
            table.add_column(ARM_TITLES[arm], justify="right")
        names = list(phase.accuracy["pretrained"])
        for device in names if len(names) <= _MANY else ():
            table.add_row(device, *(f"{100 * phase.accuracy[arm][device]:.1f}" for arm in phase.accuracy))
        table.add_row("mean", *(f"{100 * phase.mean(arm):.1f}" for arm in phase.accuracy), style="bold")
        console.print(table)
        console.print()
    for sentence in outcome.findings():
        console.print(sentence)
    if outcome.forgetting is not None:
        f = outcome.forgetting
        console.print(
            f"The side it was shipped for: {100 * f.before:.1f} % before, {100 * f.with_store:.1f} % after all rounds "
            f"with the sample store, {100 * f.without_store:.1f} % without."
        )
    t, k = outcome.traffic, outcome.kernel
    up, down, whole = (n / 1000 for n in (t.up_per_device_round, t.down_per_device_round, t.full_model_float32))
    console.print(
        f"Over the air: {up:.1f} kB up and {down:.1f} kB down a device and round; the float32 model has {whole:.1f} kB."
    )
    console.print(
        f"The kernel: {k.sram_bytes:,} B of SRAM, {k.flash_bytes:,} B of flash ({k.flash_target}), "
        f"{k.macs_forward:,} multiply-accumulates forward and {k.macs_backward:,} backward."
    )
    for event in outcome.events:
        console.print(f"Note: {event}.")
    console.print(f"{folder / 'report.html'} ({outcome.wall_seconds:.0f} s)")
