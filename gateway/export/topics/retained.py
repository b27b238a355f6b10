"""What the retained topics for displays, hubs and other systems say. PURE.

Owns how states and open alerts become payloads. A trap that may no longer be armed is `unknown`, never
"armed"; one that has sprung stays sprung when its sensor is silent, which is a field of its own.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec
from msgspec import Struct

from gateway.domain import trap_lifecycle
from gateway.domain.epoch import from_ms
from gateway.domain.model import Alert, AlertStatus, Device, DeviceState, Role, Standing, TrapState
from gateway.export.topics.payloads import (
    UNKNOWN,
    VERSION,
    WATCHING,
    AlertPayload,
    AlertsPayload,
    DetectorStatePayload,
    TrapStatePayload,
    VersionPayload,
    counts,
)
from gateway.mqtt.link import OFFLINE
from gateway.mqtt.own_topics import names
from gateway.version import program_version

FACTS = ("battery_pct", "battery_v", "battery_low", "external_power", "rssi_dbm", "snr_db")
FIRST_DATE = datetime(2020, 1, 1, tzinfo=UTC)  # a time before is no time
_encode = msgspec.json.Encoder(order="sorted").encode


class RetainedState(Struct, frozen=True):
    """What the topics are made of, read from the store."""

    site: str
    now: datetime
    devices: list[Device]
    states: Mapping[str, DeviceState]
    alerts: list[Alert]  # open ones
    pages_url: str = ""  # where the pages are reached; empty: nowhere

    @property
    def shown(self) -> list[Device]:
        """The approved devices."""
        return [device for device in self.devices if device.standing is Standing.APPROVED]


def retained_topics(site_state: RetainedState) -> dict[str, bytes]:
    """Topic -> retained payload of all topics: alerts first, then states."""
    site = site_state.site
    labels = {device.id: device.label for device in site_state.devices}
    found = {names.alerts(site): _encode(_alerts(site_state.alerts, labels))}
    found |= {
        names.alert(site, alert.id): _encode(_alert(alert, labels)) for alert in site_state.alerts
    }
    found[names.version(site)] = _encode(VersionPayload(v=VERSION, version=program_version()))
    return found | {
        names.state(site, device.id): _encode(_state(site_state, device))
        for device in site_state.shown
    }


def is_alert(topic: str, site: str) -> bool:
    """Whether a topic tells of alerts: these are published before all others."""
    return topic == names.alerts(site) or topic.startswith(names.alert(site, ""))


def last_payload(topic: str) -> bytes:
    """What is said on a topic before it is deleted, for those that ignore a deletion; b"": nothing.

    A siren that follows another name of the site must not sound for ever.
    """
    if topic.endswith("/alerts"):
        return _encode(_alerts([], {}))
    return OFFLINE if topic.endswith("/gateway/status") else b""


def _state(site_state: RetainedState, device: Device) -> TrapStatePayload | DetectorStatePayload:
    state = site_state.states.get(device.id)
    view = trap_lifecycle.trap_view(state, site_state.now, device.heartbeat_s)
    common: dict[str, Any] = {
        "v": VERSION,
        "device": device.id,
        "name": device.label,
        "role": device.role,
        "silent": view.silent,
        "last_seen": _date(state.last_seen) if state else None,
    }
    common |= {name: state.fact(name) for name in FACTS} if state else {}
    if device.role is not Role.TRAP:
        watching = UNKNOWN if view.silent else WATCHING
        return DetectorStatePayload(**common, **_last_detection(state), state=watching)
    last_known = view.state or UNKNOWN
    return TrapStatePayload(
        **common,
        state=UNKNOWN if view.unknown and view.state is TrapState.ARMED else last_known,
        last_known=last_known,
        since=_date(view.since),
        unconfirmed_since=_date(view.unconfirmed),
        unread=view.unread or None,
    )


def _date(moment: datetime | None) -> datetime | None:
    """A date that is one: a board without a clock counts from 1970."""
    return moment if moment and moment >= FIRST_DATE else None


def _last_detection(state: DeviceState | None) -> dict[str, Any]:
    if state is None or not state.detected:
        return {}
    species, at_ms = max(state.detected.items(), key=lambda one: one[1])
    return {"species": species or UNKNOWN, "species_at": _date(from_ms(at_ms))}


def _alert(alert: Alert, labels: Mapping[str, str]) -> AlertPayload:
    return AlertPayload(
        v=VERSION,
        id=alert.id,
        rule=alert.rule,
        level=alert.level,
        subject=alert.subject,
        name=labels.get(alert.subject, alert.subject),
        status=alert.status,
        acknowledged=_is_acknowledged(alert),
        observed_at=_date(alert.observed_at),
        opened_at=alert.opened_at,
        causes=alert.causes,
        note=alert.note,
    )


def _alerts(alerts: Iterable[Alert], labels: Mapping[str, str]) -> AlertsPayload:
    every = list(alerts)
    newest = max(every, key=lambda alert: alert.opened_at, default=None)
    return AlertsPayload(
        v=VERSION,
        **msgspec.structs.asdict(counts(every)),
        unacknowledged=counts([one for one in every if not _is_acknowledged(one)]),
        acknowledged=counts([one for one in every if _is_acknowledged(one)]),
        newest=_alert(newest, labels) if newest else None,
    )


def _is_acknowledged(alert: Alert) -> bool:
    return alert.status is AlertStatus.ACKNOWLEDGED
