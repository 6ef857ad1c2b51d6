"""The supervisor with real processes: what dies is started again, what will not live is an error, nothing is left."""

import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from simulations.supervisor import Supervised, Supervisor
from tinyfl.errors import RunError

SLEEPER = "import time; time.sleep(600)"


def member(name: str, code: str, folder: Path) -> Supervised:
    return Supervised(name, (sys.executable, "-c", code), folder / f"{name}.log")


def pid(member: Supervised) -> int:
    assert member.process is not None
    return member.process.pid


def exists(number: int) -> bool:
    try:
        os.kill(number, 0)
    except ProcessLookupError:
        return False
    return True


def wait_for(condition: Callable[[], bool], seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.01)


def test_a_killed_process_is_started_again_and_reported(tmp_path: Path) -> None:
    a, b = member("device a", SLEEPER, tmp_path), member("device b", SLEEPER, tmp_path)
    with Supervisor([a, b]) as supervisor:
        first, other = pid(a), pid(b)
        os.kill(first, signal.SIGKILL)
        wait_for(lambda: bool(supervisor.events))
        wait_for(lambda: pid(a) != first and exists(pid(a)))
        assert pid(b) == other
        supervisor.check()
        assert supervisor.events == ["device a was ended by SIGKILL and was started again"]
        running = [pid(a), pid(b)]
    assert not any(exists(p) for p in running)


@pytest.mark.parametrize("number", [signal.SIGRTMIN + 3, signal.SIGSEGV])
def test_a_signal_with_or_without_a_name_is_reported(number: int, tmp_path: Path) -> None:
    a = member("device a", SLEEPER, tmp_path)
    with Supervisor([a]) as supervisor:
        first = pid(a)
        os.kill(first, number)
        wait_for(lambda: pid(a) != first)
        wait_for(lambda: bool(supervisor.events))
        assert ("SIGSEGV" if number == signal.SIGSEGV else str(int(number))) in supervisor.events[0]
        second = pid(a)
        os.kill(second, signal.SIGKILL)
        wait_for(lambda: pid(a) != second)


def test_one_that_ends_of_itself_says_its_code(tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    first = f"p = pathlib.Path({str(mark)!r})\nif not p.exists(): p.touch(); sys.exit(3)"
    code = f"import pathlib, sys\n{first}\n{SLEEPER}"
    with Supervisor([member("the gateway", code, tmp_path)]) as supervisor:
        wait_for(lambda: bool(supervisor.events))
    assert supervisor.events == ["the gateway ended with code 3 and was started again"]


def test_one_that_dies_at_once_is_an_error_with_its_last_words(tmp_path: Path) -> None:
    a = member("device a", "import sys; print('first'); sys.exit('no such port')", tmp_path)
    b = member("device b", SLEEPER, tmp_path)
    with Supervisor([a, b]) as supervisor:
        wait_for(lambda: supervisor.failed is not None)
        with pytest.raises(RunError, match=r"device a does not stay alive \(no such port\); look at .*device a\.log"):
            supervisor.check()
        assert exists(pid(b))
        assert a.restarts == 2
    assert not exists(pid(b))


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit])
def test_everything_is_gone_after_an_exception(error: type[BaseException], tmp_path: Path) -> None:
    members = [member(name, SLEEPER, tmp_path) for name in ("a", "b")]

    def fail() -> None:
        with Supervisor(members):
            raise error

    with pytest.raises(error):
        fail()
    assert not any(exists(pid(m)) for m in members)


def test_everything_is_gone_after_an_interrupt_from_outside(tmp_path: Path) -> None:
    members = [member(name, SLEEPER, tmp_path) for name in ("a", "b")]

    def interrupted() -> None:
        with Supervisor(members):
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(5)

    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # which a shell's background job ignores
    try:
        with pytest.raises(KeyboardInterrupt):
            interrupted()
    finally:
        signal.signal(signal.SIGINT, before)
    assert not any(exists(pid(m)) for m in members)


def test_one_that_ignores_the_request_to_end_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("coordinator.processes.STOP_SECONDS", 0.3)
    ready = tmp_path / "ready"
    code = (
        f"import signal, pathlib; signal.signal(signal.SIGTERM, signal.SIG_IGN); pathlib.Path({str(ready)!r}).touch()"
    )
    stubborn = member("a", f"{code}\n{SLEEPER}", tmp_path)
    with Supervisor([stubborn]):
        wait_for(ready.exists)
    assert not exists(pid(stubborn))


def test_a_program_that_does_not_exist_leaves_nothing_running(tmp_path: Path) -> None:
    a = member("a", SLEEPER, tmp_path)
    b = Supervised("device b", ("/nowhere/device",), tmp_path / "b.log")
    with pytest.raises(RunError, match=r"device b cannot be started .*b\.log"), Supervisor([a, b]):
        pass
    assert not exists(pid(a))


def test_an_interrupt_during_the_start_leaves_nothing_running(tmp_path: Path) -> None:
    class Interrupted(Supervised):
        def start(self) -> None:
            raise KeyboardInterrupt

    a = member("a", SLEEPER, tmp_path)
    with pytest.raises(KeyboardInterrupt), Supervisor([a, Interrupted("b", (), tmp_path / "b.log")]):
        pass
    assert not exists(pid(a))


def test_one_that_cannot_be_started_again_is_an_error(tmp_path: Path) -> None:
    program = tmp_path / "program"
    program.write_text(f"#!{sys.executable}\n{SLEEPER}\n")
    program.chmod(0o755)
    a = Supervised("device a", (str(program),), tmp_path / "a.log")
    with Supervisor([a]) as supervisor:
        program.unlink()
        os.kill(pid(a), signal.SIGKILL)
        wait_for(lambda: supervisor.failed is not None)
        with pytest.raises(RunError, match=r"device a was ended by SIGKILL and cannot be started again"):
            supervisor.check()
