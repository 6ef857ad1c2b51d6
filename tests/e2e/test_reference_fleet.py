"""The devices' C, driven by real sessions, ends with the weights that a NumPy fleet computes from the documents."""

from pathlib import Path

import numpy as np
import pytest

from coordinator.rounds import run_rounds
from coordinator.strategies.average import Average
from simulations.engine import run_in_process
from simulations.prepare import Prepared, prepare
from simulations.schedule import phase_starts, recordings, run_plan
from tests.e2e.reference_fleet import ReferenceCohort, ReferenceDevice, factory_is_where_devices_start
from tests.simulations.small import small_scenario, write_dataset
from tinyfl.progress import Progress


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    folder = tmp_path_factory.mktemp("small")
    scenario = small_scenario(write_dataset(folder / "data"))
    return prepare(scenario, folder / "run", Progress(quiet=True))


def test_simulation_equals_numpy_fleet(prepared: Prepared) -> None:
    scenario = prepared.scenario
    plan = run_plan(scenario, prepared.bundle, prepared.devices)
    starts = phase_starts(scenario)
    ours = run_in_process(prepared, plan, starts, "main")
    devices = [
        ReferenceDevice(
            w.name, prepared.bundle, recordings(prepared.people, w, prepared.bundle, starts), prepared.seed_of(w.name)
        )
        for w in prepared.people.wearers
    ]
    theirs = run_rounds(plan, Average(), ReferenceCohort(devices))
    assert factory_is_where_devices_start(prepared.bundle)
    assert len(ours.outcomes) == len(plan.rounds) == 9
    for a, b in zip(ours.outcomes, theirs.outcomes, strict=True):
        assert a.digests == b.digests, f"deltas of round {a.round}"
        assert a.shifts == b.shifts
        for x, y in zip(a.reports, b.reports, strict=True):
            assert (x.device, x.weights_digest) == (y.device, y.weights_digest), f"round {a.round}"
            assert (x.examples, x.steps, x.p_sum) == (y.examples, y.steps, y.p_sum)
    assert np.array_equal(ours.base, theirs.base)
    assert np.abs(ours.base).max() > 256, "nothing was learned: equality would prove nothing"
    assert len({r.weights_digest for r in ours.outcomes[-1].reports}) == len(prepared.devices)


def test_a_second_run_gives_the_same_bits(prepared: Prepared, tmp_path: Path) -> None:
    scenario = prepared.scenario
    again = prepare(scenario, tmp_path, Progress(quiet=True))
    assert again.bundle.network_id == prepared.bundle.network_id
    assert (tmp_path / "network" / "bundle").read_bytes() == (prepared.folder / "network" / "bundle").read_bytes()
    plan = run_plan(scenario, again.bundle, again.devices)
    runs = [run_in_process(p, plan, phase_starts(scenario), "main") for p in (prepared, again)]
    assert [r.weights_digest for r in runs[0].outcomes[-1].reports] == [
        r.weights_digest for r in runs[1].outcomes[-1].reports
    ]
