"""The speakers' example: its network, who is left out, and that no take is both learned and judged."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from benchmarks.people import runs
from simulations.scenario import load_scenario
from simulations.user_network import load_network
from simulations.wearers import people
from tinyfl.compiler.float_twin import FloatTwin
from tinyfl.compiler.frontends.torch import import_torch
from tinyfl.compiler.scheme import parse_scheme
from tinyfl.data import load_dataset

ROOT = Path(__file__).parents[2]
RECORDINGS = ROOT / "../shared/data/fsdd_logmel20.npz"
SCENARIO = str(ROOT / "examples" / "spoken_digits" / "digits.toml")
needs_recordings = pytest.mark.skipif(not RECORDINGS.is_file(), reason=f"needs ../shared/data/{RECORDINGS.name}")


def test_the_network_fits_words_of_any_number_of_bands() -> None:
    factory = load_network(load_scenario(SCENARIO).network.model, 20, 64, 10)
    convolutions = 20 * 5 * 32 + 32 + 2 * 32 + 32 * 5 * 32 + 32 + 2 * 32
    gru = 3 * 40 * (32 + 40) + 2 * 3 * 40
    assert sum(p.numel() for p in factory(20, 64, 10).parameters()) == convolutions + gru + 160 * 10 + 10
    assert factory(13, 32, 7)(torch.zeros(2, 13, 32)).shape == (2, 7)


def test_the_scheme_trains_convolutions_cell_and_classifier_as_the_float_twin_does() -> None:
    scenario = load_scenario(SCENARIO)
    torch.manual_seed(5)
    module = load_network(scenario.network.model, 20, 64, 10)(20, 64, 10).eval()
    graph = import_torch(module, torch.zeros(1, 20, 64))
    scheme = parse_scheme(scenario.network.scheme, graph)
    trained = {u.node: u.shared for u in scheme.layers}
    kinds = [n.op for n in graph.nodes if n.name in trained]
    assert kinds == ["conv", "conv", "pointwise", "gru", "logits"]
    assert list(trained.values()) == [True] * 4 + [False]
    words = torch.randn(3, 1, 64, 20)
    scores = FloatTwin(graph, scheme, 0.1).logits(words).detach()
    torch.testing.assert_close(scores, module(words[:, 0].transpose(1, 2)), rtol=0, atol=1e-5)


@needs_recordings
def test_earlier_takes_teach_and_later_ones_judge() -> None:
    scenario = load_scenario(SCENARIO)
    everybody = people(scenario, load_dataset(scenario.data.dataset))
    with np.load(RECORDINGS) as file:
        x, y, speaker, take = (file[k] for k in ("X", "y", "speaker", "take"))
    assert len(everybody.wearers) == 4
    for wearer in everybody.wearers:
        norm = everybody.normalisation
        for part, takes in (
            (wearer.test, range(25, 50)),
            (wearer.labelled[0], range(1)),
            (wearer.labelled[1], range(5)),
        ):
            rows = np.isin(take, takes) & (speaker == int(wearer.user))
            expected = ((x[rows].transpose(0, 2, 1) - norm.mean) / norm.std).astype(np.float32)
            order = np.lexsort((take[rows], y[rows]))
            mine = np.lexsort((part.order, part.y))
            assert part.y[mine].tolist() == y[rows][order].tolist()
            np.testing.assert_allclose(part.x[mine], expected[order], rtol=0, atol=1e-5)


@needs_recordings
def test_each_speaker_in_turn_is_left_out() -> None:
    scenario = load_scenario(SCENARIO)
    left_out = []
    for run in runs(scenario, [1], leave_one_out=True):
        everybody = people(run, load_dataset(run.data.dataset))
        (wearer,) = everybody.wearers
        left_out.append(wearer.user)
        assert set(everybody.pretrain.user) == {str(i) for i in range(6)} - {wearer.user}
    assert sorted(left_out) == [str(i) for i in range(6)]
    assert [run.seed for run in runs(scenario, [4, 5], leave_one_out=False)] == [4, 5]
