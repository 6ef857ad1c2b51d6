"""The next byte: its texts, its measure, and the whole of it at a small size."""

from __future__ import annotations

import json
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch

from examples.next_byte.experiment import bits_per_byte, pairs, users_of
from examples.next_byte.networks import network
from examples.next_byte.scenario import FILE, load
from examples.next_byte.texts import english, halves, package, spread
from tinyfl.errors import DataError, ScenarioError

SMALL = """
seed = 2
[text]
users = ["json", "http"]
learn_windows = 48
judge_windows = 24
[network]
kind = "KIND"
context = 8
pretrain_steps = 50
[device]
learning_rate = 0.03125
[rounds]
federated = 2
epochs = 1
personal = 1
alone = 3
[schemes]
adapter = "lora:2"
head = "last:1"
"""


def test_the_transformer_is_as_small_as_it_has_to_be() -> None:
    for kind in ("transformer", "gru"):
        assert sum(p.numel() for p in network(kind, 64).parameters()) <= 100_000


@pytest.mark.parametrize("kind", ["transformer", "gru"])
def test_no_byte_is_scored_by_what_comes_after_it(kind: str) -> None:
    torch.manual_seed(0)
    module = network(kind, 12).eval()
    x = torch.randint(256, (1, 12))
    y = x.clone()
    y[0, 7:] = (y[0, 7:] + 1) % 256
    with torch.no_grad():
        assert torch.equal(module(x)[0, :7], module(y)[0, :7])
        assert not torch.equal(module(x)[0, 7:], module(y)[0, 7:])


def test_windows_are_parts_of_the_text_and_do_not_overlap() -> None:
    text = np.random.default_rng(0).integers(0, 256, 1000).astype(np.uint8)
    for seed in range(20):
        windows = spread(text, 7, 65, seed)
        starts = [next(s for s in range(936) if np.array_equal(text[s : s + 65], w)) for w in windows]
        assert all(b - a >= 65 for a, b in pairwise(starts))
    assert not np.array_equal(spread(english(), 7, 65, 0), spread(english(), 7, 65, 1))
    with pytest.raises(DataError, match="ask for fewer"):
        spread(text, 20, 65, 0)


def test_what_is_learned_is_not_judged() -> None:
    text = package("json")
    first, second = halves(text)
    assert np.array_equal(np.concatenate([first, second]), text)
    assert b"class JSONDecoder" in text.tobytes()
    with pytest.raises(DataError, match="no source of package"):
        package("no_such_package")


def test_bits_per_byte_is_the_cross_entropy() -> None:
    rng = np.random.default_rng(0)
    scores, labels = rng.normal(size=(3, 5, 256)) * 4, rng.integers(0, 256, (3, 5))
    loss = torch.nn.functional.cross_entropy(torch.from_numpy(scores).flatten(0, 1), torch.from_numpy(labels).flatten())
    assert bits_per_byte(scores, labels) == pytest.approx(loss.item() / np.log(2), rel=1e-12)
    assert bits_per_byte(np.zeros((1, 2, 256)), np.zeros((1, 2), np.int64)) == pytest.approx(8)


def test_the_scenario_that_ships_has_what_it_needs() -> None:
    scenario = load(FILE)
    assert len(scenario.text.users) >= 5
    for user in users_of(scenario, 1).values():
        assert user.learn.shape == (scenario.text.learn_windows, scenario.network.context + 1)
        x, labels = pairs(user.judge)
        assert np.array_equal(x[:, 0, 1:, 0], labels[:, :-1])


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [("seed = 2", "seed = 2\nsead = 3", "sead"), ("context = 8", "context = 0", "context"), ("seed", "[", "cannot be")],
)
def test_a_mistake_in_a_scenario_is_one_sentence(tmp_path: Path, old: str, new: str, message: str) -> None:
    (tmp_path / "s.toml").write_text(SMALL.replace("KIND", "gru").replace(old, new, 1))
    with pytest.raises(ScenarioError, match=message) as info:
        load(tmp_path / "s.toml")
    assert "\n" not in str(info.value)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["transformer", "gru"])
def test_the_whole_of_it(kind: str, tmp_path: Path) -> None:
    (tmp_path / "s.toml").write_text(SMALL.replace("KIND", kind))
    words = ("--scenario", str(tmp_path / "s.toml"), "--out", str(tmp_path / "out"), "--seeds", "1", "2")
    done = subprocess.run(
        [sys.executable, "-m", "examples.next_byte", *words], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == (tmp_path / "out" / kind / "report.md").read_text()
    report = json.loads((tmp_path / "out" / kind / "report.json").read_text())
    head = report["schemes"]["head"][0]
    assert set(head["alone"]) == {"json", "http"}
    assert head["personal"] != head["federated"]
    for arm in ("alone", "federated", "float_alone"):
        for user, bits in head[arm].items():
            assert bits < head["shipped"][user], (arm, user)
