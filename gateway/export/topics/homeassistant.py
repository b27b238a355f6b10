"""MQTT discovery messages that declare our topics to Home Assistant. PURE.

Owns names and templates of the entities. An entity is available while the gateway is connected and the
device's state is known; what was never told is unknown, never "off" and never a text of no letters.
"""

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import msgspec

from gateway.dialects.ha_discovery import OURSELVES
from gateway.domain.model import Device, Kind, Role, TrapState
from gateway.export.topics.retained import RetainedState
from gateway.mqtt.own_topics import names
from gateway.version import program_version

Entity = tuple[str, str, dict[str, Any]]
"""component, object, declaration"""

_encode = msgspec.json.Encoder(order="sorted").encode
_SURE = (  # a trap that was armed and may not be any more; one that never reported is unknown
    "{{ 'offline' if value_json.state == 'unknown' and value_json.last_known != 'unknown' "
    "else 'online' }}"
)
_HEARD = "{{ 'offline' if value_json.silent else 'online' }}"
STATES = [state.value for state in TrapState]
TRAP_EVENTS = (Kind.SPRUNG, Kind.SET, Kind.TAMPER)
DETECTOR_EVENTS = (Kind.DETECTION, Kind.TAMPER)

# Measurements beside a device's state: field of the state topic, name, unit, device class.
_MEASURES = (
    ("battery_pct", "電池 battery", "%", "battery"),
    ("battery_v", "電圧 voltage", "V", "voltage"),
    ("rssi_dbm", "電波 signal", "dBm", "signal_strength"),
)


def node_of_site(site: str) -> str:
    """The id of the gateway; ids of its devices begin with it and an underscore."""
    return f"shishigaki_{site}"


def declarations(site_state: RetainedState, prefix: str) -> dict[str, bytes]:
    """Topic -> retained declaration: the site's alerts, then every trap and every detector."""
    site = node_of_site(site_state.site)
    found = _declared(prefix, site, _site_info(site_state), _alert_entities(site_state.site))
    for device in site_state.shown:
        if device.role is not Role.RELAY:
            node = f"{site}_{names.level(device.id)}"
            about = _device_info(site_state, device, node)
            found |= _declared(prefix, node, about, _entities(site_state, device))
    return found


def _declared(
    prefix: str, node: str, about: dict[str, Any], entities: Iterator[Entity]
) -> dict[str, bytes]:
    found = {}
    for component, name, body in entities:
        id_ = f"{node}_{name}"
        ids = {"unique_id": id_, "object_id": id_, "default_entity_id": f"{component}.{id_}"}
        origin = {"name": OURSELVES, "sw_version": program_version()}
        found[f"{prefix}/{component}/{node}/{name}/config"] = _encode(
            body | ids | {"device": about, "origin": origin}
        )
    return found


def _site_info(site_state: RetainedState) -> dict[str, Any]:
    about = {
        "identifiers": [node_of_site(site_state.site)],
        "name": f"Shishigaki {site_state.site}",
        "manufacturer": OURSELVES,
        "sw_version": program_version(),
    }
    url = site_state.pages_url
    return about | ({"configuration_url": url} if url else {})


def _device_info(site_state: RetainedState, device: Device, node: str) -> dict[str, Any]:
    about = {
        "identifiers": [node],
        "name": device.label,
        "manufacturer": OURSELVES,
        "model": device.model or device.role.value,
        "via_device": node_of_site(site_state.site),
    }
    url = site_state.pages_url.rstrip("/")
    page = f"{url}/traps/{quote(device.id, safe='')}" if url and device.role is Role.TRAP else url
    more = {"suggested_area": device.area, "configuration_url": page}
    return about | {name: value for name, value in more.items() if value}


