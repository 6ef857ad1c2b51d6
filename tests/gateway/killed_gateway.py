"""A gateway process for one device on a serial port that kills itself just before or after a request.

usage: killed_gateway.py PORT LEDGER DONE_FILE ROUND KIND WHEN
"""

import os
import signal
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import json

from gateway_lab import Lab

from coordinator.report_json import report_to_json
from tinyfl.gateway.ledger import Ledger
from tinyfl.gateway.sessions import DeviceSession, Patience
from tinyfl.gateway.worker import run_order
from tinyfl.link.serial import SerialLink


class DoomedSession(DeviceSession):
    """Dies at a request of the named kind."""

    kind = when = ""

    def ask(self, request, kind):
        if type(request).__name__ == self.kind and self.when == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        answer = super().ask(request, kind)
        if type(request).__name__ == self.kind and self.when == "after":
            os.kill(os.getpid(), signal.SIGKILL)
        return answer


port, ledger, done, number, DoomedSession.kind, DoomedSession.when = sys.argv[1:]
session = DoomedSession("dev-0", lambda: SerialLink("dev-0", port), Patience(answer=1.0, poll=0.2))
order = Lab(None, Path()).order(int(number), epochs=40)  # type: ignore[arg-type]
report = run_order(session, order, Ledger(Path(ledger)))
q = None if report.delta is None else report.delta.q.tolist()
Path(done).write_text(json.dumps({**report_to_json(report), "q": q}))
