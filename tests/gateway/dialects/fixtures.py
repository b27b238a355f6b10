"""Our own payloads, some for each dialect: what a healthy source sends. Seeds of the fault tests."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from gateway.domain.model import Message

NOW = datetime(2026, 11, 23, 4, 5, 6, tzinfo=UTC)
EUI = "24e124136b502217"
UP = f"application/7d2f/device/{EUI}/event/up"
TTN_UP = "v3/goto@ttn/devices/hako-3/up"


def chirpstack(values: Mapping[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    """An uplink as ChirpStack publishes it."""
    return {
        "deduplicationId": "8b7c1a52-3f0e-4d5a-9a63-0c2b7c1d9e01",
        "time": "2026-11-23T04:05:01.123456789+00:00",
        "deviceInfo": {"deviceName": "hako-3", "devEui": EUI, "tags": {"area": "Tomie"}},
        "devAddr": "01a2b3c4",
        "fCnt": 77,
        "fPort": 85,
        "data": "AXVkAwAB",
        "object": values,
        "rxInfo": [{"gatewayId": "g1", "rssi": -97, "snr": 7.2}, {"gatewayId": "g2"}],
        **more,
    }


def tts(values: Mapping[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    """An uplink as The Things Stack publishes it."""
    return {
        "end_device_ids": {"device_id": "hako-3", "dev_eui": EUI.upper(), "dev_addr": "01A2B3C4"},
        "received_at": "2026-11-23T04:05:02Z",
        "uplink_message": {
            "session_key_id": "AZ1x",
            "f_cnt": 9,
            "f_port": 85,
            "decoded_payload": values,
            "rx_metadata": [{"rssi": -101, "snr": -3.5}, {"channel_rssi": -88, "rssi": -88}],
            "received_at": "2026-11-23T04:05:01.9Z",
            **more,
        },
    }


OPEN = {"battery": 92, "magnet_status": "open", "tamper_status": "installed"}
HISTORY = {
    "history": [
        {"timestamp": 1_795_000_600, "magnet_status": "close"},
        {"timestamp": 1_795_000_000, "magnet_status": "open"},
    ]
}
PACKET = {"from": 0xA1B2C3D4, "id": 5, "timestamp": 1_795_000_000, "rssi": -90, "snr": 4.5}
OBJECT = {
    "id": "1795000000.5-q1w2e3",
    "camera": "kido",
    "label": "animal",
    "sub_label": ["wild boar", 0.82],
    "top_score": 0.71,
    "start_time": 1_795_000_000.5,
    "has_snapshot": True,
}
NATIVE = {
    "v": 1,
    "id": "01JDQ0",
    "boot": 7,
    "seq": 12,
    "kind": "trap.sprung",
    "ts": "2026-11-23T04:05:06Z",
    "ts_src": "gps",
    "battery": {"v": 3.01, "pct": 71, "ext": False},
    "link": {"rssi_dbm": -105, "snr_db": 6.5},
    "loc": {"lat": 32.69, "lon": 128.84, "acc_m": 8},
}
TASMOTA = {"Time": "2026-11-23T13:05:06", "Switch1": "ON"}
WIFI = {"Wifi": {"RSSI": 80, "Signal": -60}, "Vcc": 3.3}
SENML = [{"bn": "trap7/", "bt": 1_795_000_000, "n": "open", "vb": True}, {"n": "battery", "v": 81}]

FIXTURES: Mapping[str, tuple[tuple[str, Any], ...]] = {
    "native": (
        ("wildlife/v1/goto/trap-07/event", NATIVE),
        ("wildlife/v1/goto/trap-07/telemetry", {**NATIVE, "kind": "heartbeat"}),
        ("wildlife/v1/goto/trap-07/status", "online"),
        ("wildlife/v1/goto/trap-07/meta", {"v": 1, "model": "m", "heartbeat_s": 600}),
    ),
    "chirpstack": (
        (UP, chirpstack(OPEN)),
        (UP, chirpstack(HISTORY)),
        (UP, chirpstack({"Device": "R311A", "Volt": "2.3(low battery)", "OnOff": 1})),
        (UP.replace("/up", "/join"), chirpstack()),
        (UP.replace("/up", "/status"), chirpstack(batteryLevel=71.5, margin=9)),
    ),
    "tts": (
        (TTN_UP, tts(OPEN)),
        (TTN_UP.replace("/up", "/join"), {**tts(), "join_accept": {"session_key_id": "AZ1y"}}),
    ),
    "lorawan_codec": (("trap-3", {"data": OPEN}), ("trap-4", HISTORY)),
    "meshtastic": (
        (
            "msh/JP/2/json/traps/!a",
            {**PACKET, "type": "detection", "payload": {"text": "T detected"}},
        ),
        ("msh/JP/2/json/traps/!a", {**PACKET, "type": "text", "payload": {"text": "hello"}}),
        (
            "msh/JP/2/json/traps/!a",
            {**PACKET, "type": "telemetry", "payload": {"battery_level": 101, "voltage": 4.2}},
        ),
    ),
    "frigate": (
        ("frigate/events", {"type": "new", "before": OBJECT, "after": OBJECT}),
        (
            "frigate/reviews",
            {
                "type": "new",
                "after": {
                    "id": "r1",
                    "camera": "kido",
                    "start_time": 1_795_000_000,
                    "data": {"objects": ["deer"], "detections": ["1795000000.5-a"]},
                },
            },
        ),
        (
            "frigate/tracked_object_update",
            {"type": "classification", "id": OBJECT["id"], "camera": "kido", "sub_label": "boar"},
        ),
        ("frigate/available", "online"),
    ),
    "zigbee2mqtt": (
        ("zigbee2mqtt/yama/hako 1", {"contact": False, "battery": 90, "voltage": 2995}),
        ("zigbee2mqtt/yama/hako 1/availability", {"state": "online"}),
        ("zigbee2mqtt/bridge/event", {"type": "device_joined", "data": {"friendly_name": "x"}}),
    ),
    "tasmota": (
        ("tele/trap/SENSOR", TASMOTA),
        ("stat/trap/RESULT", {"Switch1": {"Action": "OFF"}}),
        ("tele/trap/STATE", {"Time": "2026-11-23T13:05:06+09:00", **WIFI}),
        ("tele/trap/LWT", "Offline"),
        ("tele/bridge/SENSOR", {"ZbReceived": {"0x1": {"Contact": 1, "BatteryPercentage": 50}}}),
    ),
    "esphome": (
        ("node/binary_sensor/door/state", "ON"),
        ("node/sensor/battery_voltage/state", "3.7"),
        ("node/status", "online"),
    ),
    "senml": (("senml/a", SENML), ("senml/b", [{"n": "dev:1/3302/0/5500", "vb": True}])),
    "ha_discovery": (
        ("homeassistant/sensor/a/config", {"device": {"name": "hako 1", "identifiers": ["z1"]}}),
    ),
}


def encode(value: Any) -> bytes:
    """The payload: words as they are, all else as JSON."""
    return value.encode() if isinstance(value, str) else json.dumps(value).encode()


def message(topic: str, value: Any, *, retain: bool = False) -> Message:
    """A message that arrives at NOW."""
    payload = value if isinstance(value, bytes) else encode(value)
    return Message(topic=topic, payload=payload, received_at=NOW, retain=retain)


def all_messages() -> list[tuple[str, Message]]:
    """(dialect, message) of every fixture."""
    return [
        (name, message(topic, value)) for name, rows in FIXTURES.items() for topic, value in rows
    ]