def _entities(site_state: RetainedState, device: Device) -> Iterator[Entity]:
    topic = names.state(site_state.site, device.id)
    gateway = _available(site_state.site)
    heard = _available(site_state.site, topic, _HEARD)
    is_trap = device.role is Role.TRAP
    if is_trap:
        yield from _trap_entities(topic, gateway, _available(site_state.site, topic, _SURE))
    else:
        yield "sensor", "species", gateway | _species(topic)
    yield "event", "event", gateway | _event(names.event(site_state.site, device.id), is_trap)
    yield "binary_sensor", "silent", gateway | _silence(topic)
    state = site_state.states.get(device.id)
    for field, name, unit, kind in _MEASURES:
        if state is not None and state.fact(field) is not None:
            yield "sensor", field, heard | _measure(topic, field, name, unit, kind)


def _available(site: str, topic: str = "", template: str = "") -> dict[str, Any]:
    """Available while the gateway is connected and, with a topic, while its template says `online`."""
    sources = [{"topic": names.status(site)}]
    if topic:
        sources.append({"topic": topic, "value_template": template})
    return {"availability": sources, "availability_mode": "all"}


def _trap_entities(topic: str, gateway: dict[str, Any], sure: dict[str, Any]) -> Iterator[Entity]:
    yield (
        "binary_sensor",
        "sprung",
        sure
        | {
            "name": "作動 sprung",
            "device_class": "problem",
            "state_topic": topic,
            "value_template": "{{ 'None' if value_json.state == 'unknown' else "
            "'ON' if value_json.state == 'sprung' else 'OFF' }}",
        },
    )
    yield (
        "sensor",
        "state",
        gateway
        | {
            "name": "状態 state",
            "icon": "mdi:gate",
            "device_class": "enum",
            "options": STATES,
            "state_topic": topic,
            "value_template": "{{ 'None' if value_json.state == 'unknown' else value_json.state }}",
            "json_attributes_topic": topic,
        },
    )


def _species(topic: str) -> dict[str, Any]:
    return {
        "name": "最後に見た動物 last seen",
        "icon": "mdi:paw",
        "state_topic": topic,
        "value_template": "{{ value_json.species | default('None') }}",
        "json_attributes_topic": topic,
    }


def _event(topic: str, is_trap: bool) -> dict[str, Any]:
    """An entity that fires each time, also twice for two deer."""
    kinds = TRAP_EVENTS if is_trap else DETECTOR_EVENTS
    return {
        "name": "出来事 event",
        "icon": "mdi:gate-alert" if is_trap else "mdi:paw",
        "state_topic": topic,
        "event_types": [kind.value for kind in kinds],
    }


def _silence(topic: str) -> dict[str, Any]:
    return {
        "name": "応答なし silent",
        "device_class": "problem",
        "entity_category": "diagnostic",
        "state_topic": topic,
        "value_template": "{{ 'ON' if value_json.silent else 'OFF' }}",
    }


def _measure(topic: str, field: str, name: str, unit: str, kind: str) -> dict[str, Any]:
    return {
        "name": name,
        "state_topic": topic,
        "unit_of_measurement": unit,
        "device_class": kind,
        "state_class": "measurement",
        "entity_category": "diagnostic",
        "value_template": f"{{{{ value_json.{field} | default('None') }}}}",
    }


def _alert_entities(site: str) -> Iterator[Entity]:
    topic = names.alerts(site)
    about = _available(site) | {"state_topic": topic}
    for name, label, counted in (
        ("urgent", "捕獲・危険の警報 capture or danger", "value_json"),
        ("unanswered", "未確認の捕獲・危険 unacknowledged", "value_json.unacknowledged"),
    ):
        is_on = f"{{{{ 'ON' if {counted}.urgent > 0 else 'OFF' }}}}"
        words = {"name": label, "device_class": "safety", "value_template": is_on}
        yield "binary_sensor", name, about | words
    number = {
        "name": "開いている警報 open alerts",
        "icon": "mdi:bell-alert",
        "json_attributes_topic": topic,
        "value_template": "{{ value_json.open }}",
        "state_class": "measurement",
    }
    yield "sensor", "alerts", about | number
