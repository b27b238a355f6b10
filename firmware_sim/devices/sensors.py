"""The values of a device, and their encoding by real LoRaWAN sensor models: raw bytes and decoded object.

Owns one function per model, following the maker's decoder. Must not know networks or topics.
"""

from collections.abc import Callable
from typing import NamedTuple

from firmware_sim.devices.device import Payload
from firmware_sim.devices.power import PrimaryCell, SolarCell, temperature_c


class SensorValues(NamedTuple):
    """The values that a device can send at one moment."""

    at: float  # Unix seconds
    battery: PrimaryCell | SolarCell
    sprung: bool
    sprung_times: int
    is_night: bool


class Codec(NamedTuple):
    """The uplink of a LoRaWAN sensor model and the output of its decoder."""

    title: str
    f_port: int
    uplink: Callable[
        [SensorValues, bool], tuple[bytes, Payload]
    ]  # (now, active) -> raw bytes, object


def _ws301(now: SensorValues, active: bool) -> tuple[bytes, Payload]:
    pct = round(now.battery.pct)
    raw = bytes([0x01, 0x75, pct, 0x03, 0x00, active, 0x04, 0x00, 0x00])
    magnet = "open" if active else "close"
    return raw, {"battery": pct, "magnet_status": magnet, "tamper_status": "installed"}


def _em300_mcs(now: SensorValues, active: bool) -> tuple[bytes, Payload]:
    pct, tenths = round(now.battery.pct), round(temperature_c(now.at) * 10)
    warm = (tenths & 0xFFFF).to_bytes(2, "little")
    raw = bytes([0x01, 0x75, pct, 0x03, 0x67, *warm, 0x04, 0x68, 130, 0x06, 0x00, active])
    facts: Payload = {"battery": pct, "temperature": tenths / 10, "humidity": 65.0}
    return raw, {**facts, "magnet_status": "open" if active else "close"}


def _lds02(now: SensorValues, active: bool) -> tuple[bytes, Payload]:
    mv = round(now.battery.volts(now.at) * 1000)
    times = now.sprung_times.to_bytes(3, "big")
    raw = ((active << 15) | mv).to_bytes(2, "big") + b"\x01" + times + bytes(4)
    return raw, {
        "BAT_V": mv / 1000,
        "MOD": 1,
        "DOOR_OPEN_STATUS": int(active),
        "DOOR_OPEN_TIMES": now.sprung_times,
        "LAST_DOOR_OPEN_DURATION": 0,
        "ALARM": 0,
    }


def _ws202(now: SensorValues, active: bool) -> tuple[bytes, Payload]:
    pct = round(now.battery.pct)
    raw = bytes([0x01, 0x75, pct, 0x03, 0x00, active, 0x04, 0x00, not now.is_night])
    light = "dim" if now.is_night else "bright"
    return raw, {"battery": pct, "pir": "trigger" if active else "normal", "daylight": light}


RENAMED = {  # what a later firmware calls the fields that say what a sensor saw
    "magnet_status": "magnetic_contact",
    "DOOR_OPEN_STATUS": "door_open_status",
    "pir": "pir_status",
}
UNREADABLE = {"magnetic_contact", "pir_status"}  # names that no decoder of these makers has used

CODECS = {
    "milesight-ws301": Codec("Milesight WS301", 85, _ws301),
    "milesight-em300-mcs": Codec("Milesight EM300-MCS", 85, _em300_mcs),
    "dragino-lds02": Codec("Dragino LDS02", 10, _lds02),
    "milesight-ws202": Codec("Milesight WS202", 85, _ws202),
}
