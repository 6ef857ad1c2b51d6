"""The search against all schemes there are: under additive gains it finds the best one."""

import itertools
from collections.abc import Iterator

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.search.small import planned_network
from tinyfl.search.evolution import evolve
from tinyfl.search.front import trade_off
from tinyfl.search.need import Budget, Needs
from tinyfl.search.space import Candidate, Gains


def every(gains: Gains) -> Iterator[Candidate]:
    for depth in range(gains.depth + 1):
        for ratios in itertools.product(*[(0.0, *sorted(gains.weights[i])) for i in range(depth)]):
            yield Candidate(ratios)


@st.composite
def gains(draw: st.DrawFn, depth: int = 5) -> Gains:
    share = st.integers(-3, 9).map(lambda v: v / 16)
    weights = tuple({r: draw(share) for r in draw(st.sampled_from([(1.0,), (0.25, 0.5, 1.0)]))} for _ in range(depth))
    return Gains((0.0, *(draw(share) for _ in range(depth))), weights)


@settings(max_examples=20, deadline=None, derandomize=True)
@given(gains(), st.lists(st.integers(1, 9), min_size=10, max_size=10), st.integers(0, 40), st.integers(0, 3))
def test_equals_brute_force_where_memory_is_any_growing_function(
    gains: Gains, sizes: list[int], budget: int, seed: int
) -> None:
    def need(c: Candidate) -> float:
        """A sum and a peak, as parameters and arena are."""
        own = [sizes[i] * r for i, r in enumerate(c.ratios)]
        return sum(own) + max([sizes[5 + i] + sum(own[: i + 1]) for i in range(c.depth)], default=0)

    found = evolve(gains, lambda c: need(c) <= budget, seed)
    assert found is not None
    assert need(found) <= budget
    assert gains.of(found) == max(gains.of(c) for c in every(gains) if need(c) <= budget)


@settings(max_examples=4, deadline=None, derandomize=True)
@given(gains(depth=3), st.integers(0, 100), st.integers(0, 9))
def test_equals_brute_force_under_the_real_planner(gains: Gains, tightness: int, seed: int) -> None:
    planner = planned_network()
    free = Needs(planner, Budget(None, None, 2))
    least, most = (free.of(Candidate(r)).sram for r in ((), (1.0, 1.0, 1.0)))
    sram = least + (most - least) * tightness // 100
    front = trade_off(gains, Needs(planner, Budget(sram, None, 2)), seed, lambda: None)
    best = max(gains.of(c) for c in every(gains) if free.of(c).sram <= sram)
    assert front[-1].gain == best
    assert front[-1].need == free.of(front[-1].candidate)
    assert front[-1].need.sram <= sram
    assert [p.need.sram for p in front] == sorted({p.need.sram for p in front})
    for point in front:
        assert point.gain == gains.of(point.candidate)


def test_nothing_where_not_even_the_classifier_fits() -> None:
    assert evolve(Gains((0.0,), ()), lambda c: False, 0) is None


@settings(max_examples=10, deadline=None, derandomize=True)
@given(gains(), st.integers(0, 5))
def test_the_same_seed_finds_the_same_candidate(gains: Gains, seed: int) -> None:
    def fits(c: Candidate) -> bool:
        return c.depth + sum(c.ratios) <= 4

    assert evolve(gains, fits, seed) == evolve(gains, fits, seed)
