"""A picture of the arena over time, drawn from ``plan.json``: a box a buffer, wide as its life, high as its bytes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tinyfl.errors import ModelError, ToolError
from tinyfl.types import Json

KINDS = {  # prefix of a buffer's name -> legend, colour
    "ring:": ("ring of rows", "#e69f00"),
    "mask:": ("mask bits kept for the backward pass", "#009e73"),
    "input:": ("inputs kept for weight updates", "#006b50"),
    "grad:": ("gradient", "#cc79a7"),
    "scratch:": ("scratch", "#b0b0b0"),
    "": ("activation", "#56b4e9"),
}


def read_plan(folder: Path) -> Json:
    """``plan.json`` of a compiled network; raises ModelError."""
    file = folder / "plan.json"
    try:
        plan: Json = json.loads(file.read_text(encoding="utf-8"))
        plan["buffers"], plan["steps"], plan["arena_bytes"]
    except FileNotFoundError as error:
        raise ModelError(f"there is no plan at {file}; `tinyfl compile` writes one") from error
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelError(f"{file} is no plan of a compiled network; compile the network again") from error
    return plan


def draw_arena(folder: Path) -> Path:
    """Draw ``arena.svg`` into the folder of a compiled network; ToolError without matplotlib."""
    plan = read_plan(folder)
    try:
        import matplotlib
        from matplotlib.figure import Figure
    except ImportError as error:
        raise ToolError("the picture needs matplotlib; pip install 'tinyfl[report]'") from error
    figure = Figure(figsize=(11, 5), layout="constrained")
    axes = figure.subplots()
    _boxes(axes, plan)
    _phases(axes, plan)
    axes.set_xlim(0, len(plan["steps"]))
    axes.set_ylim(0, plan["arena_bytes"] * 1.06)
    axes.set_xlabel("step of the program")
    axes.set_ylabel("address in the arena, bytes")
    weights = plan["sram_bytes"]["weights"] + plan["sram_bytes"]["biases"]
    axes.set_title(f"arena {plan['arena_bytes']:,} B; trained weights and biases beside it {weights:,} B")
    figure.legend(loc="outside lower center", ncols=3, fontsize="small")
    out = folder / "arena.svg"
    with matplotlib.rc_context({"svg.hashsalt": "tinyfl"}):
        figure.savefig(out, metadata={"Date": None})
    return out


def _boxes(axes: Any, plan: Json) -> None:
    named: set[str] = set()
    for name, place in plan["buffers"].items():
        prefix = next(p for p in KINDS if name.startswith(p))
        legend, colour = KINDS[prefix]
        axes.bar(
            place["first"],
            place["size"],
            place["last"] + 1 - place["first"],
            place["offset"],
            align="edge",
            color=colour,
            edgecolor="white",
            linewidth=0.3,
            alpha=0.85,
            label=None if legend in named else legend,
        )
        named.add(legend)


def _phases(axes: Any, plan: Json) -> None:
    """Where the forward pass ends."""
    forward = sum(s["action"] == "forward" for s in plan["steps"])
    axes.axvline(forward, color="black", linewidth=0.8, linestyle="--")
    height = plan["arena_bytes"] * 1.01
    axes.text(forward / 2, height, "forward", ha="center", fontsize="small")
    axes.text((forward + len(plan["steps"])) / 2, height, "loss, backward and update", ha="center", fontsize="small")
