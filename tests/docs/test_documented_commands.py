"""Every command that README and docs/ print is run as printed, in a folder of its own.

A command that no rule below knows fails: a document cannot print what nobody has tried.
"""

from __future__ import annotations

import importlib.util
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import typer
from fences import ROOT, Command, commands, inline_commands
from stand_ins import provide

from tests.cli.cli_lab import refusal, tinyfl
from tinyfl.cli import app
from tinyfl.data.description import read_description
from tinyfl.errors import TinyflError

MINUTES = 600.0


def ran(words: tuple[str, ...], folder: Path) -> None:
    """A command of tinyfl ends well and leaves its report, if it is one that does."""
    if {"watch", "demo"} & set(words) and "--scenario" not in words and importlib.util.find_spec("seglearn") is None:
        pytest.skip("the watch scenario needs the recordings of seglearn")
    if "demo" in words:
        pytest.importorskip("flwr", reason="needs the extra: pip install 'tinyfl[fleet]'")
    provide(words, folder)
    done = tinyfl(*words[1:], cwd=folder, timeout=MINUTES)
    assert done.returncode == 0, done.stderr
    if words[1] in ("simulate", "demo"):
        (file,) = folder.rglob("report.json")
        out = words[words.index("-o") + 1] if "-o" in words else "runs/small"
        assert file.parent == folder / out
        report = json.loads(file.read_text())
        kind = "stream" if "periods" in report else "simulation"
        assert report["engine"] == ("fleet" if words[1] == "demo" else kind)
        assert len(report["weights_digest"]) == report["devices"]
    if words[1] == "compile":
        assert (folder / words[words.index("-o") + 1] / "net.c").is_file()


def ran_an_example(words: tuple[str, ...], folder: Path) -> None:
    """A scenario of the checkout, if the recordings that it reads are there."""
    scenario = ROOT / words[2]
    missing = tinyfl("simulate", scenario, "-o", folder / "out", cwd=folder) if not _has_recordings(scenario) else None
    if missing is not None:
        assert "dataset.toml names: put the recordings there" in refusal(missing)
        pytest.skip(f"{words[2]} reads recordings that are not there: {refusal(missing)}")
    ran(tuple(str(scenario) if w == words[2] else w for w in words), folder)


def _has_recordings(scenario: Path) -> bool:
    (archive,) = (read_description(file.parent).npz for file in scenario.parent.glob("*/dataset.toml"))
    return archive is not None and archive.is_file()


def ran_on_a_network(words: tuple[str, ...], folder: Path) -> None:
    """A command on the folder that the page's `tinyfl compile` leaves."""
    compiled = ("tinyfl", "compile", "my_net.py:make", "--calibration", "samples.npz", "-o", "out")
    ran(compiled, folder)
    if "--target" in words:
        from tinyfl.boards.targets import board_of

        try:
            board_of(words[words.index("--target") + 1]).require_emulator()
        except TinyflError as missing:
            pytest.skip(str(missing))
    else:
        pytest.importorskip("matplotlib", reason="needs the extra: pip install 'tinyfl[report]'")
    ran(words, folder)


def ran_up_to_esp_idf(words: tuple[str, ...], folder: Path) -> None:
    """A project is written; flashing it asks for what `idf.py build` makes, and for nothing else."""
    ran(("tinyfl", "compile", "my_net.py:make", "--calibration", "samples.npz", "-o", "out"), folder)
    ran(("tinyfl", "build", "out", "--target", "esp32s3"), folder)
    if words[1] == "build":
        ran(words, folder)
        return
    provide(words, folder)
    done = tinyfl(*words[1:], cwd=folder)
    assert "is not built yet; run `idf.py build` in it" in refusal(done)


def ran_by_esp_idf(words: tuple[str, ...], folder: Path) -> None:
    """ESP-IDF's own command, where it is installed."""
    if shutil.which("idf.py") is None:
        pytest.skip("idf.py is not installed: the project's glue is checked against declared signatures instead")
    ran_up_to_esp_idf(("tinyfl", "build", "out", "--target", "esp32s3"), folder)
    if "build" in words:
        subprocess.run(words, cwd=folder, check=True)


def ran_with_a_broker(words: tuple[str, ...], folder: Path) -> None:
    """The reader's broker, on a free port instead of the printed one."""
    broker = pytest.importorskip("tinyfl.link.broker")
    pytest.importorskip("iotcore", reason="needs the extra: pip install 'tinyfl[fleet]'")
    with broker.EmbeddedBroker() as embedded:
        assert "mqtt://127.0.0.1:1883" in words
        ran(tuple(embedded.url if w == "mqtt://127.0.0.1:1883" else w for w in words), folder)


