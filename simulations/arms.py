"""The controls an experiment is compared with: learning alone, and a network trained from scratch."""

from __future__ import annotations

from coordinator.state import RunState
from simulations.engine import run_in_process
from simulations.prepare import Prepared
from simulations.pretrain import Recipe, accuracy, train_float
from simulations.schedule import alone_plan
from tinyfl.data.dataset import Windows
from tinyfl.progress import Task

SCRATCH_BATCH = 7
SCRATCH_WEIGHT_DECAY = 1e-3


def alone(prepared: Prepared, phase: int) -> RunState:
    """Every device learns alone, from the shipped model, on the labels of phase number ``phase``."""
    scenario = prepared.scenario
    plan = alone_plan(prepared.bundle, scenario.phase[phase], scenario.store.replay, prepared.devices)
    return run_in_process(prepared, plan, arrivals=tuple([1] * (phase + 1)), label=f"alone-{phase + 1}")


def scratch(prepared: Prepared, phase: int, task: Task) -> dict[str, float]:
    """Accuracy of the same network trained in float32, all layers, on nothing but a device's labelled windows."""
    chosen = prepared.scenario.phase[phase]
    recipe = Recipe(chosen.scratch_epochs, chosen.scratch_rate, batch=SCRATCH_BATCH, weight_decay=SCRATCH_WEIGHT_DECAY)
    out = {}
    for wearer in prepared.people.wearers:
        out[wearer.name] = _from_scratch(prepared, wearer.labelled[phase], wearer.test, recipe)
        task.advance()
    return out


def _from_scratch(prepared: Prepared, learn: Windows, test: Windows, recipe: Recipe) -> float:
    classes = len(prepared.people.dataset.classes)
    module = train_float(prepared.factory, learn.x, learn.y, classes, recipe, prepared.scenario.seed)
    return accuracy(module, test.x, test.y)
