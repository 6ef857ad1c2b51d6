"""What the command line says about itself."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import typer
from cli_lab import ROOT, refusal, tinyfl

from tinyfl.cli import app

GROUP = typer.main.get_command(app)
COMMANDS = sorted(GROUP.commands)  # type: ignore[attr-defined]


def test_help_teaches_every_command(tmp_path: Path) -> None:
    done = tinyfl("--help", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    for command in COMMANDS:
        assert re.search(rf"^\W*{command}\s+[A-Z]", done.stdout, re.MULTILINE), command
    assert {"compile", "build", "demo", "simulate", "device", "gateway"} <= set(COMMANDS)


def test_without_a_word_it_shows_the_help(tmp_path: Path) -> None:
    done = tinyfl(cwd=tmp_path)
    assert "Usage:" in done.stdout + done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_explains_its_options(command: str, tmp_path: Path) -> None:
    done = tinyfl(command, "--help", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    for parameter in GROUP.commands[command].params:  # type: ignore[attr-defined]
        option = parameter.param_type_name == "option"
        row = re.search(rf"^.*{parameter.opts[0] if option else parameter.name} .*$", done.stdout, re.MULTILINE)
        assert row, parameter.name
        words = re.findall(r"[A-Za-z]{2,}", row[0])
        assert len(words) > 2, f"{command} {parameter.name} is not explained: {row[0]}"


def test_version_is_that_of_the_package_and_nothing_else(tmp_path: Path) -> None:
    info = tmp_path / "tinyfl-9.8.7.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: tinyfl\nVersion: 9.8.7\n")
    done = subprocess.run(
        [sys.executable, "-m", "tinyfl.cli", "--version"],
        env={**os.environ, "PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}"},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "9.8.7\n", "")


@pytest.mark.parametrize(
    "words",
    [
        ("dmeo",),
        ("simulate", "--strateyg", "average"),
        ("simulate", "--seed", "-1"),
        ("simulate", "--seed", "4000001"),
        ("simulate", "--seed", "one"),
        ("compile", "net.py:make"),
        ("compile", "net.py:make", "--calibration", "c.npz", "-o", "out", "--store", "0"),
    ],
)
def test_a_misused_command_is_explained_without_a_traceback(words: tuple[str, ...], tmp_path: Path) -> None:
    done = tinyfl(*words, cwd=tmp_path)
    assert done.returncode == 2
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    assert "Usage:" in done.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("build", "nowhere"), "no bundle at nowhere"),
        (("build", "nowhere", "--target", "toaster"), "no target toaster"),
        (("gateway", "nowhere.toml"), "gateway file nowhere.toml cannot be read"),
        (("device", "net", "--recordings", "r", "--name", "w"), "device w needs one line; give --serial or --mqtt"),
        (
            ("device", "net", "--recordings", "r", "--name", "w", "--serial", "s", "--mqtt", "mqtt://h"),
            "device w needs one line",
        ),
        (("device", "nowhere", "--recordings", "r", "--name", "w", "--serial", "s"), "no bundle at nowhere"),
    ],
)
def test_commands_of_the_fleet_refuse_in_one_sentence(words: tuple[str, ...], message: str, tmp_path: Path) -> None:
    assert message in refusal(tinyfl(*words, cwd=tmp_path))
    assert list(tmp_path.iterdir()) == []
