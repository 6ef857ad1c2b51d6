"""What a person sees while an experiment runs: tasks with spinners and bars on standard error."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.progress import Progress as RichProgress


class Progress:
    """Progress of one command; on a terminal live bars, elsewhere one line a finished task, or nothing."""

    def __init__(self, quiet: bool = False) -> None:
        self.console = Console(stderr=True, quiet=quiet, highlight=False)
        columns = (
            SpinnerColumn(finished_text="✓"),
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
        )
        self._bars = RichProgress(*columns, console=self.console, disable=quiet or not self.console.is_terminal)

    def __enter__(self) -> Progress:
        self._bars.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._bars.stop()

    def say(self, sentence: str) -> None:
        """One line above the bars."""
        self.console.print(sentence, markup=False)

    @contextmanager
    def task(self, description: str, total: int = 1) -> Iterator[Task]:
        """A task of ``total`` pieces; complete when the block ends."""
        task = Task(self._bars, self._bars.add_task(description, total=total), total)
        yield task
        task.finish()
        if self._bars.disable:
            self.say(f"tinyfl: {description}: done")


class Task:
    """One bar."""

    def __init__(self, bars: RichProgress, number: TaskID, total: int) -> None:
        self._bars = bars
        self._number = number
        self._total = total

    def advance(self, pieces: int = 1) -> None:
        """Some pieces are done."""
        self._bars.advance(self._number, pieces)

    def finish(self) -> None:
        """All pieces are done."""
        self._bars.update(self._number, completed=self._total)
