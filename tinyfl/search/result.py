"""What a search leaves beside the plan: ``search.json``, ``scheme.toml`` and, where it can be drawn, ``search.svg``."""

from __future__ import annotations

import json

from tinyfl.compiler.scheme import scheme_toml
from tinyfl.errors import ToolError
from tinyfl.extras import need
from tinyfl.progress import Progress
from tinyfl.search.auto import Found
from tinyfl.search.front import Point
from tinyfl.search.space import Candidate, layers_from_end, scheme_of
from tinyfl.types import Json


def search_files(found: Found, progress: Progress) -> dict[str, str]:
    """Texts of the files by name."""
    files = {
        "search.json": json.dumps(search_json(found), indent=2) + "\n",
        "scheme.toml": scheme_toml(found.scheme),
    }
    try:
        need("search.svg", "report", "matplotlib")
    except ToolError as error:
        progress.say(f"tinyfl: left out: {error}")
        return files
    from tinyfl.search.curve import picture

    return {**files, "search.svg": picture(found)}


def search_json(found: Found) -> Json:
    """The search as a JSON object (docs/scheme-search.md); gains and accuracies are shares, 0..1."""
    alone = found.measured[Candidate()]
    return {
        "seed": found.seed,
        "budget": {"sram": found.budget.sram, "flash": found.budget.flash, "store": found.budget.store},
        "samples": found.samples,
        "classifier_alone": {"accuracy": alone.accuracy, "lr_shift": alone.lr_shift},
        "contributions": [_layer(found, i) for i in range(found.gains.depth)],
        "front": [_point(found, point) for point in found.front],
        "chosen": {
            **_point(found, found.chosen),
            "measured_gain": found.confirmed.accuracy - alone.accuracy,
            "lr_shift": found.confirmed.lr_shift,
            "toml": scheme_toml(found.scheme),
        },
    }


def _layer(found: Found, i: int) -> Json:
    weights = found.gains.weights[i]
    shifts = {c.ratios[-1]: m.lr_shift for c, m in found.measured.items() if c.depth == i + 1}
    return {
        "layer": layers_from_end(found.graph)[i].name,
        "biases_up_to_here": found.gains.bias[i + 1],
        "weights": {f"{ratio:g}": weights[ratio] for ratio in sorted(weights)},
        "lr_shift": {f"{ratio:g}": shifts[ratio] for ratio in sorted(shifts)},
    }


def _point(found: Found, point: Point) -> Json:
    return {
        "sram_bytes": point.need.sram,
        "constant_bytes": point.need.constants,
        "arena_bytes": point.need.arena,
        "predicted_gain": point.gain,
        "scheme": [
            {"node": u.node, "weights": u.ratio, "bias": u.bias, "shared": u.shared}
            for u in scheme_of(point.candidate, found.graph).layers
        ],
    }
