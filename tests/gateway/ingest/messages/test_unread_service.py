"""The real gateway beside a real broker: a codec that fails, a bell, a node's inputs, a failed fix."""

import json
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from gateway.domain.model import Device, Role
from tests.faults.witness import ready
from tests.support.servers import Mosquitto, wait_for
from tests.support.service import Service, retained_message

EUI, PLACED = "24e124aa00000077", "24e124aa00000078"
UP = f"application/7/device/{EUI}/event/up"
TRAPS = (
    Device(id=EUI, role=Role.TRAP, name="戸", model="milesight-ws301"),
    Device(id=PLACED, role=Role.TRAP, model="milesight-at101", lat=32.7, lon=128.8),
    Device(id="!cafe0001", role=Role.TRAP),
    Device(id="yama-9", role=Role.TRAP),
)
DIALECTS = ("chirpstack", "tts", "meshtastic", "esphome")
SOURCES = "\n".join(f'[[sources]]\ndialect = "{name}"' for name in DIALECTS)
QUICK = "\n[alerts]\ntick_s = 1\n"


@pytest.fixture
def gateway(tmp_path: Path, mosquitto: Mosquitto) -> Iterator[Service]:
    with Service(tmp_path / "gw", mosquitto.port, *TRAPS, extra=SOURCES + QUICK) as service:
        ready(service, mosquitto.port)
        yield service


class Source:
    """Whoever publishes for the equipment."""

    def __init__(self, port: int) -> None:
        self._client = paho.Client(CallbackAPIVersion.VERSION2)
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()

    def publish(self, topic: str, payload: Any) -> None:
        body = payload if isinstance(payload, str) else json.dumps(payload)
        self._client.publish(topic, body.encode(), 1).wait_for_publish(30)

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()


@pytest.fixture
def source(mosquitto: Mosquitto) -> Iterator[Source]:
    found = Source(mosquitto.port)
    yield found
    found.close()


def alerts(service: Service) -> set[tuple[str, str]]:
    reader = service.reader()
    found = {(alert.rule, alert.subject) for alert in reader.open_alerts()}
    reader.close()
    return found


def page(service: Service) -> str:
    request = urllib.request.Request(f"{service.url}/traps", headers={"Accept-Language": "ja"})
    with urllib.request.urlopen(request, timeout=60) as reply:
        return str(reply.read().decode())


def up(values: Any, count: int, **more: Any) -> dict[str, Any]:
    return {
        "deduplicationId": f"d{count}",
        "deviceInfo": {"devEui": EUI},
        "devAddr": "01fe0077",
        "fCnt": count,
        "fPort": 85,
        "data": f"AX{count:02d}",
        "object": values,
        **more,
    }


@pytest.mark.real
def test_a_codec_that_fails_leaves_the_trap_unknown_on_page_and_topic_until_a_frame_is_read(
    gateway: Service, mosquitto: Mosquitto, source: Source
) -> None:
    topic = f"shishigaki/v1/goto/{EUI}/state"

    def state() -> str:
        found = retained_message(mosquitto.port, topic)
        return str(json.loads(found)["state"]) if found else ""

    source.publish(UP, up({"magnet_status": "close"}, 1))
    wait_for(lambda: state() == "armed", "the closed trap", 60)
    source.publish(UP, up(None, 2))
    source.publish(UP, up(None, 3))
    error = {
        "deviceInfo": {"devEui": EUI},
        "level": "ERROR",
        "code": "UPLINK_CODEC",
        "description": "x is undefined",
    }
    source.publish(UP.replace("/up", "/log"), error)
    wait_for(lambda: state() == "unknown", "the unread trap", 60)
    wait_for(lambda: "x is undefined" in page(gateway), "the reason on the page", 60)
    assert "読めません" in page(gateway)
    source.publish(UP, up(None, 4, fPort=0))
    source.publish(UP, up({"magnet_status": "close"}, 5))
    wait_for(lambda: state() == "armed", "the frame that is read", 60)
    wait_for(lambda: "x is undefined" not in page(gateway), "the page without the reason", 60)


@pytest.mark.real
def test_a_meshtastic_bell_is_a_capture_a_battery_flag_a_warning_and_a_failed_fix_moves_no_device(
    gateway: Service, source: Source
) -> None:
    def place(lat: float, lon: float, count: int) -> None:
        values = {"latitude": lat, "longitude": lon, "motion_status": "stop"}
        found = {
            "f_cnt": count,
            "f_port": 85,
            "frm_payload": f"A{count}",
            "decoded_payload": values,
        }
        body = {"end_device_ids": {"dev_eui": PLACED}, "uplink_message": found}
        source.publish(f"v3/goto@ttn/devices/{PLACED}/up", body)

    for number, text in enumerate(("Wana state: 0", "Wana detected\a"), 1):
        packet = {"from": 0xCAFE0001, "id": number, "type": "detection", "payload": {"text": text}}
        source.publish("msh/JP/2/json/Wana/!aa", packet)
    source.publish("yama-9/binary_sensor/reed/state", "OFF")
    source.publish("yama-9/binary_sensor/battery_low/state", "ON")
    place(32.7, 128.8, 1)
    place(4e-6, 1e-5, 2)
    capture, warning = ("trap_sprung", "!cafe0001"), ("battery_low", "yama-9")
    wait_for(lambda: {capture, warning} <= alerts(gateway), "both alerts", 120)
    assert alerts(gateway) == {capture, warning}
