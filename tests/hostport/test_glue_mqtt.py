"""The ESP32-S3's MQTT glue as it is, with a real broker behind a client that stands in for esp-mqtt."""

from __future__ import annotations

import ctypes as ct
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import paho.mqtt.client as paho
import pytest
from host_lab import Conversation
from live_lab import LiveDevice, build_live
from mqtt_brokers import free_port, mosquitto
from paho.mqtt.enums import CallbackAPIVersion

from tinyfl.boards.firmware import firmware_dir
from tinyfl.link.inprocess import DeviceFiles, DeviceLibrary, InProcessLink
from tinyfl.link.mqtt import OFFLINE, ONLINE, MqttHub, Topics
from tinyfl.link.mqtt_client import Broker

PUBLISH = ct.CFUNCTYPE(ct.c_int, ct.c_char_p, ct.c_void_p, ct.c_int, ct.c_int, ct.c_int)
SUBSCRIBE = ct.CFUNCTYPE(None, ct.c_char_p, ct.c_char_p, ct.c_int)
CONNECTED, DISCONNECTED, SUBSCRIBED = 1, 2, 3
PIECE = 300
"""Bytes of a payload that the stand-in hands over at once; esp-mqtt's buffer has 1024"""
TOPICS = Topics("home", "worn-1")


@pytest.fixture(scope="module")
def glue(tiny_network: Path) -> ct.CDLL:
    port = firmware_dir() / "ports" / "esp32s3"
    main = port / "project" / "main"
    sources = (main / "mqtt_link.c", Path(__file__).with_name("glue_mqtt.c"))
    library = build_live(tiny_network, sources, (main, port / "declared"))
    library.glue_open.restype = ct.c_void_p
    for name in ("will_topic", "will", "user", "ca"):
        getattr(library, f"glue_{name}").restype = ct.c_char_p
    return library


class StandIn:
    """What esp-mqtt does, by paho: one thread that delivers events, payloads in pieces, an outbox."""

    def __init__(self, glue: ct.CDLL, user: str = "", ca: str = "") -> None:
        self.glue = glue
        self.client = paho.Client(CallbackAPIVersion.VERSION2)
        self.published: list[tuple[str, bytes, int, int]] = []
        self.full = False
        self._functions = (PUBLISH(self._publish), SUBSCRIBE(self._subscribe))
        words = (TOPICS.fleet.encode(), TOPICS.device.encode(), user.encode(), ca.encode())
        self.link = ct.c_void_p(glue.glue_open(*words, *self._functions))
        self.client.on_connect = lambda *_: glue.glue_event(CONNECTED)
        self.client.on_subscribe = lambda *_: glue.glue_event(SUBSCRIBED)
        self.client.on_disconnect = lambda *_: glue.glue_event(DISCONNECTED)
        self.client.on_message = self._arrived

    def start(self, port: int) -> None:
        self.client.will_set(self.glue.glue_will_topic().decode(), self.glue.glue_will(), 1, True)
        self.client.connect("127.0.0.1", port)
        self.client.loop_start()

    def _publish(self, topic: bytes, data: int, n: int, qos: int, retain: int) -> int:
        if self.full:
            return -2
        self.published.append((topic.decode(), ct.string_at(data, n), qos, retain))
        self.client.publish(*self.published[-1][:3], bool(retain))
        return 1

    def _subscribe(self, first: bytes, second: bytes, qos: int) -> None:
        self.client.subscribe([(first.decode(), qos), (second.decode(), qos)])

    def _arrived(self, _client: object, _data: object, message: Any) -> None:
        self.glue.glue_data(message.topic.encode(), message.payload, len(message.payload), PIECE)


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[int]:
    port = free_port()
    with mosquitto(tmp_path, port):
        yield port


@pytest.fixture
def worn(glue: ct.CDLL, broker: int, recordings_file: Path) -> Iterator[StandIn]:
    """A live device on the glue, worked by a thread as by its task."""
    stand_in = StandIn(glue)
    device = LiveDevice(glue, recordings=recordings_file.read_bytes(), link=stand_in.link)
    stopped = threading.Event()

    def work() -> None:
        while not stopped.wait(0.001):
            assert glue.harness_turn(device.handle) == 0

    task = threading.Thread(target=work)
    task.start()
    stand_in.start(broker)
    yield stand_in
    stopped.set()
    task.join()
    stand_in.client.loop_stop()
    device.close()


