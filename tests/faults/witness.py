"""Observes a gateway from outside: its pages, its confirms, its database.

Owns reading and sending. Must not know what a test does to the gateway.
"""

import json
import random
import time
import urllib.error
import urllib.request

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

from gateway.domain.model import Device, Event, Role
from tests.bench.load import Publisher
from tests.support.pace import slowness
from tests.support.servers import wait_for
from tests.support.service import Service, retained_message

TRAP = Device(id="trap-01", role=Role.TRAP)
CAMERAS = [Device(id=f"cam-{n:04}", role=Role.DETECTOR) for n in range(100)]


def events(service: Service) -> list[Event]:
    """All events of its database, in the order of arrival."""
    reader = service.reader()
    found = [event for _, event in reader.events_after(0, 1_000_000)]
    reader.close()
    return found


def head(service: Service) -> int:
    """The number of the newest event."""
    reader = service.reader()
    number = reader.influx.head()
    reader.close()
    return number


def ready(service: Service, port: int) -> None:
    """Wait until it listens."""
    wait_for(
        lambda: retained_message(port, "shishigaki/v1/goto/gateway/status") == b"online",
        "the gateway",
        40,
    )


def health(service: Service) -> tuple[int, dict[str, str], float]:
    """(status, faults, seconds it took) of /healthz."""
    began = time.monotonic()
    try:
        with urllib.request.urlopen(f"{service.url}/healthz", timeout=10 * slowness()) as reply:
            status, body = reply.status, reply.read()
    except urllib.error.HTTPError as error:
        status, body = error.code, error.read()
    return status, json.loads(body)["faults"], time.monotonic() - began


def metric(service: Service, name: str) -> float:
    """One value of its /metrics."""
    with urllib.request.urlopen(f"{service.url}/metrics", timeout=10 * slowness()) as reply:
        text = reply.read().decode()
    return next(float(line.split()[1]) for line in text.splitlines() if line.startswith(name + " "))


def send(port: int, messages: list[tuple[str, dict[str, object]]]) -> None:
    """Publish through a new connection; returns when the broker has the messages."""
    publisher = Publisher(port, f"device-{random.random()}")
    publisher.send_all([(topic, json.dumps(body).encode()) for topic, body in messages])
    publisher.close()


class Confirms:
    """The ids that the gateway has confirmed to devices, and when.

    `service`: if given, ids that are not in its database at the time of their confirm are `false`.
    """

    def __init__(self, port: int, service: Service | None = None) -> None:
        self.times: dict[str, float] = {}
        self.false: set[str] = set()
        self._service = service
        self._client = paho.Client(CallbackAPIVersion.VERSION2)
        self._client.on_message = self._note
        self._client.on_connect = lambda c, *_: c.subscribe("shishigaki/v1/goto/+/confirm", 1)
        self._client.reconnect_delay_set(1, 1)
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()

    @property
    def ids(self) -> set[str]:
        return set(self.times)

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def _note(self, _c: paho.Client, _u: object, message: paho.MQTTMessage) -> None:
        now, ids = time.perf_counter(), json.loads(message.payload)["ids"]
        for id_ in ids:
            self.times.setdefault(id_, now)
        if self._service:
            self.false |= set(ids) - {event.id for event in events(self._service)}
