"""Hub and links against real brokers; the device side is a plain paho client that knows nothing of our code."""

import contextlib
import queue
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import paho.mqtt.client as paho
import pytest
from mqtt_brokers import KINDS, broker_of, free_port, mosquitto, self_signed
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from tinyfl.errors import LinkError
from tinyfl.link.base import DeviceLink
from tinyfl.link.broker import EmbeddedBroker, Login
from tinyfl.link.mqtt import MqttHub
from tinyfl.link.mqtt_client import Broker, MqttVersion, publish_bytes


class FieldDevice:
    """A device as any MQTT library would write it: answers each message with its reverse."""

    def __init__(self, broker: Broker, name: str) -> None:
        self.client = paho.Client(
            CallbackAPIVersion.VERSION2, protocol=MQTTProtocolVersion(broker.version), client_id=f"field-{name}"
        )
        self.base = f"tinyfl/lab/{name}"
        self.client.will_set(f"{self.base}/state", b"offline", 1, True)
        self.client.on_message = lambda c, _, m: c.publish(f"{self.base}/up", m.payload[::-1], 1)
        ready = threading.Event()
        self.client.on_subscribe = lambda *_: ready.set()
        self.client.connect(broker.host, broker.port)
        self.client.loop_start()
        self.client.subscribe(f"{self.base}/down", 1)
        assert ready.wait(5)
        self.client.publish(f"{self.base}/state", b"online", 1, True).wait_for_publish(5)

    def vanish(self) -> None:
        """Lose the connection without a word."""
        self.client.loop_stop()
        sock = self.client.socket()
        assert sock is not None
        sock.shutdown(socket.SHUT_RDWR)
        sock.close()

    def stop(self) -> None:
        self.client.disconnect()
        self.client.loop_stop()


def eventually(check: Callable[[], bool], seconds: float = 5) -> None:
    deadline = time.monotonic() + seconds
    while not check():
        assert time.monotonic() < deadline, "not within the time allowed"
        time.sleep(0.01)


@pytest.fixture(params=KINDS)
def broker(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Broker]:
    with broker_of(request.param, tmp_path) as running:
        yield running


@pytest.fixture
def hub(broker: Broker) -> Iterator[MqttHub]:
    hub = MqttHub(broker, "lab")
    yield hub
    hub.close()


def test_messages_go_both_ways_to_the_right_device(broker: Broker, hub: MqttHub) -> None:
    names = [f"d{i}" for i in range(5)]
    devices = [FieldDevice(broker, name) for name in names]
    links = [hub.link(name) for name in names]
    assert all(isinstance(link, DeviceLink) for link in links)
    for round_number in range(3):
        sent = [bytes([round_number, i]) + bytes(range(250)) * 4 for i in range(5)]
        for link, message in zip(links, sent, strict=True):
            link.send(message)
        for link, message in zip(links, sent, strict=True):
            assert link.receive(5) == message[::-1]
    assert links[0].receive(0) is None
    eventually(lambda: hub.devices() == dict.fromkeys(names, True))
    topic = "tinyfl/lab/d0/down"
    assert links[0].bytes_sent == 3 * (publish_bytes(topic, sent[0], broker.version) + 4)
    for device in devices:
        device.stop()


def test_a_device_that_vanishes_is_named_at_once(broker: Broker, hub: MqttHub) -> None:
    device = FieldDevice(broker, "d1")
    link = hub.link("d1")
    link.send(b"ping")
    assert link.receive(5) == b"gnip"
    started = time.monotonic()
    device.vanish()
    with pytest.raises(LinkError, match="device d1 is offline"):
        link.receive(20)
    assert time.monotonic() - started < 5
    with pytest.raises(LinkError, match="d1"):
        link.send(b"ping")
    with pytest.raises(LinkError, match="d1"):
        hub.link("d1")
    returned = FieldDevice(broker, "d1")
    eventually(lambda: hub.devices() == {"d1": True})
    again = hub.link("d1")
    again.send(b"ping")
    assert again.receive(5) == b"gnip"
    returned.stop()


def test_a_second_link_takes_the_place_of_the_first(broker: Broker, hub: MqttHub) -> None:
    first = hub.link("d1")
    woken: queue.Queue[object] = queue.Queue()

    def wait() -> None:
        with contextlib.suppress(LinkError):
            woken.put(first.receive(30))
        woken.put("closed")

    thread = threading.Thread(target=wait)
    thread.start()
    second = hub.link("d1")
    thread.join(2)
    assert woken.get_nowait() == "closed"
    device = FieldDevice(broker, "d1")
    second.send(b"ab")
    assert second.receive(5) == b"ba"
    with pytest.raises(LinkError, match="closed"):
        first.send(b"x")
    device.stop()


def test_impossible_messages_and_names_are_refused(hub: MqttHub) -> None:
    link = hub.link("d1")
    with pytest.raises(ValueError, match="1024"):
        link.send(bytes(1025))
    for name in ("", "a/b", "+", "x" * 33):
        with pytest.raises(LinkError, match="1 to 32 bytes"):
            hub.link(name)


def test_messages_too_long_for_a_device_are_dropped(broker: Broker, hub: MqttHub) -> None:
    device = FieldDevice(broker, "d1")
    link = hub.link("d1")
    device.client.publish("tinyfl/lab/d1/up", bytes(1025), 1)
    device.client.publish("tinyfl/lab/d1/up", b"short", 1)
    assert link.receive(5) == b"short"
    device.stop()