def ran_until_stopped(words: tuple[str, ...], folder: Path) -> None:
    """A gateway that finds no SuperLink waits for one; a stop ends it without a complaint of Python's."""
    pytest.importorskip("flwr", reason="needs the extra: pip install 'tinyfl[fleet]'")
    provide(words, folder)
    text = (folder / "kitchen.toml").read_text().replace("broker.example:1883", "127.0.0.1:1")
    (folder / "kitchen.toml").write_text(text)
    log = folder / "log"
    with log.open("wb") as output:
        gateway = subprocess.Popen(
            [sys.executable, "-m", "tinyfl.cli", *words[1:]],
            cwd=folder,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdout=output,
            stderr=output,
        )
    try:
        deadline = time.monotonic() + 30
        while not (folder / "kitchen.ledger").exists() and gateway.poll() is None and time.monotonic() < deadline:
            time.sleep(0.05)
        time.sleep(1.0)
        gateway.send_signal(signal.SIGTERM)
        code = gateway.wait(30)
    finally:
        gateway.kill()
    said = log.read_text()
    assert "Traceback" not in said, said
    assert code == 0 or (code == 2 and said.splitlines()[-1].startswith("tinyfl: ")), (code, said)


def planned(words: tuple[str, ...], folder: Path) -> None:
    """`make` knows the target and what it would do; .ci/run does it."""
    done = subprocess.run([words[0], "-n", *words[1:]], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "bootstrap.py" in done.stdout


def collected(words: tuple[str, ...], folder: Path) -> None:
    """The tests that a page names exist; the suite runs them."""
    assert words[:3] == ("python", "-m", "pytest")
    done = subprocess.run(
        [sys.executable, *words[1:], "--collect-only"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout
    assert re.search(r"[1-9]\d* tests collected", done.stdout) or done.stdout.count("::") > 100


Rule = Callable[[tuple[str, ...], Path], None]
RULES: tuple[tuple[str, Rule, bool], ...] = (  # a pattern, what to do, whether it is slow
    (r"make (demo|test)", planned, False),
    (r"python -m pytest tests/.*", collected, True),
    (r"tinyfl compile \S+:make .*", ran, True),
    (r"tinyfl (bench out --target \S+|report out)", ran_on_a_network, True),
    (r"tinyfl (build|flash) out\S* .*", ran_up_to_esp_idf, True),
    (r"idf\.py -C out/esp32s3 (menuconfig|build)", ran_by_esp_idf, True),
    (r"tinyfl simulate watch .*", ran, True),
    (r"tinyfl simulate examples/\S+\.toml -o .*", ran_an_example, True),
    (r"tinyfl simulate my\.toml -o .*", ran, False),
    (r"tinyfl simulate (my|SCENARIO)\.toml --strategy .*", ran, True),
    (r"tinyfl demo .*--broker mqtt://127\.0\.0\.1:1883 .*", ran_with_a_broker, True),
    (r"tinyfl demo .*", ran, True),
    (r"tinyfl gateway kitchen\.toml", ran_until_stopped, True),
)


def rule_of(command: Command) -> tuple[Rule, bool] | None:
    """The first rule that fits a whole command line."""
    for pattern, rule, slow in RULES:
        if re.fullmatch(pattern, command.text):
            return rule, slow
    return None


def _cases() -> list[object]:
    out: list[object] = []
    for command in commands():
        found = rule_of(command)
        marks = [pytest.mark.slow] if found is not None and found[1] else []
        out.append(pytest.param(command, id=f"{command.where} {command.text}", marks=marks))
    return out


@pytest.mark.parametrize("command", _cases())
def test_a_printed_command_does_what_its_page_says(command: Command, tmp_path: Path) -> None:
    found = rule_of(command)
    assert found is not None, f"{command.where} prints `{command.text}`, which no rule of this test tries"
    found[0](command.words, tmp_path)


def test_the_pages_print_commands_and_each_rule_serves_one() -> None:
    texts = [c.text for c in commands()]
    assert {"make demo", "make test"} <= set(texts)
    for pattern, _, _ in RULES:
        assert any(re.fullmatch(pattern, text) for text in texts), f"no page prints {pattern} any more"


@pytest.mark.parametrize("command", inline_commands(), ids=lambda c: f"{c.where} {c.text}")
def test_a_command_in_running_text_exists_with_its_options(command: Command) -> None:
    group = typer.main.get_command(app)
    if command.words[0] == "python":
        module = command.words[1] == "-m"
        file = ROOT / (command.words[2].replace(".", "/") + ".py" if module else command.words[1])
        file = file if file.is_file() else ROOT / command.words[2].replace(".", "/") / "__main__.py"
        assert file.is_file()
        options = re.findall(r"\"(--[a-z-]+)\"", file.read_text())
    else:
        assert command.words[1] in group.commands, command.text  # type: ignore[attr-defined]
        found = group.commands[command.words[1]]  # type: ignore[attr-defined]
        options = [o for p in found.params for o in (*p.opts, *p.secondary_opts)]
    for word in command.words[2:]:
        if word.startswith("-"):
            assert word in options, f"{command.where}: {command.text} has no {word}"
