"""The built-in strategies against exact fractions, and what a user's mistakes in one say."""

from fractions import Fraction
from math import floor, isqrt
from statistics import fmean

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coordinator.strategies.base import aggregate
from coordinator.strategies.load import STRATEGIES, load_strategy
from tinyfl.errors import ScenarioError

rows = st.integers(1, 7).flatmap(
    lambda devices: st.integers(1, 5).flatmap(
        lambda n: st.lists(
            st.lists(st.integers(-(2**31), 2**31), min_size=n, max_size=n), min_size=devices, max_size=devices
        )
    )
)


def rounded(value: Fraction) -> int:
    return floor(value + Fraction(1, 2))


def run(name: str, deltas: list[list[int]], examples: list[int]) -> list[int]:
    return aggregate(load_strategy(name), np.array(deltas, np.int64), np.array(examples, np.int64), 1).tolist()


@settings(max_examples=80, deadline=None)
@given(rows, st.data())
def test_average_is_the_mean_by_windows(deltas, data) -> None:
    counts = data.draw(st.lists(st.integers(0, 5000), min_size=len(deltas), max_size=len(deltas)))
    used = counts if sum(counts) else [1] * len(counts)
    expected = [
        rounded(Fraction(sum(c * r[i] for c, r in zip(used, deltas, strict=True)), sum(used)))
        for i in range(len(deltas[0]))
    ]
    assert run("average", deltas, counts) == expected


@settings(max_examples=80, deadline=None)
@given(rows)
def test_trimmed_mean_leaves_out_a_fifth_at_either_end(deltas) -> None:
    cut = len(deltas) // 5
    columns = [sorted(c)[cut : len(deltas) - cut] for c in zip(*deltas, strict=True)]
    assert run("trimmed-mean", deltas, [1] * len(deltas)) == [rounded(Fraction(sum(c), len(c))) for c in columns]


@settings(max_examples=80, deadline=None)
@given(rows)
def test_norm_clip_shortens_to_the_median_norm(deltas) -> None:
    lengths = [isqrt(sum(v * v for v in r)) for r in deltas]
    limit = sorted(lengths)[(len(lengths) - 1) // 2]
    clipped = [
        [rounded(Fraction(v * limit, length)) for v in r] if length > limit else r
        for r, length in zip(deltas, lengths, strict=True)
    ]
    expected = [rounded(Fraction(sum(c), len(c))) for c in zip(*clipped, strict=True)]
    assert run("norm-clip", deltas, [4] * len(deltas)) == expected


@pytest.mark.parametrize("name", ["norm-clip", "trimmed-mean"])
def test_a_robust_strategy_holds_against_a_saturating_fifth(name: str) -> None:
    random = np.random.default_rng(1)
    truth = random.normal(0, 30, 500)
    honest = np.rint(truth + random.normal(0, 15, (8, 500))).astype(np.int64)
    attack = np.full((2, 500), 127 << 6)
    deltas, examples = np.r_[honest, attack], np.full(10, 20)
    error = {n: fmean(np.abs(aggregate(load_strategy(n), deltas, examples, 1) - truth)) for n in ("average", name)}
    assert error[name] < error["average"] / 20


@pytest.mark.parametrize("name", STRATEGIES)
def test_the_order_of_devices_does_not_matter_nor_are_inputs_changed(name: str) -> None:
    random = np.random.default_rng(2)
    deltas, examples = random.integers(-4000, 4000, (6, 50)), random.integers(1, 90, 6)
    kept = deltas.copy()
    mixed = random.permutation(6)
    first = aggregate(load_strategy(name), deltas, examples, 1)
    np.testing.assert_array_equal(first, aggregate(load_strategy(name), deltas[mixed], examples[mixed], 1))
    np.testing.assert_array_equal(deltas, kept)


HEAD = "import numpy as np\nfrom coordinator.strategies.base import Strategy\n"
BODY = "class Mine(Strategy):\n    def aggregate(self, deltas, examples, round):\n        return {}\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (BODY.format("deltas[0] / 2"), r"strategy Mine returned float64 in round 3; return an array of integers$"),
        (BODY.format("[1, 2]"), r"strategy Mine returned list in round 3"),
        (BODY.format("deltas"), r"strategy Mine returned shape \(2, 4\) in round 3; .*\(4,\)"),
        (BODY.format("deltas[9]"), r"strategy Mine failed in round 3: IndexError: .*; correct its aggregate\(\)$"),
    ],
)
def test_what_a_wrong_strategy_returns_is_explained(tmp_path, text: str, message: str) -> None:
    (tmp_path / "mine.py").write_text(HEAD + text)
    strategy = load_strategy(f"{tmp_path / 'mine.py'}:Mine")
    with pytest.raises(ScenarioError, match=message):
        aggregate(strategy, np.ones((2, 4), np.int64), np.ones(2, np.int64), 3)


@pytest.mark.parametrize(
    ("spec", "text", "message"),
    [
        ("median", None, r"there is no strategy 'median'; built in are average, norm-clip, trimmed-mean, your own"),
        ("{}/none.py:Mine", None, r"there is no strategy file .*none.py; give the path"),
        ("{}/mine.py:Yours", HEAD + BODY.format("0"), r"mine.py has no class Yours; name one"),
        ("{}/mine.py:np", HEAD, r"np in .*mine.py is no strategy; derive it"),
        ("{}/mine.py:Mine", "class Mine: ...", r"Mine in .*mine.py is no strategy"),
        ("{}/mine.py:Mine", "import nothing_of_that_name", r"cannot be imported \(ModuleNotFoundError"),
        ("{}/mine.py:Mine", HEAD + "class Mine(Strategy): ...", r"cannot be made \(TypeError.*define aggregate"),
        (
            "{}/mine.py:Mine",
            HEAD + BODY.format("0") + "    def __init__(self): self.x = 1\n",
            r"call super\(\).__init__\(\)",
        ),
    ],
)
def test_a_strategy_that_cannot_be_loaded_is_explained(tmp_path, spec: str, text: str | None, message: str) -> None:
    if text is not None:
        (tmp_path / "mine.py").write_text(text)
    with pytest.raises(ScenarioError, match=message):
        load_strategy(spec.format(tmp_path))