def test_packet_sizes_are_those_on_the_wire(broker: Broker) -> None:
    """Counts what paho writes to its socket for one publication."""
    written: list[int] = []
    client = paho.Client(CallbackAPIVersion.VERSION2, protocol=MQTTProtocolVersion(broker.version))
    client.connect(broker.host, broker.port)
    client.loop_start()
    eventually(client.is_connected)
    original = client._sock_send  # type: ignore[attr-defined]
    client._sock_send = lambda data: written.append(original(data)) or written[-1]  # type: ignore[attr-defined]
    for size in (1, 100, 127, 128, 1024):
        written.clear()
        client.publish("tinyfl/lab/d1/down", bytes(size), 1).wait_for_publish(5)
        assert sum(written) == publish_bytes("tinyfl/lab/d1/down", bytes(size), broker.version)
    client.disconnect()
    client.loop_stop()


def test_a_lost_broker_is_named_and_found_again(tmp_path: Path) -> None:
    port = free_port()
    with mosquitto(tmp_path, port) as url:
        broker = Broker.at(url)
        hub = MqttHub(broker, "lab")
        device = FieldDevice(broker, "d1")
        link = hub.link("d1")
        link.send(b"ab")
        assert link.receive(5) == b"ba"
    with pytest.raises(LinkError, match=rf"broker mqtt://127\.0\.0\.1:{port} is gone"):
        link.receive(10)
    with pytest.raises(LinkError, match="is gone"):
        hub.link("d1")
    device.stop()
    with mosquitto(tmp_path, port):
        device = FieldDevice(broker, "d1")
        eventually(lambda: hub.devices() == {"d1": True}, 20)
        again = hub.link("d1")
        again.send(b"ab")
        assert again.receive(5) == b"ba"
        device.stop()
        hub.close()


class TestRefusals:
    def test_nobody_there(self) -> None:
        port = free_port()
        started = time.monotonic()
        with pytest.raises(LinkError, match=rf"mqtt://127\.0\.0\.1:{port}: Connection refused"):
            MqttHub(Broker.at(f"mqtt://127.0.0.1:{port}"), "lab")
        assert time.monotonic() - started < 3

    def test_an_unknown_host(self) -> None:
        with pytest.raises(LinkError, match=r"mqtt://no-such-host\.invalid:1883"):
            MqttHub(Broker.at("mqtt://no-such-host.invalid"), "lab")

    def test_a_port_that_says_nothing(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as server:
            started = time.monotonic()
            with pytest.raises(LinkError, match="does not answer"):
                MqttHub(Broker.at(f"mqtt://127.0.0.1:{server.getsockname()[1]}"), "lab")
            assert time.monotonic() - started < 8

    @pytest.mark.parametrize("userinfo", ["", "ann:wrong@"])
    @pytest.mark.parametrize("version", list(MqttVersion))
    @pytest.mark.parametrize("kind", ["embedded", "mosquitto"])
    def test_a_bad_login(self, tmp_path: Path, kind: str, version: MqttVersion, userinfo: str) -> None:
        login = Login("ann", 'p@ss"word')
        with contextlib.ExitStack() as stack:
            if kind == "mosquitto":
                url = stack.enter_context(mosquitto(tmp_path, free_port(), login))
            else:
                embedded = stack.enter_context(EmbeddedBroker(login))
                url = embedded.url if version is MqttVersion.V311 else embedded.url_v5
            with pytest.raises(LinkError, match=r"check user and password|refuses the login") as caught:
                MqttHub(Broker.at(url.replace("//", f"//{userinfo}"), version), "lab")
            assert url in str(caught.value)
            assert "wrong" not in str(caught.value)
            hub = MqttHub(Broker.at(url.replace("//", "//ann:p%40ss%22word@"), version), "lab")
            assert hub.devices() == {}
            hub.close()

    def test_tls_where_there_is_none(self) -> None:
        with EmbeddedBroker() as embedded, pytest.raises(LinkError, match="mqtts://"):
            MqttHub(Broker.at(embedded.url.replace("mqtt:", "mqtts:")), "lab")


def test_tls_is_spoken_and_certificates_are_checked(tmp_path: Path) -> None:
    certificate, key = self_signed(tmp_path)
    with mosquitto(tmp_path, free_port(), certificate=(certificate, key)) as url:
        with pytest.raises(LinkError, match="certificate verify failed"):
            MqttHub(Broker.at(url), "lab")
        hub = MqttHub(Broker.at(url, ca_file=certificate), "lab")
        assert hub.link("d1").receive(0.0) is None
        hub.close()
        with pytest.raises(LinkError, match=r"absent\.pem"):
            MqttHub(Broker.at(url, ca_file=tmp_path / "absent.pem"), "lab")


@pytest.mark.parametrize(
    "url", ["", "127.0.0.1:1883", "http://host", "mqtt://", "mqtt://host:port", "mqtt://h/topic", "mqtt://h:99999"]
)
def test_what_is_no_broker_s_url(url: str) -> None:
    with pytest.raises(LinkError, match="has the form"):
        Broker.at(url)


def test_urls_are_read_and_shown_without_the_login() -> None:
    broker = Broker.at("mqtts://us%3Aer:p%40ss@broker.example")
    assert (broker.host, broker.port, broker.user, broker.password) == ("broker.example", 8883, "us:er", "p@ss")
    assert (broker.tls, broker.url) == (True, "mqtts://broker.example:8883")
    assert Broker.at("mqtt://[::1]:1900").url == "mqtt://[::1]:1900"
