"""The host device inside this process, against the recordings it was given and against itself."""

import threading
import zlib
from pathlib import Path

import numpy as np
import pytest
from host_lab import FACTORY, OLD_TEST, PER_ROUND, SHARED_WEIGHTS, TEST, Conversation, train_request

from tinyfl.errors import LinkError, ToolError
from tinyfl.link.base import DeviceLink
from tinyfl.link.inprocess import DeviceFiles, DeviceLibrary, InProcessLink
from tinyfl.wire import messages as m


@pytest.fixture
def link(device_library: DeviceLibrary, recordings_file: Path) -> InProcessLink:
    return InProcessLink(device_library, "worn-1", DeviceFiles(recordings_file))


def digest_of(link: InProcessLink) -> int:
    return zlib.crc32(b"".join(plane.tobytes() for plane in link.weights()))


def test_it_is_a_link_and_says_hello(link: InProcessLink) -> None:
    assert isinstance(link, DeviceLink)
    talk = Conversation(link)
    facts = talk.facts()
    assert (facts.name, facts.boots, facts.factory, facts.fresh) == ("worn-1", 1, FACTORY, 0)
    assert isinstance(talk.events[0], m.Hello)
    assert facts.weights_digest == link.weights_digest == digest_of(link)


def test_labels_arrive_with_their_round(link: InProcessLink) -> None:
    talk = Conversation(link)
    for number, expected in ((1, PER_ROUND), (3, 3 * PER_ROUND)):
        trained = talk.train(number)
        assert trained.tally.examples == expected + FACTORY
        assert talk.facts().fresh == expected
        talk.ask(m.Fetch(number, 0, 896))
        talk.ask(m.Commit(number))


def test_each_set_can_be_evaluated(link: InProcessLink) -> None:
    talk = Conversation(link)
    for number, count in ((1, TEST), (2, OLD_TEST)):
        while not (score := talk.ask(m.Evaluate(number))).finished:  # type: ignore[union-attr]
            link.receive(0.0)
        assert score.count == count  # type: ignore[union-attr]
    assert isinstance(talk.ask(m.Evaluate(9)), m.Failed | m.Score)


def test_a_power_cut_before_the_commit_changes_no_bit(device_library: DeviceLibrary, recordings_file: Path) -> None:
    def run(cut: bool) -> tuple[int, m.Delta]:
        link = InProcessLink(device_library, "worn-1", DeviceFiles(recordings_file), seed=7)
        talk = Conversation(link)
        talk.round(1)
        if cut:
            talk.ask(train_request(2))
            assert talk.facts().state is m.DeviceState.TRAINING
            link.reset()
            assert talk.facts().state is m.DeviceState.IDLE
        delta = talk.round(2)
        assert link.weights_digest == digest_of(link)
        return link.weights_digest, delta

    weights, delta = run(cut=False)
    weights_after_cut, delta_after_cut = run(cut=True)
    assert weights_after_cut == weights
    assert (delta_after_cut.digest, delta_after_cut.data) == (delta.digest, delta.data)
    assert delta.count == SHARED_WEIGHTS  # biases come in a chunk of their own


def test_a_flash_file_outlives_the_device(device_library: DeviceLibrary, recordings_file: Path, tmp_path: Path) -> None:
    files = DeviceFiles(recordings_file, tmp_path / "flash")
    link = InProcessLink(device_library, "worn-1", files)
    Conversation(link).round(1)
    digest = link.weights_digest
    with pytest.raises(LinkError, match="belongs to a device that is running"):
        InProcessLink(device_library, "worn-2", files)
    link.close()
    again = InProcessLink(device_library, "worn-1", files)
    facts = Conversation(again).facts()
    assert (facts.boots, facts.last_round, facts.weights_digest) == (2, 1, digest)
    again.close()
    with pytest.raises(LinkError, match="is the flash of another network or store size"):
        InProcessLink(device_library, "worn-1", files, capacity=500)


def test_devices_of_one_library_do_not_meet(device_library: DeviceLibrary, recordings_file: Path) -> None:
    digests: dict[int, int] = {}

    def work(seed: int) -> None:
        link = InProcessLink(device_library, f"worn-{seed}", DeviceFiles(recordings_file), seed=seed % 2)
        talk = Conversation(link)
        for number in (1, 2, 3):
            talk.round(number)
        digests[seed] = link.weights_digest
        link.close()

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert digests[0] == digests[2] == digests[4]
    assert digests[1] == digests[3] == digests[5] != digests[0]


def test_bytes_are_counted_and_a_closed_link_says_so(link: InProcessLink) -> None:
    hello = link.receive(1)
    assert hello is not None
    assert (link.bytes_sent, link.bytes_received) == (0, len(hello))
    assert link.receive(5) is None  # idle: does not wait
    with pytest.raises(ValueError, match="1024"):
        link.send(bytes(1025))
    link.close()
    link.close()
    with pytest.raises(LinkError, match="worn-1"):
        link.receive(0)


@pytest.mark.parametrize("name", ["", "x" * 33])
def test_a_bad_name_is_refused(device_library: DeviceLibrary, recordings_file: Path, name: str) -> None:
    with pytest.raises(LinkError, match="1 to 32 bytes"):
        InProcessLink(device_library, name, DeviceFiles(recordings_file))


def test_an_absent_library_is_named(tmp_path: Path) -> None:
    with pytest.raises(ToolError, match=r"absent\.so"):
        DeviceLibrary(tmp_path / "absent.so")


def test_planes_have_the_model_s_sizes(link: InProcessLink) -> None:
    w, f, b = link.weights()
    assert (w.shape, f.shape, b.shape) == ((24,), (24,), (6,))
    assert np.all(f == 128)  # as shipped: whole numbers
