"""``plan.json``: what a person or a script wants to know of a compiled network (docs/plan.md)."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

from tinyfl.compiler.bundle import Bundle
from tinyfl.compiler.cost import constant_bytes, sram_need
from tinyfl.compiler.stream import find_stream
from tinyfl.types import Json, Step


def plan_json(bundle: Bundle, capacity: int) -> Json:
    """The plan as a JSON object."""
    need = sram_need(bundle, capacity)
    forward, backward = bundle.macs()
    graph = bundle.program.graph
    sample = bundle.plan.placements.get(graph.input)
    return {
        "network_id": f"{bundle.network_id:08x}",
        "scheme_id": f"{bundle.scheme_id:08x}",
        "grad_bits": bundle.program.grad_bits,
        "learning_rate": bundle.program.learning_rate,
        "input_shape": list(graph.shapes[graph.input]),
        "classes": bundle.classes,
        "macs_forward": forward,
        "macs_backward": backward,
        "arena_bytes": bundle.plan.arena_bytes,
        "sram_bytes": {**asdict(need), "total": need.total},
        "constant_bytes": constant_bytes(bundle),
        "layers": [
            {
                "name": n.name,
                "op": n.op,
                "inputs": list(n.inputs),
                "output": n.output,
                "shape": list(graph.shapes[n.output]),
                "trained_input_channels": n.trained_in_c,
                "trains_bias": n.bias_trained,
                "shared": n.shared if n.trains else None,
            }
            for n in graph.nodes
        ],
        "trained": [
            {"tensor": t.name, "count": t.count, "shared": t.shared, "kind": "bias" if t.is_bias else "weight"}
            for t in bundle.tensors
        ],
        "buffers": {name: asdict(place) for name, place in bundle.plan.placements.items()},
        "input_offset": None if sample is None else sample.offset,
        "stream": _stream(bundle),
        "steps": [_step(s) for s in bundle.program.steps],
    }


def _stream(bundle: Bundle) -> Json:
    found = find_stream(bundle.program, bundle.plan)
    if isinstance(found, str):
        return {"state_bytes": 0, "step_bytes": 0, "most_steps": 0, "why_not": found}
    sizes = {"state_bytes": found.state_bytes, "step_bytes": found.step_bytes, "most_steps": found.most}
    return sizes | {"why_not": None}


def _step(step: Step) -> Json:
    row: Json = {"action": step.action, "node": step.node, "operand": step.operand}
    if step.segment is not None:
        row |= {"nodes": list(step.segment.nodes), "rows": step.segment.rows, "rings": dict(step.segment.rings)}
    return row


def write_plan(bundle: Bundle, capacity: int, path: Path) -> None:
    """Write ``plan.json``."""
    path.write_text(json.dumps(plan_json(bundle, capacity), indent=2) + "\n", encoding="utf-8")
