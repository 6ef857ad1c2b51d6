"""The coordinator as a Flower ServerApp: runs the plan in its folder and leaves its result there."""

from __future__ import annotations

from pathlib import Path

from flwr.app import Context
from flwr.serverapp import Grid, ServerApp

from coordinator.flower_cohort import FlowerCohort, Waiting
from coordinator.plan import load_plan
from coordinator.rounds import run_rounds
from coordinator.run_folder import RunFolder
from coordinator.strategies.load import load_strategy
from tinyfl.errors import TinyflError

app = ServerApp()


@app.main()
def main(grid: Grid, context: Context) -> None:
    """Run what ``folder`` of the run's configuration holds, with ``strategy``."""
    config = context.run_config
    folder = RunFolder(Path(str(config["folder"])))
    folder.write_status("running")
    try:
        waiting = Waiting(round=float(config["round-seconds"]), newcomer=float(config["newcomer-seconds"]))
        strategy = load_strategy(str(config["strategy"]))
        run_rounds(load_plan(folder.plan), strategy, FlowerCohort(grid, waiting), folder.checkpoint)
    except TinyflError as error:
        folder.write_status("failed", str(error))
    except BaseException as error:
        folder.write_status("failed", f"the coordinator stopped ({type(error).__name__}: {error}); run again")
        raise
    else:
        folder.write_status("finished")