def until_online(hub: MqttHub, online: bool = True) -> None:
    deadline = time.monotonic() + 20
    while hub.devices().get(TOPICS.device) is not online:
        assert time.monotonic() < deadline, hub.devices()
        time.sleep(0.02)


def test_rounds_over_a_broker_are_the_hosts_bit_for_bit(
    worn: StandIn, broker: int, device_library: DeviceLibrary, recordings_file: Path
) -> None:
    host = Conversation(InProcessLink(device_library, "worn-1", DeviceFiles(recordings_file), seed=7))
    hub = MqttHub(Broker.at(f"mqtt://127.0.0.1:{broker}"), TOPICS.fleet)
    until_online(hub)
    talk = Conversation(hub.link(TOPICS.device), patience=30)
    for number in (1, 2):
        expected, found = host.round(number), talk.round(number)
        assert (found.digest, found.data) == (expected.digest, expected.data)
    assert {(topic, qos, retain) for topic, _, qos, retain in worn.published} == {
        (TOPICS.up, 1, 0),
        (TOPICS.state, 1, 1),
    }
    hub.close()


def test_it_says_it_is_online_again_when_a_late_will_says_otherwise(worn: StandIn, broker: int) -> None:
    hub = MqttHub(Broker.at(f"mqtt://127.0.0.1:{broker}"), TOPICS.fleet)
    until_online(hub)
    before = len(worn.published)
    hub._connection.publish(TOPICS.state, OFFLINE, retain=True)
    deadline = time.monotonic() + 20
    while worn.published[before:] != [(TOPICS.state, ONLINE, 1, 1)]:
        assert time.monotonic() < deadline, worn.published[before:]
        time.sleep(0.02)
    until_online(hub)
    hub.close()


def test_a_lost_connection_leaves_the_will(worn: StandIn, broker: int) -> None:
    hub = MqttHub(Broker.at(f"mqtt://127.0.0.1:{broker}"), TOPICS.fleet)
    until_online(hub)
    worn.client.loop_stop()
    worn.client.socket().close()
    until_online(hub, False)
    hub.close()


def test_what_is_no_message_is_passed_over_and_a_full_outbox_said(glue: ct.CDLL) -> None:
    stand_in = StandIn(glue)
    n = ct.c_uint32()

    class Link(ct.Structure):
        _fields_ = (
            ("ctx", ct.c_void_p),
            ("receive", ct.CFUNCTYPE(ct.c_void_p, ct.c_void_p, ct.POINTER(ct.c_uint32), ct.c_uint32)),
            ("done", ct.CFUNCTYPE(None, ct.c_void_p)),
            ("send", ct.CFUNCTYPE(ct.c_int, ct.c_void_p, ct.c_char_p, ct.c_uint32)),
        )

    link = Link.from_address(stand_in.link.value or 0)
    for topic, payload in ((TOPICS.down, bytes(1025)), (TOPICS.up, b"x"), ("tinyfl/home/worn-2/down", b"x")):
        glue.glue_data(topic.encode(), payload, len(payload), PIECE)
        assert link.receive(link.ctx, ct.byref(n), 0) is None
    messages = [bytes([k]) * (300 * k + 1) for k in range(5)]
    for payload in messages:
        glue.glue_data(TOPICS.down.encode(), payload, len(payload), PIECE)
    for payload in [*messages[:3], None]:  # the queue holds three; who asked for the others asks again
        for _ in range(2):
            found = link.receive(link.ctx, ct.byref(n), 0)
            assert (None if found is None else ct.string_at(found, n.value)) == payload
        link.done(link.ctx)
    stand_in.full = True
    assert link.send(link.ctx, b"hello", 5) == -2
    stand_in.full = False
    stand_in.client.publish = lambda *_: None  # type: ignore[method-assign, assignment]
    assert link.send(link.ctx, b"hello", 5) == 0
    assert stand_in.published == [(TOPICS.up, b"hello", 1, 0)]


def test_the_client_is_told_login_trust_will_and_limit(glue: ct.CDLL) -> None:
    StandIn(glue)
    assert (glue.glue_user(), glue.glue_ca(), glue.glue_trusts_bundle()) == (None, None, 1)
    StandIn(glue, "me", "PEM")
    assert (glue.glue_user(), glue.glue_ca(), glue.glue_trusts_bundle()) == (b"me", b"PEM", 0)
    assert (glue.glue_will_topic().decode(), glue.glue_will()) == (TOPICS.state, OFFLINE)
    assert glue.glue_outbox_limit() == 4096
