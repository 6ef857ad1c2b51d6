"""What a compiled network needs of a board before it is built: SRAM and constants by kind; the check of budgets."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass

from tinyfl.compiler.bundle import Bundle
from tinyfl.errors import BudgetError

_UNITS = {"": 1, "K": 1 << 10, "M": 1 << 20}


@dataclass(frozen=True)
class SramNeed:
    """Bytes of RAM by kind for one device (device_fw/include/tf_device.h cuts them out of one block).

    ``weights`` are the trained masters (two bytes each, one without fractions), ``base`` and ``residual`` belong to the
    federation, which a network without fractions takes no part in, ``store`` holds labelled windows.
    """

    arena: int
    weights: int
    biases: int
    base: int
    residual: int
    store: int

    @property
    def kernel(self) -> int:
        """What the training step alone needs."""
        return self.arena + self.weights + self.biases

    @property
    def total(self) -> int:
        """Everything."""
        return sum(asdict(self).values())


def parse_size(text: str) -> int:
    """Bytes of a size such as 256K, 1M or 65536; raises BudgetError."""
    found = re.fullmatch(r"(\d+)\s*([KkMm]?)(?:i?[Bb])?", text.strip())
    if not found or int(found[1]) == 0:
        raise BudgetError(f"'{text}' is not a size; write bytes, or a number with K or M such as 256K")
    return int(found[1]) * _UNITS[found[2].upper()]


def sram_need(bundle: Bundle, capacity: int) -> SramNeed:
    """RAM of a device whose store holds ``capacity`` windows."""
    space, fraction = bundle.space, bundle.program.fraction_bits > 0
    weights = sum(t.count for t in bundle.tensors if not t.is_bias)
    biases = sum(t.count for t in bundle.tensors if t.is_bias)
    return SramNeed(
        arena=bundle.plan.arena_bytes,
        weights=(2 if fraction else 1) * weights,
        biases=4 * biases,
        base=2 * space.weights + 4 * space.biases if fraction else 0,
        residual=2 * space.size if fraction else 0,
        store=capacity * (bundle.input_bytes + 5),
    )


def constant_bytes(bundle: Bundle) -> int:
    """Bytes of weights, factory values and integer constants in flash, code not counted."""
    total = 0
    for n in bundle.program.graph.nodes:
        if n.weight is not None and n.bias is not None:
            total += n.weight.size + 4 * n.bias.size
        total += 5 * n.requant.m.size
        g = bundle.program.grads.get(n.index)
        if g is not None:
            total += bundle.program.grad_bits // 8 * g.mw.size + 2 * g.gmc.size + 3 * (g.km.size + g.kb.size)
    return total


def check_budget(
    bundle: Bundle,
    capacity: int,
    sram: int | None,
    flash: int | None,
    smallest: Bundle | None = None,
    automatic: bool = False,
) -> None:
    """Raise BudgetError saying by how much a budget is missed and the smallest that works.

    ``smallest`` is the same network under the scheme that needs least, last:1; ``automatic``: the scheme is to be
    chosen, and ``bundle`` is that smallest.
    """
    least = bundle if smallest is None else smallest
    what = "the smallest scheme, --scheme last:1," if automatic else "the plan"
    need = sram_need(bundle, capacity)
    if sram is not None and need.total > sram:
        here = " with --scheme last:1" if automatic else ""
        one, lowest = sram_need(bundle, 1).total, sram_need(least, 1).total
        ways = [f"{need.total}{here}"]
        ways += [f"{one} with --store 1{here[5:] if here else ''}"] if one < need.total else []
        ways += [f"{lowest} with --store 1 --scheme last:1"] if lowest < one else []
        raise BudgetError(
            f"{what} needs {need.total} B of SRAM ({_parts(need)}), {need.total - sram} B over the budget of {sram}: "
            f"give at least {', or '.join(ways)}, the smallest that works"
        )
    constants = constant_bytes(bundle)
    if flash is not None and constants > flash:
        lowest = constant_bytes(least)
        way = f", {lowest} with --scheme last:1" if lowest < constants else ""
        raise BudgetError(
            f"{what} needs {constants} B of flash for constants, {constants - flash} B over the budget of {flash} B: "
            f"give at least {constants} and the code's size{way}, or a smaller network"
        )


def _parts(need: SramNeed) -> str:
    return ", ".join(f"{name} {size}" for name, size in asdict(need).items())
