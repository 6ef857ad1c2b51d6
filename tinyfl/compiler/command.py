"""What `tinyfl compile` does: network and calibration in, a folder with C, plan and bundle out, or nothing at all."""

from __future__ import annotations

import math
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from tinyfl.compiler.bundle import Bundle, save_bundle
from tinyfl.compiler.classifier import with_classes
from tinyfl.compiler.cost import check_budget, parse_size
from tinyfl.compiler.emit_c import emit
from tinyfl.compiler.model_source import check_classes, load_calibration, load_graph
from tinyfl.compiler.pipeline import compile_graph
from tinyfl.compiler.plan_file import plan_json, write_plan
from tinyfl.compiler.scheme import last_layers, parse_scheme
from tinyfl.errors import ModelError
from tinyfl.progress import Progress
from tinyfl.types import Json

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


def compile_model(options: CompileOptions, progress: Progress) -> Json:
    """Compile and write the folder; returns the plan's JSON object."""
    if options.grad_bits not in (8, 16):
        raise ModelError(f"gradients of {options.grad_bits} bits are not supported; use 8 or 16")
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

    def build(scheme_spec: str | None) -> Bundle:
        scheme = last_layers(graph, 1) if scheme_spec is None else parse_scheme(scheme_spec, graph)
        rate, bits = options.learning_rate, options.grad_bits
        return compile_graph(graph, scheme, calibration.x, calibration.y, learning_rate=rate, grad_bits=bits)

    with progress.task("calibrating and planning"):
        bundle = build(options.scheme)
    if sram is not None or flash is not None:
        check_budget(bundle, options.store, sram, flash, build(None))
    write_bundle(bundle, options.store, options.out)
    return plan_json(bundle, options.store)


def write_bundle(bundle: Bundle, capacity: int, out: Path) -> None:
    """Write ``net.c``, ``net.h``, ``plan.json`` and ``bundle``, all or none of them."""
    out.parent.mkdir(parents=True, exist_ok=True)
    part = Path(tempfile.mkdtemp(prefix=f".{out.name}-", dir=out.parent))
    try:
        emit(bundle.program, bundle.plan, part)
        write_plan(bundle, capacity, part / "plan.json")
        save_bundle(bundle, part / "bundle")
        out.mkdir(exist_ok=True)
        for file in part.iterdir():
            file.replace(out / file.name)
    finally:
        shutil.rmtree(part)
