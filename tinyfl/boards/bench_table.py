"""What a bench measured, as a person reads it in the terminal."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table

from tinyfl.boards.bench import Measurement
from tinyfl.boards.board import Board


def show(measured: Measurement, board: Board) -> None:
    """Print the table to standard output."""
    title = f"{board.name} ({board.title}), {measured.steps} training steps\n{measured.image.toolchain}"
    table = Table(title=title, title_justify="left", box=None, pad_edge=False, show_header=False)
    table.add_column()
    table.add_column(justify="right")
    table.add_column()
    image, each = measured.image, measured.each_step
    spread = f"mean; {min(each):,} to {max(each):,}" if each else ""
    rows = (
        ("instructions, forward pass", measured.forward, ""),
        ("instructions, training step", measured.step, spread),
        *([("instructions, step of a stream", measured.stream_step, "mean")] if measured.scores else []),
        ("SRAM, static", image.sram_static_bytes, "bytes"),
        ("SRAM, stack", measured.stack_bytes, "bytes, high-water"),
        ("flash", image.flash_bytes, "bytes"),
    )
    for name, value, remark in rows:
        table.add_row(name, "-" if value is None else f"{value:,}", "not measured here" if value is None else remark)
    table.add_row("weights digest", measured.digest, "")
    if measured.scores:
        table.add_row("scores digest", measured.scores, "of the stream")
    Console(highlight=False).print(table)
