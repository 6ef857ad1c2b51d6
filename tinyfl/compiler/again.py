"""Results that the backward pass computes again instead of keeping them, and the smaller of both plans."""

from __future__ import annotations

from dataclasses import replace

from tinyfl.compiler.memory import plan_memory
from tinyfl.ops import OPS
from tinyfl.types import Int8Graph, MemoryPlan, Program, Step


def again_of(tensor: str) -> str:
    """Name of the buffer of a result that is computed again."""
    return f"again:{tensor}"


def computed_again(graph: Int8Graph, backward: list[Step], sizes: dict[str, int]) -> list[Step]:
    """The backward pass with every cheap result that only weight updates read computed again before the first one.

    What it is made from must be there at its last use anyway, for the backward pass reads it then or later.
    """
    steps = backward
    for n in graph.nodes:
        if not OPS[n.op].cheap:
            continue
        uses = [i for i, s in enumerate(steps) if n.output in s.reads]
        sources = [max((i for i, s in enumerate(steps) if t in s.reads), default=-1) for t in n.inputs]
        if not uses or min(sources) < uses[-1] or any(steps[i].action != "update_weight" for i in uses):
            continue
        name = again_of(n.output)
        h, w, c = graph.shapes[n.output]
        sizes[name] = h * w * c
        renamed = [
            replace(s, reads=tuple(name if r == n.output else r for r in s.reads)) if i in uses else s
            for i, s in enumerate(steps)
        ]
        steps = [*renamed[: uses[0]], Step("again", n.index, 0, n.inputs, (name,)), *renamed[uses[0] :]]
    return steps


def smaller(keeping: Program, again: Program) -> tuple[Program, MemoryPlan]:
    """The program that keeps what it needs, or the one that computes some of it again where its arena is smaller."""
    plan = plan_memory(keeping)
    if again.steps == keeping.steps:
        return keeping, plan
    other = plan_memory(again)
    return (again, other) if other.arena_bytes < plan.arena_bytes else (keeping, plan)
