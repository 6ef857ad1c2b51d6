"""The training step on every board: the interpreter's bits, measured twice alike, within the board's memory."""

from __future__ import annotations

import ctypes
import json
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from bench_lab import BARE, buildable, compiled, runnable, small, wide
from elftools.elf.elffile import ELFFile
from sequence_networks import SEQUENCE_NETWORKS, compile_sequences

from tests.cli.cli_lab import refusal, tinyfl
from tinyfl.boards.bench import Measurement, build_bench, run_bench
from tinyfl.boards.bench_samples import bench_samples, interpreter_digest, interpreter_scores
from tinyfl.boards.board import Board
from tinyfl.boards.emulator import lines_of
from tinyfl.boards.firmware import firmware_dir
from tinyfl.boards.memory_map import read_memory_map
from tinyfl.boards.targets import BOARDS
from tinyfl.boards.toolchain import build
from tinyfl.compiler.bundle import load_bundle
from tinyfl.compiler.command import write_bundle
from tinyfl.errors import BudgetError, ToolError
from tinyfl.progress import Progress

KEYS = {"instructions_forward", "instructions_step", "sram_static_bytes", "stack_bytes", "flash_bytes"}
KEYS |= {"weights_digest", "target", "steps", "toolchain"}
STEPS = 50


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("small") / "net"
    compiled(small(), folder)
    return folder


@pytest.fixture(scope="module")
def digest(network: Path) -> str:
    return interpreter_digest(load_bundle(network), STEPS)


def measured(folder: Path, board: Board, steps: int = STEPS) -> Measurement:
    return run_bench(folder, board, steps, Progress(quiet=True))


@pytest.mark.parametrize(
    "target", [*(b for b in BOARDS if b != "xtensa"), pytest.param("xtensa", marks=pytest.mark.slow)]
)
def test_each_board_ends_with_the_interpreters_weights(network: Path, digest: str, target: str) -> None:
    board = runnable(target)
    result = measured(network, board)
    assert result.digest == digest
    said = result.as_json()
    assert set(said) == KEYS
    assert (said["target"], said["steps"]) == (target, STEPS)
    bundle = load_bundle(network)
    planes = sum(t.count * (4 if t.is_bias else 2) for t in bundle.tensors)
    assert result.image.sram_static_bytes > planes + bundle.plan.arena_bytes + bundle.input_bytes
    if target == "host":
        assert said["instructions_forward"] is said["instructions_step"] is said["stack_bytes"] is None
        return
    assert result.image.sram_static_bytes < planes + bundle.plan.arena_bytes + bundle.input_bytes + 128
    assert result.forward is not None
    assert result.step is not None
    macs = bundle.macs()
    assert macs[0] < result.forward < result.step
    assert len(result.each_step) == STEPS
    assert 256 < (result.stack_bytes or 0) < result.image.stack_limit
    assert measured(network, board).as_json() == said  # to the last instruction


OPTIONS = ({"grad_bits": 16}, {"input_in_arena": True}, {"fraction_bits": 0})


@pytest.mark.parametrize("options", OPTIONS, ids=lambda options: "-".join(options))
@pytest.mark.parametrize(
    "target", ["cortex-m7", *(pytest.param(name, marks=pytest.mark.slow) for name in ("rv32imc", "xtensa"))]
)
def test_each_kind_of_network_ends_with_the_interpreters_weights(options: dict, target: str, tmp_path: Path) -> None:
    board = runnable(target)
    bundle = compiled(small(), tmp_path / "net", **options)
    result = measured(tmp_path / "net", board, 6)
    assert result.digest == interpreter_digest(bundle, 6)
    if "input_in_arena" in options:  # no second place for the sample
        planes = sum(t.count * (4 if t.is_bias else 2) for t in bundle.tensors)
        assert result.image.sram_static_bytes < planes + bundle.plan.arena_bytes + 128


