"""A gateway process killed at every stage of a round, on a serial line to a device process."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from gateway_lab import Lab

from tinyfl.boards.host import HostBuild
from tinyfl.gateway.ledger import Ledger
from tinyfl.gateway.worker import run_order

STAGES = [("Train", "before"), ("Train", "after"), ("Fetch", "after"), ("Commit", "before"), ("Commit", "after"),
          ("Evaluate", "after")]  # fmt: skip


def test_a_gateway_killed_at_any_stage_reports_each_round_once(
    lab: Lab, device_build: HostBuild, tmp_path: Path
) -> None:
    calm = lab.session("dev-0")
    expected = [run_order(calm, lab.order(n, epochs=40), Ledger()) for n in range(1, len(STAGES) + 1)]
    calm.close()
    files = Lab(lab.library, tmp_path / "process").files("dev-0")
    port = tmp_path / "port"
    options = ["--recordings", files.recordings, "--flash", files.flash, "--name", "dev-0", "--seed", 5]
    options += ["--store", 20, "--serial", port]
    device = subprocess.Popen([str(device_build.executable), *map(str, options)])
    try:
        while not port.exists():
            assert device.poll() is None
            time.sleep(0.01)
        for number, (kind, when) in enumerate(STAGES, start=1):
            done = tmp_path / f"report-{number}"
            script = [sys.executable, str(Path(__file__).parent / "killed_gateway.py"), str(port)]
            script += [str(tmp_path / "ledger"), str(done), str(number)]
            assert subprocess.run([*script, kind, when], timeout=60, check=False).returncode == -signal.SIGKILL
            assert not done.exists()
            subprocess.run([*script, "", ""], timeout=60, check=True)
            report, right = json.loads(done.read_text()), expected[number - 1]
            assert right.delta is not None
            assert report["q"] == right.delta.q.tolist(), (kind, when)
            assert report["weights_digest"] == right.weights_digest
            assert (report["examples"], report["p_sum"]) == (right.examples, right.p_sum)
            answered = "answered from the ledger" in " ".join(report["events"])
            assert answered == ((kind, when) in {("Commit", "after"), ("Evaluate", "after")})
    finally:
        device.kill()
        device.wait()


if not sys.platform.startswith("linux"):
    pytest.skip("needs a pseudo-terminal and SIGKILL", allow_module_level=True)
