"""What a run costs on the wire and on the device, and what went wrong on its way."""

from __future__ import annotations

from pathlib import Path

from coordinator.orders import Status
from coordinator.state import RunState
from simulations.outcome import KernelCost, Traffic
from simulations.schedule import LEARN
from tinyfl.boards.size import kernel_flash
from tinyfl.compiler.bundle import Bundle
from tinyfl.compiler.cost import sram_need


def traffic(bundle: Bundle, state: RunState) -> Traffic:
    """Bytes on the wire in the shared rounds of a run."""
    reports = [r for o in state.outcomes if o.kind == LEARN for r in o.reports if r.status is Status.DONE]
    count = max(1, len(reports))
    return Traffic(
        up_per_device_round=sum(r.bytes_up for r in reports) / count,
        down_per_device_round=sum(r.bytes_down for r in reports) / count,
        up_largest=max((r.bytes_up for r in reports), default=0),
        full_model_float32=4 * bundle.float_parameters,
    )


def kernel_cost(bundle: Bundle, network: Path, capacity: int) -> KernelCost:
    """Cost of the kernel in the folder ``network``, on a device that keeps ``capacity`` windows."""
    forward, backward = bundle.macs()
    flash = kernel_flash(network, grad_bits=bundle.program.grad_bits)
    trained = sum(t.count for t in bundle.tensors)
    return KernelCost(
        sram_bytes=sram_need(bundle, capacity).kernel,
        arena_bytes=bundle.plan.arena_bytes,
        flash_bytes=flash.total,
        flash_target=flash.target,
        macs_forward=forward,
        macs_backward=backward,
        parameters=bundle.float_parameters,
        trained_shared=bundle.space.size,
        trained_personal=trained - bundle.space.size,
    )


def events(state: RunState) -> tuple[str, ...]:
    """What a reader of the report should know of the rounds."""
    out = []
    for o in state.outcomes:
        out += [f"round {o.round}: {event}" for r in o.reports for event in r.events]
        if o.attempts > 1:
            out.append(f"round {o.round} was asked for {o.attempts} times")
        out += [f"round {o.round} went on without {device}" for device in o.missing]
    return tuple(out)