def test_samples_are_those_of_the_generator_as_published(network: Path) -> None:
    """Marsaglia's xorshift32 from his seed; the first word serves the forward pass."""
    bundle = load_bundle(network)
    words = -(-bundle.input_bytes // 4)
    state, drawn = ctypes.c_uint32(2463534242), []
    for _ in range(2 * words):
        for shift in (13, -17, 5):
            moved = state.value << shift if shift > 0 else state.value >> -shift
            state = ctypes.c_uint32(state.value ^ moved)
        drawn.append(state.value)
    assert drawn[:2] == [723471715, 2497366906]
    ((x, label),) = bench_samples(bundle, 1)
    data = b"".join(word.to_bytes(4, "little") for word in drawn[words:])[: bundle.input_bytes]
    assert np.array_equal(x.ravel(), np.frombuffer(data, np.int8))
    assert label == 0


@pytest.mark.parametrize("target", BARE)
def test_a_network_beyond_the_boards_ram_fails_at_link_with_the_bytes(target: str, tmp_path: Path) -> None:
    board = buildable(target)
    bundle = compiled(wide(), tmp_path / "net")
    with pytest.raises(BudgetError, match=rf"needs ([\d,]+) B more SRAM than the 262,144 B of {target} ") as raised:
        build_bench(tmp_path / "net", board, 8)
    excess = int(str(raised.value).split(" needs ")[1].split(" B ")[0].replace(",", ""))
    planes = sum(t.count * (4 if t.is_bias else 2) for t in bundle.tensors)
    need = planes + bundle.plan.arena_bytes + bundle.input_bytes + 8192
    assert 0 <= excess - (need - 262144) < 128
    assert not (tmp_path / "net" / target).exists()


def with_map(board: Board, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, old: str, new: str) -> Board:
    """The board with another memory map."""
    firmware = tmp_path / "device_fw"
    shutil.copytree(firmware_dir(), firmware)
    assert board.memory_map is not None
    script = firmware / "ports" / board.memory_map
    assert old in script.read_text()
    script.write_text(script.read_text().replace(old, new))
    monkeypatch.setattr("tinyfl.boards.image.firmware_dir", lambda: firmware)
    return board


def test_a_network_beyond_the_boards_flash_fails_at_link(
    network: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    board = with_map(buildable("cortex-m7"), tmp_path, monkeypatch, "LENGTH = 1024K", "LENGTH = 4K")
    with pytest.raises(BudgetError, match=r"needs [\d,]+ B more flash than the 4,096 B of cortex-m7 "):
        build_bench(network, board, 8)


@pytest.mark.parametrize("target", ["cortex-m7", "rv32imc"])
def test_a_stack_that_is_too_small_is_told(
    target: str, network: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    need = measured(network, runnable(target), 2).stack_bytes
    assert need is not None
    small = f"STACK_BYTES = {(need - 16) // 16 * 16}"
    board = with_map(BOARDS[target], tmp_path, monkeypatch, "STACK_BYTES = 8K", small)
    with pytest.raises(BudgetError, match=r"more than the [\d,]+ B of stack that .*; raise STACK_BYTES in \S+\.ld$"):
        measured(network, board, 2)


def test_the_memory_map_of_each_board_is_its_linker_scripts() -> None:
    for name in BARE:
        board = BOARDS[name]
        assert board.memory_map is not None
        memory = read_memory_map(firmware_dir() / "ports" / board.memory_map)
        assert memory.regions["SRAM"] == 256 * 1024
        assert memory.regions["FLASH"] == 1024 * 1024
        assert memory.stack_bytes == 8192


@pytest.mark.parametrize("target", BARE)
def test_a_missing_program_is_named_with_its_debian_package(
    target: str, network: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(ToolError, match=rf"board {target} needs qemu-system-\w+, .*: apt install qemu-system-\w+$"):
        measured(network, BOARDS[target])
    with pytest.raises(ToolError, match=rf"board {target} needs \S+, .*: apt install \S+"):
        build_bench(network, BOARDS[target], 8)


def test_a_program_that_hangs_is_stopped(tmp_path: Path) -> None:
    (tmp_path / "hang.c").write_text("int main(void) { for (volatile int i = 0;; i++) { } }\n")
    program = build([tmp_path / "hang.c"], output=tmp_path / "hang", shared=False)
    with pytest.raises(ToolError, match=r"said nothing for 0 s and was stopped"):
        list(lines_of(BOARDS["host"], program, silence=0.2))


def test_a_program_that_fails_is_told_with_its_complaint(tmp_path: Path) -> None:
    (tmp_path / "fail.c").write_text('#include <stdio.h>\nint main(void) { fputs("no luck", stderr); return 3; }\n')
    program = build([tmp_path / "fail.c"], output=tmp_path / "fail", shared=False)
    with pytest.raises(ToolError, match=r"failed on host \(no luck\)"):
        list(lines_of(BOARDS["host"], program))


def test_the_command_prints_a_table_or_json(network: Path, digest: str, tmp_path: Path) -> None:
    runnable("cortex-m7")
    done = tinyfl("bench", network, "--target", "cortex-m7", "--json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert set(said) == KEYS
    assert said["weights_digest"] == digest
    table = tinyfl("bench", network, "--target", "cortex-m7", cwd=tmp_path).stdout
    assert all(f"{said[key]:,}" in table for key in KEYS if isinstance(said[key], int))
    assert digest in table
    assert f"mean; {min(measured(network, BOARDS['cortex-m7']).each_step):,} to " in table
    built = json.loads(tinyfl("build", network, "--target", "cortex-m7", "--json", cwd=tmp_path).stdout)
    assert built["flash_bytes"] == said["flash_bytes"]
    with Path(built["executable"]).open("rb") as stream:
        assert ELFFile(stream)["e_machine"] == "EM_ARM"


def test_a_stream_says_what_the_window_says(network: Path, tmp_path: Path) -> None:
    bundle = compile_sequences(SEQUENCE_NETWORKS["gru classifier"], grad_bits=8)
    write_bundle(bundle, 1, tmp_path / "net")
    words = ("bench", tmp_path / "net", "--steps", 4, "--stream")
    done = tinyfl(*words, "--json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert said["scores_digest"] == interpreter_scores(bundle, 4)
    assert said["weights_digest"] == interpreter_digest(bundle, 4)
    board = runnable("cortex-m7")
    result = run_bench(tmp_path / "net", board, 4, Progress(quiet=True), stream=True)
    assert result.scores == said["scores_digest"]
    assert result.forward is not None
    assert result.stream_step is not None
    assert 0 < result.stream_step < result.forward
    why = "cannot be computed step by step (its input is an image); leave --stream out"
    assert why in refusal(tinyfl("bench", network, "--stream", cwd=tmp_path))


def test_the_command_refuses_in_one_sentence(network: Path, tmp_path: Path) -> None:
    assert "no target toaster; choose one of host, " in refusal(
        tinyfl("bench", network, "--target", "toaster", cwd=tmp_path)
    )
    assert "give --store to tinyfl device" in refusal(tinyfl("build", network, "--store", 8, cwd=tmp_path))
    assert "no bundle at nowhere" in refusal(tinyfl("bench", "nowhere", cwd=tmp_path))


@pytest.mark.parametrize("target", BARE)
@pytest.mark.slow
def test_an_emulators_plugin_counts_the_same_instructions(target: str, network: Path, tmp_path: Path) -> None:
    """The counter on virtual time against a count of what is executed, but for the call: 4 to 7 instructions."""
    board = runnable(target)
    assert board.emulator is not None
    result = measured(network, board, 5)
    plugin = build([Path(__file__).with_name("instruction_counter.c")], output=tmp_path / "plugin.so", flags=("-O1",))
    with result.image.file.open("rb") as stream:
        symbols = {s.name: s["st_value"] for s in ELFFile(stream).get_section_by_name(".symtab").iter_symbols()}
    for function, counts in (("train_step", result.each_step), ("forward", (result.forward,))):
        first, last = (symbols[name] & ~int(target.startswith("cortex")) for name in (function, "bench_ticks"))
        *command, kernel = board.emulator.command
        done = subprocess.run(
            [*command, "-plugin", f"{plugin},from={first:#x},to={last:#x}", kernel, result.image.file],
            capture_output=True,
            text=True,
            check=True,
            timeout=120,
        )
        executed = [int(line) for line in done.stderr.splitlines()]
        assert len(executed) == len(counts)
        assert all(0 <= a - b <= 10 for a, b in zip(counts, executed, strict=True)), (counts, executed)
