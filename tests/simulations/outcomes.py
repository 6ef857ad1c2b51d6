"""Outcomes made by hand for tests of the report."""

from __future__ import annotations

from simulations.outcome import Forgetting, KernelCost, Outcome, PhaseOutcome, RoundRecord, Traffic

KERNEL = KernelCost(15708, 3000, 44488, "x86_64 at -Os", 326080, 375680, 30807, 5000, 455)
ROUNDS = (
    RoundRecord(1, "as shipped", 2, (), 0.0),
    RoundRecord(2, "federated", 1, ("wearer-b",), 0.4321),
)


def phase(labels: int, **arms: tuple[float, ...]) -> PhaseOutcome:
    """Arms by name, each with the accuracy of devices a, b, ..."""
    named = {arm: {f"wearer-{chr(97 + i)}": v for i, v in enumerate(values)} for arm, values in arms.items()}
    return PhaseOutcome(labels, 4, named)


FIRST = phase(
    1,
    pretrained=(0.25, 0.5),
    scratch=(0.5, 0.625),
    local=(0.75, 0.75),
    federated=(0.625, 0.5),
    personalised=(0.625, 0.75),
)
LAST = phase(
    5,
    pretrained=(0.25, 0.5),
    scratch=(0.5, 0.5),
    local=(0.5, 0.625),
    federated=(0.75, 0.75),
    personalised=(1.0, 0.5),
)


def outcome(*phases: PhaseOutcome, names: tuple[str, ...] = ("wearer-a", "wearer-b"), **changes: object) -> Outcome:
    """A small one; ``names`` of devices replace the phases' own."""
    renamed = tuple(
        PhaseOutcome(p.labels_per_class, p.rounds, {arm: _named(v, names) for arm, v in p.accuracy.items()})
        for p in phases or (FIRST, LAST)
    )
    fields: dict[str, object] = {
        "name": "small",
        "dataset": "data",
        "engine": "simulation",
        "strategy": "average",
        "seed": 3,
        "devices": names,
        "links": dict.fromkeys(names, "in process"),
        "phases": renamed,
        "forgetting": Forgetting(0.857, 0.729, 0.574),
        "traffic": Traffic(4053.5, 6997.25, 4100, 123228),
        "kernel": KERNEL,
        "rounds": ROUNDS,
        "weights_digest": dict.fromkeys(names, "0123abcd"),
        "events": (),
        "wall_seconds": 12.345,
    }
    return Outcome(**{**fields, **changes})  # type: ignore[arg-type]


def _named(values: object, names: tuple[str, ...]) -> dict[str, float]:
    assert isinstance(values, dict)
    return dict(zip(names, values.values(), strict=True))
