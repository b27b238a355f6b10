"""The retained topics for displays, hubs and other systems. PURE.

Owns ``shishigaki/v1/{site}/{device}/state``, ``.../alert/{id}`` and ``.../alerts`` and their payloads.
The state of a trap whose sensor is silent is `unknown`, never "armed".
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime
from hashlib import blake2b
from typing import Any

import msgspec
from msgspec import Struct

from gateway.domain import trap_lifecycle
from gateway.domain.epoch import from_ms
from gateway.domain.model import Alert, AlertLevel, Device, DeviceState, Role, Standing

_PLAIN = re.compile(r"[a-z0-9-]{1,32}")
_FACTS = ("battery_pct", "battery_v", "battery_low", "external_power", "rssi_dbm", "snr_db")
UNKNOWN = "unknown"
_encode = msgspec.json.Encoder(order="sorted").encode


class RetainedState(Struct, frozen=True):
    """What the topics are made of, read from the store."""

    site: str
    now: datetime
    devices: list[Device]
    states: Mapping[str, DeviceState]
    alerts: list[Alert]  # open ones

    @property
    def shown(self) -> list[Device]:
        """The approved devices."""
        return [device for device in self.devices if device.standing is Standing.APPROVED]


def topic_level(device: str) -> str:
    """A device id as one level of a topic: native ids as they are, others shortened, with a hash."""
    if _PLAIN.fullmatch(device):
        return device
    plain = re.sub(r"[^a-z0-9]+", "-", device.lower()).strip("-")[:24]
    return f"{plain}-{blake2b(device.encode('utf-8', 'surrogatepass'), digest_size=3).hexdigest()}"


def state_topic(site: str, device: str) -> str:
    """The topic of a device's state."""
    return f"shishigaki/v1/{site}/{topic_level(device)}/state"


def alerts_topic(site: str) -> str:
    """The topic with the number of open alerts and the newest one."""
    return f"shishigaki/v1/{site}/alerts"


def retained_topics(site_state: RetainedState) -> dict[str, bytes]:
    """Topic -> retained payload of all topics: alerts first, then states."""
    names = {device.id: device.label for device in site_state.devices}
    found = {
        f"shishigaki/v1/{site_state.site}/alert/{alert.id}": _encode(_alert(alert, names))
        for alert in site_state.alerts
    }
    found[alerts_topic(site_state.site)] = _encode(_alerts_summary(site_state.alerts, names))
    return found | {
        state_topic(site_state.site, device.id): _encode(_state(site_state, device))
        for device in site_state.shown
    }


def _state(site_state: RetainedState, device: Device) -> dict[str, Any]:
    state = site_state.states.get(device.id)
    body: dict[str, Any] = {"device": device.id, "name": device.label, "role": device.role.value}
    if device.role is Role.TRAP:
        trap = trap_lifecycle.trap_view(state, site_state.now, device.heartbeat_s)
        last_known = trap.state.value if trap.state else UNKNOWN
        body |= {
            "state": UNKNOWN if trap.unknown else last_known,
            "last_known": last_known,
            "since": trap.since,
            "unconfirmed_since": trap.unconfirmed,
            "unread": trap.unread or None,
        }
    else:
        silent = trap_lifecycle.trap_view(state, site_state.now, device.heartbeat_s).silent
        body |= {"state": UNKNOWN if silent else "watching", **_last_sighting(state)}
    if state is not None:
        facts = {name: state.fact(name) for name in _FACTS}
        body |= {"last_seen": state.last_seen}
        body |= {name: value for name, value in facts.items() if value is not None}
    return {name: value for name, value in body.items() if value is not None}


def _last_sighting(state: DeviceState | None) -> dict[str, Any]:
    if state is None or not state.detected:
        return {}
    species, at_ms = max(state.detected.items(), key=lambda one: one[1])
    return {"species": species or UNKNOWN, "species_at": from_ms(at_ms)}


def _alert(alert: Alert, names: Mapping[str, str]) -> dict[str, Any]:
    return {
        "id": alert.id,
        "rule": alert.rule,
        "level": alert.level.value,
        "subject": alert.subject,
        "name": names.get(alert.subject, alert.subject),
        "status": alert.status.value,
        "observed_at": alert.observed_at,
        "opened_at": alert.opened_at,
        "causes": alert.causes,
        "note": alert.note,
    }


def _alerts_summary(alerts: Iterable[Alert], names: Mapping[str, str]) -> dict[str, Any]:
    alerts = list(alerts)
    levels = Counter(alert.level for alert in alerts)
    newest = max(alerts, key=lambda alert: alert.opened_at, default=None)
    return {
        "open": len(alerts),
        **{level.value: levels[level] for level in AlertLevel},
        "newest": _alert(newest, names) if newest else None,
    }
