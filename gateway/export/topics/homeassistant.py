"""MQTT discovery messages that declare our retained topics to Home Assistant. PURE.

Owns names and templates of the entities. A trap whose state is unknown is unavailable, never "off".
"""

from collections.abc import Iterator
from typing import Any

import msgspec

from gateway.dialects.ha_discovery import OURSELVES
from gateway.domain.model import Device, Role
from gateway.export.topics.retained import RetainedState, alerts_topic, state_topic, topic_level

Entity = tuple[str, str, dict[str, Any]]
"""component, object, declaration"""

_encode = msgspec.json.Encoder(order="sorted").encode
_KNOWN = "{{ 'offline' if value_json.state == 'unknown' else 'online' }}"

# Measurements beside a device's state: field of the state topic, name, unit, device class.
_MEASURES = (
    ("battery_pct", "電池 battery", "%", "battery"),
    ("battery_v", "電圧 voltage", "V", "voltage"),
    ("rssi_dbm", "電波 signal", "dBm", "signal_strength"),
)


def declarations(site_state: RetainedState, prefix: str) -> dict[str, bytes]:
    """Topic -> retained declaration, for every trap, every detector and the site's alerts."""
    found: dict[str, bytes] = {}
    for device in site_state.shown:
        if device.role is not Role.RELAY:
            node = f"shishigaki_{site_state.site}_{topic_level(device.id)}"
            found |= _declared(
                prefix, node, _device_info(device, node), _entities(site_state, device)
            )
    node = f"shishigaki_{site_state.site}"
    site = {
        "identifiers": [node],
        "name": f"Shishigaki {site_state.site}",
        "manufacturer": OURSELVES,
    }
    return found | _declared(prefix, node, site, _alert_entities(site_state))


def _declared(
    prefix: str, node: str, about: dict[str, Any], entities: Iterator[Entity]
) -> dict[str, bytes]:
    return {
        f"{prefix}/{component}/{node}/{name}/config": _encode(
            body | {"unique_id": f"{node}_{name}", "device": about, "origin": {"name": OURSELVES}}
        )
        for component, name, body in entities
    }


def _device_info(device: Device, node: str) -> dict[str, Any]:
    about = {"identifiers": [node], "name": device.label, "manufacturer": OURSELVES}
    more = {"suggested_area": device.area, "model": device.model or device.role.value}
    return about | {name: value for name, value in more.items() if value}


def _entities(site_state: RetainedState, device: Device) -> Iterator[Entity]:
    topic = state_topic(site_state.site, device.id)
    yield from _trap_entities(topic) if device.role is Role.TRAP else _detector_entities(topic)
    state = site_state.states.get(device.id)
    for field, name, unit, kind in _MEASURES:
        if state is not None and state.fact(field) is not None:
            measure = {
                "name": name,
                "state_topic": topic,
                "unit_of_measurement": unit,
                "device_class": kind,
                "state_class": "measurement",
                "entity_category": "diagnostic",
                "value_template": f"{{{{ value_json.{field} }}}}",
            }
            yield "sensor", field, measure


def _trap_entities(topic: str) -> Iterator[Entity]:
    sprung = {
        "name": "作動 sprung",
        "device_class": "problem",
        "value_template": "{{ 'ON' if value_json.state == 'sprung' else 'OFF' }}",
    }
    yield "binary_sensor", "sprung", _available(topic) | sprung
    state = {
        "name": "状態 state",
        "state_topic": topic,
        "value_template": "{{ value_json.state }}",
        "json_attributes_topic": topic,
        "icon": "mdi:gate",
    }
    yield "sensor", "state", state


def _detector_entities(topic: str) -> Iterator[Entity]:
    species = {
        "name": "最後に見た動物 last seen",
        "icon": "mdi:paw",
        "json_attributes_topic": topic,
        "value_template": "{{ value_json.species | default('') }}",
    }
    yield "sensor", "species", _available(topic) | species


def _available(topic: str) -> dict[str, Any]:
    return {"availability_topic": topic, "availability_template": _KNOWN, "state_topic": topic}


def _alert_entities(site_state: RetainedState) -> Iterator[Entity]:
    topic = alerts_topic(site_state.site)
    about = {
        "state_topic": topic,
        "json_attributes_topic": topic,
        "availability_topic": f"shishigaki/v1/{site_state.site}/gateway/status",
        "availability_template": "{{ 'online' if 'online' in value else 'offline' }}",
    }
    urgent = "{{ 'ON' if value_json.danger + value_json.capture > 0 else 'OFF' }}"
    yield (
        "binary_sensor",
        "urgent",
        about
        | {
            "name": "捕獲・危険の警報 capture or danger",
            "device_class": "safety",
            "value_template": urgent,
        },
    )
    yield (
        "sensor",
        "alerts",
        about
        | {
            "name": "開いている警報 open alerts",
            "icon": "mdi:bell-alert",
            "value_template": "{{ value_json.open }}",
            "state_class": "measurement",
        },
    )
