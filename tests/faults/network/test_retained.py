"""The retain flag before the real gateway: live messages count, what a broker kept rings once at most."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from gateway.alerts.policy import Policy
from gateway.clock import utc_now
from gateway.domain.model import ActionKind, Alert, Device, Kind, Role, TimeQuality, TrapAction
from gateway.ingest.people import actions
from gateway.store import Store
from tests.faults.witness import events, ready
from tests.support.samples import TOKYO
from tests.support.servers import Mosquitto, wait_for
from tests.support.service import Sensor, Service, native

pytestmark = pytest.mark.real

DIALECTS = ("native", "esphome", "zigbee2mqtt", "tasmota", "meshtastic")
SOURCES = "\n".join(f'[[sources]]\ndialect = "{name}"' for name in DIALECTS)
TRAP = Device(id="wana/contact", role=Role.TRAP)
MARKER = Device(id="marker", role=Role.DETECTOR)
STATE = "wana/binary_sensor/contact/state"
DEVICES = (
    TRAP,
    MARKER,
    Device(id="yama-pir/pir", role=Role.DETECTOR),
    Device(id="kenchi-02", role=Role.DETECTOR),
    Device(id="wana07", role=Role.TRAP),
    Device(id="nat-1", role=Role.TRAP),
    Device(id="!0000abcd", role=Role.TRAP),
)
LIVE = {  # topic -> payload, and the event that it must give
    "yama-pir/binary_sensor/pir/state": ("ON", "yama-pir/pir", Kind.DETECTION),
    "zigbee2mqtt/kenchi-02/availability": ('{"state":"offline"}', "kenchi-02", Kind.OFFLINE),
    "tele/wana07/SENSOR": ('{"Switch1":"ON"}', "wana07", Kind.SPRUNG),
    "wildlife/v1/goto/nat-1/status": ("offline", "nat-1", Kind.OFFLINE),
    "wildlife/v1/goto/nat-1/meta": ('{"v":1,"heartbeat_s":900}', "nat-1", Kind.JOIN),
    "msh/JP/2/json/ch/!1": (
        '{"from":43981,"id":7,"type":"detection","payload":{"text":"Wana detected"}}',
        "!0000abcd",
        Kind.SPRUNG,
    ),
}


class Equipment:
    """Publishes as equipment does: everything with the retain flag."""

    def __init__(self, port: int) -> None:
        self._client = paho.Client(CallbackAPIVersion.VERSION2)
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()

    def publish(self, topic: str, payload: str, qos: int = 0) -> None:
        """Returns when it is sent, and with QoS 1 when the broker has it."""
        self._client.publish(topic, payload, qos, retain=True).wait_for_publish(20)

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()


@contextmanager
def equipment(port: int) -> Iterator[Equipment]:
    one = Equipment(port)
    try:
        yield one
    finally:
        one.close()


@contextmanager
def gateway(folder: Path, port: int, protocol: str = "5") -> Iterator[Service]:
    mqtt = f'protocol = "{protocol}"'
    service = Service(folder, port, *DEVICES, mqtt=mqtt, extra=SOURCES)
    try:
        yield service
    finally:
        service.kill()


def wait_for_all(service: Service, port: int, number: int) -> None:
    """Until everything is judged that the broker sent before now."""
    sensor = Sensor(port)
    sensor.flush(sensor.send(*native("marker", "heartbeat", number)))
    sensor.close()
    wait_for(lambda: f"marker-{number}" in {e.id for e in events(service)}, "the marker", 40)


def alerts(service: Service, subject: str = TRAP.id) -> list[Alert]:
    """Every alert ever about a trap."""
    reader = service.reader()
    found = [alert for alert in reader.latest_alerts(1_000) if alert.subject == subject]
    reader.close()
    return [alert for alert in found if alert.rule == "trap_sprung"]


def record(service: Service, *deeds: ActionKind) -> None:
    """A person records deeds, while the gateway does not run."""
    store = Store(service.database, TOKYO)
    for number, deed in enumerate(deeds):
        at = utc_now() + timedelta(milliseconds=number)
        act = TrapAction(id=f"{deed}{at}", device=TRAP.id, deed=deed, at=at, by="a", recorded_at=at)
        store.write_now(lambda tx, act=act, at=at: actions.record(tx, act, Policy(), at))  # type: ignore[misc]
    store.close()


@pytest.mark.parametrize("protocol", ["5", "3.1.1"])
def test_live_retained_messages_of_five_dialects_count(
    tmp_path: Path, mosquitto: Mosquitto, protocol: str
) -> None:
    with (
        gateway(tmp_path / "gw", mosquitto.port, protocol) as service,
        equipment(mosquitto.port) as node,
    ):
        service.start()
        ready(service, mosquitto.port)
        for topic, (payload, _, _) in LIVE.items():
            node.publish(topic, payload, qos=1)
        wait_for_all(service, mosquitto.port, 1)
        found = {(event.device, event.kind): event.time_quality for event in events(service)}
        for _, device, kind in LIVE.values():
            assert found.get((device, kind)) is TimeQuality.RECEIVED, (device, kind)
        reader = service.reader()
        assert {d.id: d.heartbeat_s for d in reader.devices()}["nat-1"] == 900
        reader.close()


def restarts(folder: Path, mosquitto: Mosquitto, times: int) -> None:
    """A spring that the broker kept while the gateway was away, and so many starts after it."""
    with gateway(folder, mosquitto.port) as service, equipment(mosquitto.port) as node:
        service.start()
        ready(service, mosquitto.port)
        node.publish(STATE, "OFF")
        wait_for_all(service, mosquitto.port, 1)
        service.stop()
        node.publish(STATE, "ON")
        for start in range(times):
            service.start()
            ready(service, mosquitto.port)  # what the broker kept comes before the marker
            wait_for_all(service, mosquitto.port, 10 + start)
            [alert] = alerts(service)
            assert alert.doubt is TimeQuality.UNKNOWN
            service.stop()
            if start == times // 2:
                record(service, ActionKind.FALSE_SPRING, ActionKind.ARMED)
        assert [alert.resolved_by for alert in alerts(service)] == ["a"]
        service.start()
        ready(service, mosquitto.port)
        node.publish(STATE, "OFF")
        node.publish(STATE, "ON")
        wait_for_all(service, mosquitto.port, 2)
        assert [alert.doubt for alert in alerts(service)] == [None, TimeQuality.UNKNOWN]
    print(f"\n{times} starts with a spring that the broker kept: 1 alert")


def test_a_retained_capture_alerts_once_across_restarts_and_a_live_one_alerts_again(
    tmp_path: Path, mosquitto: Mosquitto
) -> None:
    restarts(tmp_path / "gw", mosquitto, 2)


@pytest.mark.long
def test_a_retained_capture_alerts_once_across_twenty_restarts(
    tmp_path: Path, mosquitto: Mosquitto
) -> None:
    restarts(tmp_path / "gw", mosquitto, 20)


@pytest.mark.long
def test_a_bridge_that_restarts_and_repeats_all_states_alerts_nobody(
    tmp_path: Path, mosquitto: Mosquitto
) -> None:
    """The broker at the trap is `mosquitto`; ours takes its topics over a bridge."""
    bridge = (
        f"connection farm\naddress 127.0.0.1:{mosquitto.port}\ntopic # in 1\n"
        "restart_timeout 1\ncleansession true\nnotifications false\n"
    )
    with (
        Mosquitto(tmp_path / "ours", extra=bridge) as ours,
        gateway(tmp_path / "gw", ours.port) as service,
        equipment(mosquitto.port) as node,
    ):
        service.start()
        ready(service, ours.port)
        node.publish(STATE, "OFF", qos=1)
        wait_for(lambda: [e.kind for e in events(service)] == [Kind.SET], "the setting", 40)
        node.publish(STATE, "ON", qos=1)
        wait_for(lambda: len(alerts(service)) == 1, "the alert", 40)
        assert alerts(service)[0].doubt is None
        for number in range(2):
            ours.kill()
            ours.restart()
            ready(service, ours.port)
            wait_for_all(service, mosquitto.port, 1 + number)
        assert len(alerts(service)) == 1
