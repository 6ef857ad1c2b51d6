"""`--scheme auto` from calibration to files: the same result again, nothing trained twice, budgets kept."""

import json
from pathlib import Path

import pytest

from tests.search.small import RATE, planned_network, small_graph, task
from tinyfl.compiler.pipeline import compile_graph
from tinyfl.compiler.scheme import parse_scheme
from tinyfl.errors import ToolError
from tinyfl.progress import Progress
from tinyfl.search import contribution, effort
from tinyfl.search.auto import Found, parts_of, search_scheme
from tinyfl.search.need import Budget
from tinyfl.search.result import search_files, search_json

QUIET = Progress(quiet=True)


@pytest.fixture(autouse=True)
def quick_and_with_its_own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(effort, "_MOST_SPLITS", 1)
    monkeypatch.setenv("TINYFL_CACHE", str(tmp_path / "cache"))


def searched(sram: int | None, seed: int = 0) -> Found:
    return search_scheme(planned_network(), task(), RATE, Budget(sram, None, 1), seed, QUIET)


def test_the_same_seed_gives_the_same_files_and_trains_only_once(monkeypatch: pytest.MonkeyPatch) -> None:
    first = searched(1200)
    with monkeypatch.context() as patch:
        patch.setattr(contribution.FloatTwin, "descend", None)  # nothing may train
        again = searched(1200)
    assert search_files(again, QUIET) == search_files(first, QUIET)


def test_without_a_cache_the_same_comes_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = searched(1200)
    monkeypatch.setenv("TINYFL_CACHE", str(tmp_path / "other"))
    assert search_json(searched(1200)) == search_json(first)


def test_a_cache_that_cannot_be_written_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("TINYFL_CACHE", str(tmp_path / "file"))
    with pytest.raises(ToolError, match="set TINYFL_CACHE"):
        searched(1200)


def test_a_damaged_cache_is_measured_again(tmp_path: Path) -> None:
    first = searched(1200)
    (file,) = (tmp_path / "cache" / "search").iterdir()
    file.write_text("{")
    assert search_json(searched(1200)) == search_json(first)


def test_the_choice_compiles_within_the_budget_and_its_file_is_the_scheme(tmp_path: Path) -> None:
    from tinyfl.compiler.cost import sram_need

    found = searched(1000)
    data = task()
    bundle = compile_graph(small_graph(), found.scheme, data.x, data.y, learning_rate=RATE)
    assert sram_need(bundle, 1).total == found.chosen.need.sram <= 1000
    files = search_files(found, QUIET)
    (tmp_path / "scheme.toml").write_text(files["scheme.toml"])
    assert parse_scheme(str(tmp_path / "scheme.toml"), small_graph()) == found.scheme
    document = json.loads(files["search.json"])
    assert document["chosen"]["toml"] == files["scheme.toml"]
    assert document["front"][-1]["predicted_gain"] == document["chosen"]["predicted_gain"]
    assert len(document["contributions"]) == 3


def test_a_larger_budget_is_never_predicted_to_gain_less() -> None:
    gains = [searched(sram).chosen.gain for sram in (750, 950, 1500)] + [searched(None).chosen.gain]
    assert gains == sorted(gains)


def test_the_picture_is_the_same_again() -> None:
    pytest.importorskip("matplotlib", reason="needs the extra: pip install 'tinyfl[report]'")
    from tinyfl.search.curve import picture

    found = searched(1200)
    assert picture(found) == picture(found)
    assert picture(found).startswith("<svg")


def test_a_large_task_is_measured_in_part() -> None:
    graph, y = small_graph(), task(per_class=30_000).y
    parts = parts_of(graph)
    chosen = effort.choose_effort(graph, parts, y)
    assert effort._LEAST_PER_CLASS < chosen.per_class < 30_000
    assert chosen.splits == 1
    few = task(per_class=8).y
    assert effort.choose_effort(graph, parts, few).per_class == 8
    assert effort.affordable_depth(graph, parts, few) == 3


def test_what_cannot_be_afforded_at_all_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(effort, "CORE_SECONDS", 1.0)
    monkeypatch.setattr(effort, "_MACS_A_SECOND", 1e6)
    assert effort.affordable_depth(small_graph(), parts_of(small_graph()), task().y) < 3
