"""Scenario files: what is understood, and that each mistake is one sentence that names the file and the key."""

import re
from pathlib import Path

import pytest

from simulations.scenario import load_scenario
from tinyfl.errors import ScenarioError

GOOD = """
name = "mine"
seed = 7

[data]
dataset = "recordings"
window = 32
hop = 16
wearer_hop = 8
pretrain_users = 2

[network]
model = "net.py:make"
scheme = "last:2"
pretrain_epochs = 5
learning_rate = 0.03125

[store]
capacity = 40

[fleet]
serial = 1

[[phase]]
labels_per_class = 1
rounds = 2
epochs = 3
personal_epochs = 4
local_epochs = 5
scratch_epochs = 6

[[phase]]
labels_per_class = 4
rounds = 1
epochs = 3
personal_epochs = 4
local_epochs = 5
scratch_epochs = 6
lr_shift = -2
"""


def written(folder: Path, text: str) -> Path:
    file = folder / "mine.toml"
    file.write_text(text, encoding="utf-8")
    return file


def test_a_file_is_understood_with_its_defaults(tmp_path: Path) -> None:
    scenario = load_scenario(str(written(tmp_path, GOOD)))
    assert (scenario.name, scenario.seed, scenario.data.window) == ("mine", 7, 32)
    assert [p.labels_per_class for p in scenario.phase] == [1, 4]
    assert [p.lr_shift for p in scenario.phase] == [0, -2]
    assert (scenario.data.shipped_side, scenario.network.augment, scenario.network.grad_bits) == (None, "none", 8)
    assert (scenario.store.replay, scenario.fleet.devices_per_user) == (True, 1)


@pytest.mark.parametrize("name", ["watch", "phone"])
def test_built_in_scenarios_load_and_their_scheme_file_is_found_from_anywhere(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    scenario = load_scenario(name)
    assert scenario.name == name
    assert (
        scenario.network.scheme == "full" or ":" in scenario.network.scheme or Path(scenario.network.scheme).is_file()
    )


def test_a_network_and_a_described_data_set_are_looked_for_beside_the_scenario(tmp_path: Path) -> None:
    (tmp_path / "my.py").write_text("")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "dataset.toml").write_text("")
    text = re.sub("model = .*", 'model = "my.py:net"', re.sub("dataset = .*", 'dataset = "mine"', GOOD))
    scenario = load_scenario(str(written(tmp_path, text)))
    assert scenario.network.model == f"{tmp_path / 'my.py'}:net"
    assert scenario.data.dataset == str(tmp_path / "mine")


def test_a_scheme_file_is_looked_for_beside_the_scenario(tmp_path: Path) -> None:
    (tmp_path / "mine-scheme.toml").write_text("")
    scenario = load_scenario(str(written(tmp_path, GOOD.replace("last:2", "mine-scheme.toml"))))
    assert scenario.network.scheme == str(tmp_path / "mine-scheme.toml")


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        ("window = 32\n", "", "data.window is missing; add it"),
        ("[store]\ncapacity = 40\n", "", "store is missing; add it"),
        ("[fleet]\nserial = 1", "store2 = 1", "store2"),
        ("hop = 16", "hopp = 16", "data.hopp is no key of a scenario; correct or remove it"),
        ("window = 32", 'window = "32"', "data.window = '32' should be a valid integer"),
        ("window = 32", "window = true", "data.window"),
        ("window = 32", "window = 32.0", "data.window"),
        ("window = 32", "window = -32", "data.window = -32"),
        ("window = 32", "window = 0", "data.window = 0"),
        ("seed = 7", "seed = -1", "seed = -1"),
        ("seed = 7", "seed = 5000000", "seed = 5000000"),
        ("seed = 7", "seed = 99999999999999999999999", "seed = 9999"),
        ("learning_rate = 0.03125", "learning_rate = nan", "network.learning_rate = nan"),
        ("learning_rate = 0.03125", "learning_rate = inf", "network.learning_rate = inf"),
        ("learning_rate = 0.03125", "learning_rate = 0", "network.learning_rate = 0"),
        ("learning_rate = 0.03125", "learning_rate = 1\ngrad_bits = 12", "network.grad_bits = 12"),
        ("learning_rate = 0.03125", 'learning_rate = 1\naugment = "mirror"', "network.augment = 'mirror'"),
        ("capacity = 40", "capacity = 65536", "store.capacity = 65536"),
        ("capacity = 40", "capacity = 40\nreplay = 1", "store.replay = 1"),
        ("serial = 1", "serial = 1\ndelta_shift = 17", "fleet.delta_shift = 17"),
        ("lr_shift = -2", "lr_shift = -9", "phase.1.lr_shift = -9"),
        ("rounds = 1", "rounds = 0", "phase.1.rounds = 0"),
        ("epochs = 3", "epochs = 65536", "phase.0.epochs = 65536"),
        ('name = "mine"', 'name = "../mine"', "name = '../mine'"),
        ('name = "mine"', 'name = ""', "name = ''"),
        ('name = "mine"', f'name = "{"m" * 33}"', "name = 'mmm"),
        ('name = "mine"', 'name = "a\\nb"', "name = 'a\\nb'"),
        ("[data]", "[[data]]", "data should be a table; write it as [data]"),
        ("labels_per_class = 4", "labels_per_class = 0", "phase.1.labels_per_class = 0"),
        ("window = 32", "window = ", "cannot be read"),
        ("[store]", "[data]", "cannot be read"),
    ],
)
def test_a_mistake_is_one_sentence_with_file_and_key(old: str, new: str, key: str, tmp_path: Path) -> None:
    assert old in GOOD
    file = written(tmp_path, GOOD.replace(old, new, 1))
    with pytest.raises(ScenarioError) as caught:
        load_scenario(str(file))
    message = str(caught.value)
    assert str(file) in message
    assert key in message
    assert "\n" not in message


def test_no_phase_at_all(tmp_path: Path) -> None:
    one = GOOD[: GOOD.index("[[phase]]")]
    with pytest.raises(ScenarioError, match="phase is missing; add it"):
        load_scenario(str(written(tmp_path, one)))
    with pytest.raises(ScenarioError, match=r"write each as \[\[phase\]\]"):
        load_scenario(str(written(tmp_path, "phase = []\n" + one)))


def test_labels_that_fall_from_phase_to_phase(tmp_path: Path) -> None:
    file = written(tmp_path, GOOD.replace("labels_per_class = 1", "labels_per_class = 5"))
    with pytest.raises(ScenarioError, match=r"mine\.toml: labels_per_class falls"):
        load_scenario(str(file))


def test_a_misspelt_key_is_named_before_what_it_leaves_missing(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match=r"data\.widnow is no key"):
        load_scenario(str(written(tmp_path, GOOD.replace("window = 32", "widnow = 32"))))


def test_an_unknown_built_in_lists_the_known_ones() -> None:
    with pytest.raises(ScenarioError, match="no scenario file wach; built in are phone, watch"):
        load_scenario("wach")


@pytest.mark.parametrize("content", [b"\xff\xfe", b"name = '\x00'"])
def test_a_file_that_is_no_text(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "s.toml").write_bytes(content)
    with pytest.raises(ScenarioError, match=r"s\.toml cannot be read"):
        load_scenario(str(tmp_path / "s.toml"))


def test_a_folder_is_no_scenario(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match="cannot be read"):
        load_scenario(str(tmp_path))
