"""MCUNet-5FPS with a published scheme, compiled as the benchmarks and tests of the whole compiler use it."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from tinyfl.compiler.bundle import Bundle
from tinyfl.compiler.classifier import with_classes
from tinyfl.compiler.command import write_bundle
from tinyfl.compiler.frontends.tflite import import_tflite
from tinyfl.compiler.pipeline import compile_graph
from tinyfl.compiler.scheme import parse_scheme

MODEL = Path(__file__).resolve().parents[2] / "shared" / "models" / "mcunet-5fps.tflite"
CLASSES = 10
_CALIBRATION = 20  # random images: what a step costs does not depend on them
_STORE = 1


def compile_mcunet(scheme: str, out: Path, *, fraction_bits: int = 8, learning_rate: float = 2.0**-8) -> Bundle:
    """Compile the network for 10 classes under ``scheme`` (such as mcunetv3-49k) into ``out``."""
    graph = with_classes(import_tflite(MODEL), CLASSES, 0)
    rng = np.random.default_rng(0)
    x = rng.uniform(-1, 1, (_CALIBRATION, *graph.shapes[graph.input]))
    labels = rng.integers(0, CLASSES, _CALIBRATION)
    bundle = compile_graph(
        graph,
        parse_scheme(scheme, graph),
        x,
        labels,
        learning_rate=learning_rate,
        input_in_arena=True,
        fraction_bits=fraction_bits,
    )
    write_bundle(bundle, _STORE, out)
    return bundle
