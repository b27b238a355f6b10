"""The real gateway beside a real broker: ids that two devices share, and an id used twice."""

import json
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from gateway.domain.model import Device, Event, Role
from tests.faults.witness import ready
from tests.support.servers import Mosquitto, wait_for
from tests.support.service import Sensor, Service

TRAPS = [Device(id=f"trap-0{n}", role=Role.TRAP) for n in (1, 2)]
NOW = datetime.now(UTC).replace(microsecond=0)


class Confirmed:
    """(device, id) of every confirm, in order."""

    def __init__(self, port: int) -> None:
        self.told: list[tuple[str, str]] = []
        self._client = paho.Client(CallbackAPIVersion.VERSION2)
        self._client.on_message = self._note
        self._client.on_connect = lambda c, *_: c.subscribe("shishigaki/v1/goto/+/confirm", 1)
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()

    def _note(self, _c: paho.Client, _u: object, message: paho.MQTTMessage) -> None:
        device = message.topic.split("/")[3]
        self.told += [(device, id_) for id_ in json.loads(message.payload)["ids"]]

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()


@pytest.fixture
def gateway(tmp_path: Path, mosquitto: Mosquitto) -> Iterator[Service]:
    with Service(tmp_path / "gw", mosquitto.port, *TRAPS) as service:
        ready(service, mosquitto.port)
        yield service


@pytest.fixture
def confirmed(mosquitto: Mosquitto) -> Iterator[Confirmed]:
    found = Confirmed(mosquitto.port)
    yield found
    found.close()


def send(port: int, device: str, kind: str, seq: int, id_: str, minutes: int) -> None:
    """One native event that happened so many minutes ago."""
    body = {
        "v": 1,
        "id": id_,
        "boot": 1,
        "seq": seq,
        "kind": kind,
        "ts_src": "ntp",
        "ts": (NOW - timedelta(minutes=minutes)).isoformat(),
    }
    sensor = Sensor(port, f"{device}-{seq}")
    sensor.flush(sensor.send(f"wildlife/v1/goto/{device}/event", body))
    sensor.close()


def events(service: Service) -> list[Event]:
    reader = service.reader()
    found = [event for _, event in reader.events_after(0, 1_000)]
    reader.close()
    return found


def page(service: Service, language: str) -> str:
    request = urllib.request.Request(
        f"{service.url}/pending", headers={"Accept-Language": language}
    )
    with urllib.request.urlopen(request, timeout=60) as reply:
        return str(reply.read().decode())


def alerts(service: Service) -> list[tuple[str, str]]:
    reader = service.reader()
    found = [(alert.rule, alert.subject) for alert in reader.open_alerts()]
    reader.close()
    return sorted(found)


@pytest.mark.real
def test_two_traps_that_count_alike_both_alert_and_both_are_confirmed(
    gateway: Service, mosquitto: Mosquitto, confirmed: Confirmed
) -> None:
    for trap in TRAPS:
        send(mosquitto.port, trap.id, "trap.sprung", 1, "1", 2)
    both = {("trap-01", "1"), ("trap-02", "1")}
    wait_for(lambda: set(confirmed.told) == both, "both confirms", 60)
    assert {(event.device, event.id) for event in events(gateway)} == both
    assert alerts(gateway) == [("trap_sprung", "trap-01"), ("trap_sprung", "trap-02")]


@pytest.mark.real
def test_an_id_used_for_a_spring_after_another_event_alerts_and_is_never_confirmed(
    gateway: Service, mosquitto: Mosquitto, confirmed: Confirmed
) -> None:
    send(mosquitto.port, "trap-01", "trap.set", 5, "e1", 9)
    wait_for(lambda: confirmed.told == [("trap-01", "e1")], "the first confirm", 60)
    for _ in range(2):  # not confirmed, hence sent again
        send(mosquitto.port, "trap-01", "trap.sprung", 1, "e1", 2)
    send(mosquitto.port, "trap-01", "tamper", 6, "e2", 1)
    wait_for(lambda: ("trap-01", "e2") in confirmed.told, "the last confirm", 60)
    assert confirmed.told == [("trap-01", "e1"), ("trap-01", "e2")]
    assert [event.kind for event in events(gateway)] == ["trap.set", "trap.sprung", "tamper"]
    assert ("trap_sprung", "trap-01") in alerts(gateway)
    for language, words in (("ja", "番号の重なり"), ("en", "id used twice")):
        text = page(gateway, language)
        assert words in text
        assert text.count("kept as event e1~") == 1
