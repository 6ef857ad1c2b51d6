"""What comes between a fleet and its end: interrupts, a broker that leaves, a second run, a package that is missing."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from simulations.broker_watch import BrokerWatch
from simulations.fleet import fleet_name
from simulations.run_lock import only_run_in
from tests.simulations.small import write_dataset
from tinyfl.errors import LinkError, ScenarioError, ToolError
from tinyfl.extras import need
from tinyfl.link.broker import EmbeddedBroker

pytest.importorskip("flwr", reason="needs the extra: pip install 'tinyfl[fleet]'")
pytest.importorskip("iotcore", reason="needs the extra: pip install 'tinyfl[fleet]'")

ROOT = Path(__file__).parents[2]
PHASE = """
[[phase]]
labels_per_class = 2
rounds = 30
epochs = 3000
personal_epochs = 1
local_epochs = 1
scratch_epochs = 1
"""


def scenario(folder: Path) -> Path:
    """A run of the small fleet that takes far longer than a test waits for it."""
    write_dataset(folder / "data")
    file = folder / "long.toml"
    file.write_text(
        'name = "long"\nseed = 1\n'
        f'[data]\ndataset = "{folder / "data"}"\nwindow = 32\nhop = 16\nwearer_hop = 16\npretrain_users = 2\n'
        'shipped_side = "right"\nworn_side = "left"\n'
        f'[network]\nmodel = "{ROOT / "tests/simulations/small.py"}:net"\nscheme = "last:2"\npretrain_epochs = 2\n'
        "learning_rate = 0.03125\n[store]\ncapacity = 40\nfactory_per_class = 2\nreplay = true\n[fleet]\nserial = 1\n"
        + PHASE
    )
    return file


def processes_of(folder: Path) -> list[str]:
    """Command lines of processes that run and name the folder in them or in their environment."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            words, variables = (
                (entry / part).read_bytes().replace(b"\0", b" ").decode(errors="replace")
                for part in ("cmdline", "environ")
            )
            zombie = (entry / "stat").read_text().rpartition(")")[2].split()[0] == "Z"
        except OSError:
            continue
        if str(folder) in words + variables and not zombie and int(entry.name) != os.getpid():
            found.append(words)
    return found


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc").is_dir(), reason="looks for survivors in /proc")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP], ids=lambda s: s.name)
@pytest.mark.parametrize("moment", ["superlink.log", "gateway.log", "checkpoint.npz"])
def test_a_demo_that_is_interrupted_leaves_no_process(tmp_path: Path, moment: str, number: signal.Signals) -> None:
    out = tmp_path / "out"
    command = [sys.executable, "-m", "tinyfl.cli", "demo", "--scenario", str(scenario(tmp_path)), "--out", str(out)]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])}
    demo = subprocess.Popen(
        command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    try:
        while not (out / "fleet" / moment).exists():
            assert demo.poll() is None
            time.sleep(0.02)
        demo.send_signal(number)
        time.sleep(0.3)
        demo.send_signal(number)  # the impatient press twice
        said = demo.communicate(timeout=40)[1]
    finally:
        demo.kill()
    assert demo.returncode == 130, said
    assert said.splitlines()[-1] == "tinyfl: interrupted"
    assert processes_of(tmp_path) == []
    assert not (out / "report.json").exists()


def test_a_broker_that_leaves_for_good_is_one_sentence() -> None:
    with EmbeddedBroker() as broker, BrokerWatch(broker.url, "demo", away_seconds=0.3) as watch:
        watch.check()
        broker.__exit__(None, None, None)
        gone = pytest.raises(LinkError, match=rf"{broker.url} has been away for 0\.3 s \(the connection is lost")
        with gone:
            look_for_seconds(watch)


def look_for_seconds(watch: BrokerWatch) -> None:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        watch.check()
        time.sleep(0.02)


def test_a_second_run_into_the_same_folder_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    with (
        only_run_in(folder),
        pytest.raises(ScenarioError, match=r"another run is writing to .*run;"),
        only_run_in(folder),
    ):
        pass
    with only_run_in(folder):
        pass


def test_fleets_of_two_folders_may_share_a_broker(tmp_path: Path) -> None:
    names = {fleet_name(tmp_path / str(i)) for i in range(20)}
    assert len(names) >= 19  # of 65,536: two alike would be rare, three would be a mistake
    assert {len(name) for name in names} == {4}  # or the bytes on the air would depend on the folder
    assert fleet_name(tmp_path / "1") == fleet_name(tmp_path / "2" / ".." / "1")


def test_a_missing_package_is_named_with_its_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    need("the report", "report", "json")
    monkeypatch.setitem(sys.modules, "absent", None)
    with pytest.raises(ToolError, match=r"the report needs absent; pip install 'tinyfl\[report\]'"):
        need("the report", "report", "json", "absent")
