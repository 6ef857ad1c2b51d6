"""What `tinyfl compile` does: network and calibration in, a folder with C, plan and bundle out, or nothing at all."""

from __future__ import annotations

import math
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from tinyfl.compiler.bundle import Bundle, save_bundle
from tinyfl.compiler.classifier import with_classes
from tinyfl.compiler.cost import check_budget, parse_size
from tinyfl.compiler.emit_c import emit
from tinyfl.compiler.model_source import Calibration, check_classes, load_calibration, load_graph
from tinyfl.compiler.pipeline import compile_graph
from tinyfl.compiler.plan_file import plan_json, write_plan
from tinyfl.compiler.scheme import last_layers, parse_scheme
from tinyfl.errors import ModelError
from tinyfl.progress import Progress
from tinyfl.search.need import Budget, Planner
from tinyfl.types import Graph, Json, UpdateScheme

_CLASSIFIER_SEED = 0


@dataclass(frozen=True)
class CompileOptions:
    """Options of the command as the user gave them."""

    model: str
    calibration: Path
    out: Path
    scheme: str
    sram: str | None
    flash: str | None
    store: int
    learning_rate: float
    grad_bits: int
    classes: int | None = None
    seed: int = 0
    sample_in_arena: bool = False
    fraction_bits: int = 8


def compile_model(options: CompileOptions, progress: Progress) -> Json:
    """Compile and write the folder; returns the plan's JSON object."""
    if options.grad_bits not in (8, 16):
        raise ModelError(f"gradients of {options.grad_bits} bits are not supported; use 8 or 16")
    if options.fraction_bits not in (0, 8):
        raise ModelError(f"fractions of {options.fraction_bits} bits are not supported; use 8, or 0 to save memory")
    if not 0 < options.learning_rate < math.inf:
        raise ModelError(f"a learning rate of {options.learning_rate} trains nothing; give a finite one such as 0.0156")
    sram = None if options.sram is None else parse_size(options.sram)
    flash = None if options.flash is None else parse_size(options.flash)
    calibration = load_calibration(options.calibration)
    with progress.task("importing the network"):
        graph = load_graph(options.model, calibration)
    if options.classes is not None:
        graph = with_classes(graph, options.classes, _CLASSIFIER_SEED)
    check_classes(graph, calibration.y, options.classes is not None)

    budget = Budget(sram, flash, options.store)
    scheme, files = _scheme(options, graph, calibration, budget, progress)
    with progress.task("calibrating and planning"):
        rate, bits = options.learning_rate, options.grad_bits
        bundle = compile_graph(
            graph,
            scheme,
            calibration.x,
            calibration.y,
            learning_rate=rate,
            grad_bits=bits,
            input_in_arena=options.sample_in_arena,
            fraction_bits=options.fraction_bits,
        )
    check_budget(bundle, budget.store, sram, flash)
    write_bundle(bundle, options.store, options.out, files)
    return plan_json(bundle, options.store)


def _scheme(
    options: CompileOptions, graph: Graph, calibration: Calibration, budget: Budget, progress: Progress
) -> tuple[UpdateScheme, Mapping[str, str]]:
    """The scheme to compile, which fits the budget, and the files that a search for it leaves."""
    automatic = options.scheme == "auto"
    if automatic and graph.target:
        raise ModelError("--scheme auto measures labels of whole samples; for a sequence give last:K, lora:R or full")
    scheme = last_layers(graph, 1) if automatic else parse_scheme(options.scheme, graph)
    if not automatic and budget.sram is None and budget.flash is None:
        return scheme, {}
    planner = Planner(
        graph,
        calibration.x,
        options.learning_rate,
        options.grad_bits,
        options.sample_in_arena,
        options.fraction_bits,
    )
    smallest = planner.planned(last_layers(graph, 1))
    planned = smallest if automatic else planner.planned(scheme)
    check_budget(planned, budget.store, budget.sram, budget.flash, smallest, automatic)
    if not automatic:
        return scheme, {}
    from tinyfl.search.auto import search_scheme
    from tinyfl.search.result import search_files

    found = search_scheme(planner, calibration, options.learning_rate, budget, options.seed, progress)
    return found.scheme, search_files(found, progress)


def write_bundle(bundle: Bundle, capacity: int, out: Path, files: Mapping[str, str] = MappingProxyType({})) -> None:
    """Write ``net.c``, ``net.h``, ``plan.json``, ``bundle`` and ``files`` (texts by name), all or none of them."""
    out.parent.mkdir(parents=True, exist_ok=True)
    part = Path(tempfile.mkdtemp(prefix=f".{out.name}-", dir=out.parent))
    try:
        emit(bundle.program, bundle.plan, part)
        write_plan(bundle, capacity, part / "plan.json")
        save_bundle(bundle, part / "bundle")
        for name, text in files.items():
            (part / name).write_text(text, encoding="utf-8")
        out.mkdir(exist_ok=True)
        for file in part.iterdir():
            file.replace(out / file.name)
    finally:
        shutil.rmtree(part)
