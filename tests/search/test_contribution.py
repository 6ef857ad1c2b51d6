"""What is measured: disjoint halves, the twin of the graph, the same numbers however they are computed."""

from collections.abc import Iterator

import numpy as np
import pytest
import torch
from hypothesis import given, settings

from tests.compiler.networks import Network, networks
from tests.search.small import RATE, small_graph, task
from tinyfl.compiler.float_twin import FloatTwin
from tinyfl.compiler.quantize import float_activations
from tinyfl.errors import DataError
from tinyfl.search import contribution
from tinyfl.search.contribution import WARM_EPOCHS, Analysis, Half, halves
from tinyfl.search.effort import BATCH, EPOCHS
from tinyfl.search.space import Candidate, Measured, cut_of, scheme_of


@settings(max_examples=12, deadline=None, derandomize=True)
@given(networks())
def test_the_twin_computes_the_float_graph_from_any_node_on(network: Network) -> None:
    graph = network.graph()
    _, x = network.samples(3, 0)
    wanted = float_activations(graph, x)[graph.output].reshape(3, -1)
    twin = FloatTwin(graph, scheme_of(Candidate(), graph), RATE)
    start = {graph.input: torch.tensor(x, dtype=torch.float32).permute(0, 3, 1, 2)}
    for cut in range(len(graph.nodes)):
        with torch.no_grad():
            scores = twin.scores(twin.run(start, 0, cut), cut).numpy()
        np.testing.assert_allclose(scores, wanted, rtol=1e-3, atol=1e-3 * np.abs(wanted).max())


def test_halves_are_disjoint_hold_every_class_and_change_places() -> None:
    y = np.array([0] * 9 + [1] * 4 + [2] * 2)
    parts = halves(y, 6, 3, seed=1)
    assert len(parts) == 6
    for a, b in zip(parts[::2], parts[1::2], strict=True):
        assert not set(a.learn) & set(a.judge)
        assert (set(a.learn), set(a.judge)) == (set(b.judge), set(b.learn))
        assert np.bincount(y[a.learn]).tolist() == [3, 2, 1]
        assert np.bincount(y[a.judge]).tolist() == [3, 2, 1]
    again = halves(y, 6, 3, seed=1)
    assert all(np.array_equal(a.learn, b.learn) for a, b in zip(parts, again, strict=True))
    assert any(not np.array_equal(a.learn, b.learn) for a, b in zip(parts, halves(y, 6, 3, seed=2), strict=True))


def test_a_class_with_one_sample_is_named() -> None:
    with pytest.raises(DataError, match="one sample of class 1"):
        halves(np.array([0, 0, 1]), 8, 1, 0)


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def by_hand(candidate: Candidate, part: Half, number: int, seed: int) -> float:
    """The same run without anything kept: the whole network in each step, the classifier warmed up first."""
    data, graph = task(), small_graph()
    x = torch.tensor(data.x, dtype=torch.float32)
    y = torch.tensor(data.y)
    head = FloatTwin(graph, scheme_of(Candidate(), graph), RATE)
    twin = FloatTwin(graph, scheme_of(candidate, graph), RATE)
    for model, epochs in ((head, WARM_EPOCHS), (twin, EPOCHS)):
        order = torch.Generator().manual_seed(1000 * seed + number)
        if model is twin:
            name = graph.nodes[-1].name
            with torch.no_grad():
                twin.layers[name].weight.copy_(head.layers[name].weight)
                twin.layers[name].bias.copy_(head.layers[name].bias)
        learn = torch.tensor(part.learn)
        for _ in range(epochs):
            shuffled = learn[torch.randperm(len(learn), generator=order)]
            for at in range(0, len(learn), BATCH):
                batch = shuffled[at : at + BATCH]
                model.descend(model.logits(x[batch]), y[batch])
    return twin.accuracy(x[torch.tensor(part.judge)], data.y[part.judge])


def measured(candidates: list[Candidate], seed: int = 3) -> dict[Candidate, Measured]:
    data = task()
    parts = halves(data.y, 16, 1, seed)
    return dict(Analysis(small_graph(), RATE, data.x, data.y, parts, seed).measure(candidates))


def test_kept_prefixes_and_threads_change_nothing() -> None:
    wanted = [Candidate(), Candidate((0.0,)), Candidate((0.0, 1.0)), Candidate((0.5, 0.0, 0.0))]
    found = measured(wanted)
    assert found == measured(wanted[::-1])
    parts = halves(task().y, 16, 1, 3)
    for candidate in wanted:
        hand = [by_hand(candidate, part, number, 3) for number, part in enumerate(parts)]
        assert found[candidate].accuracy == pytest.approx(sum(hand) / 2, abs=1 / 24)


def test_training_helps_on_this_task(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(contribution, "EPOCHS", 20)
    alone, all_layers = Candidate(), Candidate((1.0, 1.0, 1.0))
    found = measured([alone, all_layers])
    assert found[all_layers].accuracy > found[alone].accuracy


def test_a_rate_that_diverges_is_quartered() -> None:
    data = task()
    analysis = Analysis(small_graph(), 1.0, data.x, data.y, halves(data.y, 16, 1, 0), 0)
    ((_, found),) = analysis.measure([Candidate((1.0, 1.0, 1.0))])
    assert found.lr_shift in (2, 4, 6)


def test_the_cut_is_the_first_node_that_trains() -> None:
    graph = small_graph()
    assert graph.nodes[cut_of(graph, 0)].op == "logits"
    assert [graph.nodes[cut_of(graph, d)].op for d in (1, 2, 3)] == ["pointwise", "depthwise", "conv"]
