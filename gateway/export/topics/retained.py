"""The board: what the gateway hangs out for displays, hubs and other systems. PURE.

Owns the retained topics ``shishigaki/v1/{site}/{device}/state``, ``.../alert/{id}`` and ``.../alerts``,
and what stands in them. A trap whose sensor is silent is `unknown` there, never "armed".
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
    """What the board shows, as the store has it."""

    site: str
    now: datetime
    devices: list[Device]
    states: Mapping[str, DeviceState]
    alerts: list[Alert]  # open ones

    @property
    def shown(self) -> list[Device]:
        """The devices that count."""
        return [device for device in self.devices if device.standing is Standing.APPROVED]


def slug(device: str) -> str:
    """An address as one level of a topic: native names stay, others are made so and kept apart."""
    if _PLAIN.fullmatch(device):
        return device
    plain = re.sub(r"[^a-z0-9]+", "-", device.lower()).strip("-")[:24]
    return f"{plain}-{blake2b(device.encode('utf-8', 'surrogatepass'), digest_size=3).hexdigest()}"


def state_topic(site: str, device: str) -> str:
    """Where a device's state stands."""
    return f"shishigaki/v1/{site}/{slug(device)}/state"


def alerts_topic(site: str) -> str:
    """Where the sum of all open alerts stands."""
    return f"shishigaki/v1/{site}/alerts"


def notices(scene: RetainedState) -> dict[str, bytes]:
    """Topic -> retained payload, all of them, the most urgent first."""
    names = {device.id: device.label for device in scene.devices}
    found = {
        f"shishigaki/v1/{scene.site}/alert/{alert.id}": _encode(_alert(alert, names))
        for alert in scene.alerts
    }
    found[alerts_topic(scene.site)] = _encode(_sum(scene.alerts, names))
    return found | {
        state_topic(scene.site, device.id): _encode(_state(scene, device)) for device in scene.shown
    }


def _state(scene: RetainedState, device: Device) -> dict[str, Any]:
    state = scene.states.get(device.id)
    body: dict[str, Any] = {"device": device.id, "name": device.label, "role": device.role.value}
    if device.role is Role.TRAP:
        trap = trap_lifecycle.trap_view(state, scene.now, device.heartbeat_s)
        told = trap.state.value if trap.state else UNKNOWN
        body |= {
            "state": UNKNOWN if trap.unknown else told,
            "last_known": told,
            "since": trap.since,
            "unconfirmed_since": trap.unconfirmed,
            "unread": trap.unread or None,
        }
    else:
        silent = trap_lifecycle.trap_view(state, scene.now, device.heartbeat_s).silent
        body |= {"state": UNKNOWN if silent else "watching", **_seen(state)}
    if state is not None:
        facts = {name: state.fact(name) for name in _FACTS}
        body |= {"last_seen": state.last_seen}
        body |= {name: value for name, value in facts.items() if value is not None}
    return {name: value for name, value in body.items() if value is not None}


def _seen(state: DeviceState | None) -> dict[str, Any]:
    if state is None or not state.detected:
        return {}
    species, at_ms = max(state.detected.items(), key=lambda one: one[1])
    return {"species": species or UNKNOWN, "species_at": from_ms(at_ms)}


def _alert(alert: Alert, names: Mapping[str, str]) -> dict[str, Any]:
    return {
        "id": alert.id, "rule": alert.rule, "level": alert.level.value, "subject": alert.subject,
        "name": names.get(alert.subject, alert.subject), "status": alert.status.value,
        "observed_at": alert.observed_at, "opened_at": alert.opened_at, "causes": alert.causes,
        "note": alert.note,
    }  # fmt: skip


def _sum(alerts: Iterable[Alert], names: Mapping[str, str]) -> dict[str, Any]:
    alerts = list(alerts)
    levels = Counter(alert.level for alert in alerts)
    newest = max(alerts, key=lambda alert: alert.opened_at, default=None)
    return {
        "open": len(alerts),
        **{level.value: levels[level] for level in AlertLevel},
        "newest": _alert(newest, names) if newest else None,
    }
