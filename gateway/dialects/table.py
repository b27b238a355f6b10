"""The table of dialects, and which of them a topic belongs to.

Owns names and default topics. A dialect is one file, one row here, and its texts in `gateway/words`: how
to set it up (`setup.*`) and how to raise its QoS (`qos_hint.*`).
"""

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Final

from gateway.dialects import (
    Dialect,
    esphome,
    frigate,
    ha_discovery,
    meshtastic,
    native,
    native_protocol,
    senml,
    tasmota,
    zigbee2mqtt,
)
from gateway.dialects.lorawan import chirpstack, codec, tts
from gateway.domain.model import MessageRefusedError, RefusalReason

_LORAWAN = ("trap.sprung", "trap.set", "detection", "heartbeat", "tamper", "join")
_RADIO = ("battery_v", "battery_pct", "external_power", "rssi_dbm", "snr_db")
_PLACE = ("lat", "lon")

TABLE: Final[tuple[Dialect, ...]] = (
    Dialect(
        name="native",
        title="Shishigaki native protocol v1",
        decode=native.decode,
        topics=native_protocol.FILTERS,
        qos="1",
        understands=(
            *("trap.sprung", "trap.set", "detection", "heartbeat", "tamper"),
            *("online", "offline", "join", "species", "count", "confidence", "media"),
            *(*_RADIO, *_PLACE, "accuracy_m"),
        ),
        resends=True,
    ),
    Dialect(
        name="chirpstack",
        title="ChirpStack v4 (JSON)",
        decode=chirpstack.decode,
        topics=chirpstack.FILTERS,
        qos="0",
        understands=(*_LORAWAN, *_RADIO, *_PLACE),
    ),
    Dialect(
        name="tts",
        title="The Things Stack v3",
        decode=tts.decode,
        topics=tts.FILTERS,
        qos="0",
        understands=(*_LORAWAN, *_RADIO, *_PLACE),
    ),
    Dialect(
        name="meshtastic",
        title="Meshtastic JSON (firmware <= 2.7, mqtt-converter)",
        decode=meshtastic.decode,
        topics=meshtastic.FILTERS,
        qos="0",
        understands=("trap.sprung", "trap.set", "detection", "heartbeat", *_RADIO, *_PLACE),
    ),
    Dialect(
        name="frigate",
        title="Frigate",
        decode=frigate.decode,
        topics=frigate.FILTERS,
        qos="0",
        understands=("detection", "online", "offline", "species", "confidence", "media"),
    ),
    Dialect(
        name="zigbee2mqtt",
        title="zigbee2mqtt",
        decode=zigbee2mqtt.decode,
        topics=zigbee2mqtt.FILTERS,
        qos="0",
        understands=(
            *("trap.sprung", "trap.set", "detection", "heartbeat", "tamper"),
            *("online", "offline", "join", "battery_v", "battery_pct"),
        ),
    ),
    Dialect(
        name="tasmota",
        title="Tasmota (and Zigbee2Tasmota)",
        decode=tasmota.decode,
        topics=tasmota.FILTERS,
        qos="0",
        understands=(
            *("trap.sprung", "trap.set", "detection", "heartbeat", "online", "offline"),
            *("battery_v", "battery_pct", "rssi_dbm"),
        ),
    ),
    Dialect(
        name="esphome",
        title="ESPHome",
        decode=esphome.decode,
        topics=esphome.FILTERS,
        qos="0",
        understands=(
            *("trap.sprung", "trap.set", "detection", "heartbeat", "tamper", "online", "offline"),
            *("battery_v", "battery_pct", "rssi_dbm"),
        ),
    ),
    Dialect(
        name="senml",
        title="SenML (RFC 8428, JSON)",
        decode=senml.decode,
        topics=senml.FILTERS,
        qos="-",
        understands=(
            *("trap.sprung", "trap.set", "detection", "heartbeat", "tamper"),
            *("battery_v", "battery_pct", *_PLACE),
        ),
    ),
    Dialect(
        name="ha_discovery",
        title="Home Assistant discovery (inbound)",
        decode=ha_discovery.decode,
        topics=ha_discovery.FILTERS,
        qos="1",
        understands=("join",),
    ),
    Dialect(
        name="lorawan_codec",
        title="LoRaWAN: a payload codec's bare output",
        decode=codec.decode,
        topics=(),
        qos="-",
        understands=(*_LORAWAN, *_RADIO, *_PLACE),
    ),
)

BY_NAME: Final[Mapping[str, Dialect]] = MappingProxyType({row.name: row for row in TABLE})

_REMEMBERED = (
    8_192  # topics whose dialect is remembered: bounded, so that many topics cannot fill the memory
)


class Claims:
    """Which dialect reads which topic, for the configured sources. The first that matches reads."""

    def __init__(self, sources: Iterable[tuple[str, Sequence[str]]]) -> None:
        """`sources`: (dialect name, topic filters; empty = the dialect's own)."""
        self._filters = [
            (wanted.split("/"), BY_NAME[name])
            for name, filters in sources
            for wanted in (filters or BY_NAME[name].topics)
        ]
        self._known: dict[str, Dialect] = {}

    def claim(self, topic: str) -> Dialect:
        """The dialect of a topic. Raises MessageRefusedError (TOPIC) if no source claims it."""
        dialect = self._known.get(topic)
        if dialect is not None:
            return dialect
        levels = topic.split("/")
        for wanted, dialect in self._filters:
            if _matches(wanted, levels):
                if len(self._known) >= _REMEMBERED:
                    self._known.clear()
                self._known[topic] = dialect
                return dialect
        raise MessageRefusedError(
            RefusalReason.TOPIC, f"{topic[:120]}: no source of the configuration claims it"
        )

    @property
    def filters(self) -> list[str]:
        """Every topic filter to subscribe to, once each."""
        return list(dict.fromkeys("/".join(levels) for levels, _ in self._filters))


def matches(wanted: str, topic: str) -> bool:
    """Whether a topic filter (``+``, ``#``) matches a topic name, by the rules of MQTT."""
    return _matches(wanted.split("/"), topic.split("/"))


def _matches(wanted: list[str], levels: list[str]) -> bool:
    if wanted[0] == "$share":
        wanted = wanted[2:]
    if levels[0].startswith("$") and wanted[0] in ("+", "#"):
        return False  # MQTT 4.7.2: wildcards do not reach the broker's own topics
    for index, level in enumerate(wanted):
        if level == "#":
            return True
        if index >= len(levels) or level not in ("+", levels[index]):
            return False
    return len(wanted) == len(levels)
