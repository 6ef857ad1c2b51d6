"""A gateway's file, and what its mistakes say."""

from pathlib import Path

import pytest

from tinyfl.errors import ScenarioError
from tinyfl.gateway.config import load_config

GOOD = 'superlink = "127.0.0.1:1"\nledger = "l"\n'
SERIAL = '[serial]\nw-1 = "/dev/ttyS9"\n'


def test_the_documented_file_is_understood(tmp_path: Path) -> None:
    document = (Path(__file__).parents[2] / "docs" / "gateway.md").read_text(encoding="utf-8")
    (tmp_path / "g.toml").write_text(document.split("```toml\n")[1].split("```")[0])
    config = load_config(tmp_path / "g.toml")
    assert config.serial == {"wearer-1": "/dev/ttyUSB0"}
    assert (config.fleet, config.mqtt, config.baud) == ("home", ("wearer-2", "wearer-3"), 115200)
    assert config.ledger == tmp_path / "kitchen.ledger"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, "cannot be read"),
        ("superlink =", "cannot be read"),
        ('ledger = "l"\n' + SERIAL, "superlink is missing; add it"),
        (GOOD, "a gateway has no devices; name them"),
        (GOOD + "speed = 3\n" + SERIAL, "speed is unknown; it knows superlink, ledger"),
        (GOOD + 'baud = "fast"\n' + SERIAL, "baud is no number; correct it"),
        (GOOD + "[serial]\nw-1 = 3\n", r"serial.w-1 is no text; correct it"),
        (GOOD + '[mqtt]\ndevices = ["a"]\n', "behind MQTT but no broker; give mqtt.broker"),
        (GOOD + SERIAL + '[mqtt]\nbroker = "mqtt://h"\ndevices = ["w-1"]\n', "device w-1 is linked twice"),
    ],
)
def test_mistakes_are_named(tmp_path: Path, text: str | None, message: str) -> None:
    if text is not None:
        (tmp_path / "g.toml").write_text(text)
    with pytest.raises(ScenarioError, match=message):
        load_config(tmp_path / "g.toml")
