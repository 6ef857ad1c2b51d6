"""Results that the backward pass computes again: the same bits, and an arena that is no larger."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from device_library import Device
from sequence_networks import SEQUENCE_NETWORKS, Sequences, compile_sequences, labels_of

from tinyfl.compiler.again import again_of, smaller
from tinyfl.compiler.autodiff import differentiate
from tinyfl.compiler.bundle import Bundle
from tinyfl.compiler.interpret import Interpreter
from tinyfl.compiler.memory import lifetimes, plan_memory
from tinyfl.compiler.plan_check import verify
from tinyfl.types import Program

CHEAP = {"byte": "gelu", "layer norm": "layer_norm", "rms norm": "", "transformer": "rms_norm silu"}
"""Operators whose results are computed again where everything trains; the last norm of RMS's network is the output's"""


def program_of(bundle: Bundle, again: bool) -> Program:
    p = bundle.program
    return differentiate(p.graph, p.grads, p.grad_bits, p.learning_rate, fraction_bits=p.fraction_bits, again=again)


def run(bundle: Bundle, network: Sequences, folder: Path) -> tuple[bytes, ...]:
    """Planes after some steps in C, which are the interpreter's."""
    folder.mkdir()
    _, samples = network.samples(6, 4)
    labels = labels_of(network.graph(), samples, 5)
    machine, device = Interpreter(bundle.program, 9), Device(bundle, folder, 9)
    for x, label in zip(bundle.quantize_input(samples), labels, strict=True):
        assert device.train_step(x, label) == machine.train_step(x, label)
    assert device.planes() == machine.planes()
    assert device.guards_hold()
    return device.planes()


@pytest.mark.parametrize("name", CHEAP)
def test_what_is_computed_again_has_the_same_bits(name: str, tmp_path: Path) -> None:
    network = SEQUENCE_NETWORKS[name]
    bundle = compile_sequences(network)
    planes = []
    for again in (False, True):
        program = program_of(bundle, again)
        plan = plan_memory(program)
        verify(plan, program)
        planes.append(run(replace(bundle, program=program, plan=plan), network, tmp_path / str(again)))
        repeated = [s for s in program.steps if s.action == "again"]
        ops = {program.graph.nodes[s.node].op for s in repeated}
        assert again or not repeated
        assert not again or ops >= set(CHEAP[name].split())
        for step in repeated:
            n = program.graph.nodes[step.node]
            lives = lifetimes(program)
            assert step.writes == (again_of(n.output),)
            assert lives[n.output][1] < program.steps.index(step)  # the first result is gone by then
            assert lives[n.inputs[0]][1] >= lives[again_of(n.output)][1]  # its source is there for others
    assert planes[0] == planes[1]


@pytest.mark.parametrize("name", SEQUENCE_NETWORKS)
def test_the_smaller_arena_is_taken(name: str) -> None:
    bundle = compile_sequences(SEQUENCE_NETWORKS[name])
    keeping, again = (program_of(bundle, again) for again in (False, True))
    sizes = [plan_memory(program).arena_bytes for program in (keeping, again)]
    program, plan = smaller(keeping, again)
    assert plan.arena_bytes == min(sizes) == bundle.plan.arena_bytes
    assert program is (again if sizes[1] < sizes[0] else keeping)
