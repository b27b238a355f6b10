"""The payloads of the topics for other programs: their fields and version. PURE.

Owns the schema. TOPICS.md documents each field, and a test compares both. A field that is not known is left
out; there is no date that stands for "never". Must not decide what a field says.
"""

from datetime import datetime
from typing import Literal

from msgspec import Struct

from gateway.domain.model import (
    URGENT,
    Alert,
    AlertLevel,
    AlertStatus,
    Kind,
    Role,
    TimeQuality,
    TrapState,
)

VERSION = 1  # of each payload: raised when a field is taken away or changes its meaning
UNKNOWN: Literal["unknown"] = "unknown"
WATCHING: Literal["watching"] = "watching"


class _Payload(Struct, frozen=True, kw_only=True, omit_defaults=True):
    v: int  # given by `encode`'s callers, since defaults are left out


class VersionPayload(_Payload, frozen=True, kw_only=True, omit_defaults=True):
    """The version of the gateway's program."""

    version: str


class Measurements(_Payload, frozen=True, kw_only=True, omit_defaults=True):
    """What every device's state has."""

    device: str
    name: str
    role: Role
    silent: bool
    last_seen: datetime | None = None
    battery_pct: float | None = None
    battery_v: float | None = None
    battery_low: bool | None = None
    external_power: bool | None = None
    rssi_dbm: float | None = None
    snr_db: float | None = None


class TrapStatePayload(Measurements, frozen=True, kw_only=True, omit_defaults=True):
    """The state of a trap."""

    state: TrapState | Literal["unknown"]
    last_known: TrapState | Literal["unknown"]
    since: datetime | None = None
    unconfirmed_since: datetime | None = None
    unread: str | None = None


class DetectorStatePayload(Measurements, frozen=True, kw_only=True, omit_defaults=True):
    """The state of a camera, another detector or a relay."""

    state: Literal["watching", "unknown"]
    species: str | None = None
    species_at: datetime | None = None


class AlertPayload(_Payload, frozen=True, kw_only=True, omit_defaults=True):
    """One open alert."""

    id: str
    rule: str
    level: AlertLevel
    subject: str
    name: str
    status: AlertStatus
    acknowledged: bool
    observed_at: datetime | None = None
    opened_at: datetime
    causes: int
    note: str


class AlertCounts(Struct, frozen=True, kw_only=True):
    """How many alerts, in all and of each level."""

    open: int
    urgent: int
    danger: int
    capture: int
    warning: int
    info: int


class AlertsPayload(_Payload, frozen=True, kw_only=True):
    """How many alerts are open, and the newest one."""

    open: int
    urgent: int
    danger: int
    capture: int
    warning: int
    info: int
    unacknowledged: AlertCounts
    acknowledged: AlertCounts
    newest: AlertPayload | None


class EventPayload(_Payload, frozen=True, kw_only=True, omit_defaults=True):
    """What happened at a device."""

    event_type: Kind
    id: str
    device: str
    name: str
    observed_at: datetime
    received_at: datetime
    time_quality: TimeQuality
    species: str | None = None
    count: int | None = None


def counts(alerts: list[Alert]) -> AlertCounts:
    """How many of these alerts there are of each level."""
    levels = [alert.level for alert in alerts]
    each = {level.value: levels.count(level) for level in AlertLevel}
    urgent = sum(level in URGENT for level in levels)
    return AlertCounts(open=len(alerts), urgent=urgent, **each)
