"""The emulated device as a process: over a pseudo-terminal and a socket, stopped, killed and restarted."""

import contextlib
import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from host_lab import Conversation, some_recordings, train_request

from tinyfl.boards.host import HostBuild
from tinyfl.boards.recordings import write_recordings
from tinyfl.errors import LinkError
from tinyfl.link.inprocess import DeviceFiles, DeviceLibrary, InProcessLink
from tinyfl.link.serial import SerialLink
from tinyfl.wire import codec
from tinyfl.wire import messages as m


@contextlib.contextmanager
def running(build: HostBuild, *options: object, **more: object) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [str(build.executable), *map(str, options)],
        stderr=subprocess.PIPE,
        text=True,
        **more,  # type: ignore[call-overload]
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        process.stderr.close()


def open_when_there(name: str, port: Path) -> SerialLink:
    deadline = time.monotonic() + 30
    while True:
        try:
            return SerialLink(name, str(port))
        except LinkError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.01)


def exhaust(link: SerialLink) -> None:
    for _ in range(200):
        link.receive(0.05)


def test_rounds_over_a_terminal_survive_kills_bit_for_bit(
    host_build: HostBuild, device_library: DeviceLibrary, tmp_path: Path
) -> None:
    recordings = tmp_path / "r"
    write_recordings(some_recordings(per_round=40), recordings)
    epochs = 1500
    calm = Conversation(InProcessLink(device_library, "worn-1", DeviceFiles(recordings), seed=7))
    deltas = [calm.round(number, epochs) for number in (1, 2)]
    digest = calm.facts().weights_digest

    options = ["--recordings", recordings, "--name", "worn-1", "--flash", tmp_path / "flash", "--seed", 7]
    port = tmp_path / "port"
    for number in (1, 2):
        for cut in (True, True, False):
            with running(host_build, *options, "--serial", port) as process:
                link = open_when_there("worn-1", port)
                talk = Conversation(link)
                if cut:
                    talk.ask(train_request(number, epochs))
                    process.kill()
                    with pytest.raises(LinkError, match=f"{port} of device worn-1 is gone"):
                        exhaust(link)
                else:
                    delta = talk.round(number, epochs)
                    assert (delta.digest, delta.data) == (deltas[number - 1].digest, deltas[number - 1].data)
                    facts = talk.facts()
                link.close()
    assert (facts.weights_digest, facts.last_round, facts.boots) == (digest, 2, 6)


def test_a_gateway_may_come_and_go(host_build: HostBuild, recordings_file: Path, tmp_path: Path) -> None:
    port = tmp_path / "port"
    with running(host_build, "--recordings", recordings_file, "--name", "worn-1", "--serial", port):
        for _ in range(3):
            link = open_when_there("worn-1", port)
            with pytest.raises(LinkError, match="another process has it open"):
                SerialLink("worn-1", str(port))
            talk = Conversation(link)
            assert talk.facts().boots == 1
            link.send(codec.encode_request(999, m.Info()))  # leaves without waiting for the answer
            link.close()
            with pytest.raises(LinkError, match="closed"):
                link.receive(0)


def test_a_terminated_device_removes_its_link_and_sleeps_when_idle(
    host_build: HostBuild, recordings_file: Path, tmp_path: Path
) -> None:
    port = tmp_path / "port"
    port.symlink_to("/nowhere")  # as a killed device leaves it
    with running(host_build, "--recordings", recordings_file, "--name", "worn-1", "--serial", port) as process:
        link = open_when_there("worn-1", port)
        Conversation(link).facts()
        before = cpu_seconds(process.pid)
        time.sleep(0.6)
        assert cpu_seconds(process.pid) - before <= 0.03
        process.terminate()
        assert process.wait(5) == 0
        assert not port.is_symlink()
        link.close()


def cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def test_whole_messages_over_a_socket_until_the_peer_closes(host_build: HostBuild, recordings_file: Path) -> None:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    options = ["--recordings", recordings_file, "--name", "worn-1", "--fd", theirs.fileno()]
    with running(host_build, *options, pass_fds=[theirs.fileno()]) as process:
        theirs.close()
        ours.settimeout(5)
        number, hello = codec.decode_message(ours.recv(1024))
        assert (number, type(hello)) == (0, m.Hello)
        ours.send(codec.encode_request(4, m.Info()))
        number, report = codec.decode_message(ours.recv(1024))
        assert (number, type(report)) == (4, m.Report)
        ours.close()
        assert process.wait(5) == 0


@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_even_while_it_trains(host_build: HostBuild, recordings_file: Path, stop: int) -> None:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    options = ["--recordings", recordings_file, "--name", "worn-1", "--fd", theirs.fileno()]
    with running(host_build, *options, pass_fds=[theirs.fileno()]) as process:
        ours.settimeout(5)
        ours.recv(1024)
        ours.send(codec.encode_request(4, train_request(1, epochs=65535)))
        ours.recv(1024)
        process.send_signal(stop)
        assert process.wait(5) == 0
    ours.close()
    theirs.close()


@pytest.mark.parametrize(
    ("options", "code", "complaint"),
    [
        ([], 2, "--recordings is missing"),
        (["--recordings", "r"], 2, "--name is missing"),
        (["--recordings", "r", "--name", "n"], 2, "one of --serial and --fd is needed"),
        (["--recordings", "r", "--name", "n", "--fd", "3", "--serial", "p"], 2, "one of"),
        (["--recordings", "r", "--name", "n", "--fd", "3x"], 2, "--fd needs a whole number"),
        (["--recordings", "r", "--name", "n", "--fd", "3", "--store", "70000"], 2, "--store needs"),
        (["--recordings", "r", "--name", "n", "--fd", "3", "more"], 2, "more is no option"),
        (["--colour"], 2, "--colour"),
        (["--recordings", "/absent/r", "--name", "n", "--fd", "3"], 1, "/absent/r: No such file"),
    ],
)
def test_mistakes_are_named(host_build: HostBuild, options: list[str], code: int, complaint: str) -> None:
    done = subprocess.run([host_build.executable, *options], capture_output=True, text=True, timeout=5, check=False)
    assert (done.returncode, done.stdout) == (code, "")
    assert complaint in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_link_that_is_no_link_is_kept(host_build: HostBuild, recordings_file: Path, tmp_path: Path) -> None:
    (tmp_path / "port").write_text("precious")
    options = ["--recordings", recordings_file, "--name", "n", "--serial", tmp_path / "port"]
    done = subprocess.run([host_build.executable, *options], capture_output=True, text=True, timeout=5, check=False)
    assert done.returncode == 1
    assert "port: File exists" in done.stderr
    assert (tmp_path / "port").read_text() == "precious"


def test_help_lists_every_option(host_build: HostBuild) -> None:
    done = subprocess.run([host_build.executable, "--help"], capture_output=True, text=True, check=True)
    for option in ("--recordings", "--name", "--serial", "--fd", "--flash", "--seed", "--store"):
        assert option in done.stdout
