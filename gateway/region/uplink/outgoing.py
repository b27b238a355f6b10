"""Makes records of rows and values, as exact as the town's agreements allow. PURE.

Owns what leaves the town. People's names, notes, media and the positions of phones and of events never do;
names and areas of devices, which may say a place, only where exact places are given. Every record is one that
the protocol takes: a text or number that does not fit is cut or left out, the record still goes.
"""

import math
from collections.abc import Collection, Mapping
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from gateway.domain.alerts.rule_name import RuleName
from gateway.domain.epoch import day_number, ms
from gateway.domain.model import Alert, Device, TrapAction
from gateway.region.records import (
    ActionRecord,
    AgreementRecord,
    AlertRecord,
    DeviceRecord,
    EventRecord,
    PeriodRecord,
)
from gateway.region.sharing import Agreement, ShareLevel, shared_place
from gateway.store.followers.follower import JournalRow
from gateway.store.rollups.hours import Rollup
from gateway.store.rows import EventRow

LONGEST, LONGEST_WORD = 512, 64  # characters: the limits of `records`
LARGEST = 1 << 53
FACTS = frozenset(
    {
        "confidence",
        "battery_v",
        "battery_pct",
        "battery_low",
        "external_power",
        "rssi_dbm",
        "snr_db",
    }
)
AREA = "area"  # in place of a subject that may name a place
_facts = msgspec.json.Decoder(dict[str, Any]).decode


def event_record(row: JournalRow) -> EventRecord:
    """An event of the journal."""
    no, found = row[0], EventRow._make(row[1:])
    return EventRecord(
        no,
        name(found.device),
        name(found.id),
        word(found.kind),
        number(found.observed_ms) or 0,
        number(found.received_ms) or 0,
        word(found.quality),
        number(found.device_ms),
        number(found.boot),
        number(found.seq),
        word(found.species) if found.species else None,
        number(found.animals),
        bool(found.distinct),
        facts(found.facts),
    )


def facts(column: bytes | None) -> dict[str, float | bool]:
    """The facts that may leave; of a damaged column none."""
    if not column:
        return {}
    try:
        values: Mapping[str, Any] = _facts(column)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return {}
    return {key: value for key, value in values.items() if key in FACTS and _is_fact(value)}


def _is_fact(value: object) -> bool:
    return isinstance(value, bool | int | float) and math.isfinite(value) and abs(value) <= 1e9


def device_record(device: Device, level: ShareLevel | None) -> DeviceRecord:
    """A row of the registry at a level."""
    place, exact = shared_place(device.lat, device.lon, level), level is ShareLevel.EXACT
    return DeviceRecord(
        name(device.id),
        device.role.value,
        device.standing.value,
        text(device.name) if exact else "",
        text(device.area) if exact else "",
        text(device.model),
        text(device.trap_type),
        max(0, device.heartbeat_s),
        place.lat,
        place.lon,
        place.mesh1km,
        place.mesh5km,
    )


def action_record(act: TrapAction, counts: bool) -> ActionRecord:
    """What somebody did, without who it was and where their phone was."""
    return ActionRecord(
        name(act.id),
        name(act.device),
        act.deed.value,
        ms(act.at),
        ms(act.recorded_at),
        counts,
        text(act.replaces or ""),
        act.is_undo,
        word(act.species) if act.species else None,
        number(act.count),
        word(act.sex) if act.sex else None,
        word(act.age) if act.age else None,
        word(act.weight_class) if act.weight_class else None,
        _weight(act.weight_kg),
    )


def _weight(value: float | None) -> float | None:
    return value if value is not None and 0 <= value <= 1e9 else None


def alert_record(alert: Alert, devices: Collection[str], level: ShareLevel | None) -> AlertRecord:
    """The life of an alert, without who answered. `devices`: the ids of the registry."""
    tells = (
        level is ShareLevel.EXACT
        or alert.subject in devices
        or alert.rule == RuleName.GATEWAY_FAULT
    )
    return AlertRecord(
        name(alert.id),
        word(alert.rule),
        name(alert.subject) if tells else AREA,
        alert.level.value,
        alert.status.value,
        ms(alert.observed_at),
        ms(alert.opened_at),
        text(alert.event or ""),
        text(alert.device or ""),
        alert.doubt.value if alert.doubt else "",
        ms(alert.last_at) if alert.last_at else None,
        max(0, alert.causes),
        ms(alert.acknowledged_at) if alert.acknowledged_at else None,
        ms(alert.expected_at) if alert.expected_at else None,
        max(0, alert.reopened),
        ms(alert.reopened_at) if alert.reopened_at else None,
        ms(alert.resolved_at) if alert.resolved_at else None,
        text(alert.how),
        text(alert.outcome),
    )


def period_record(one: Rollup) -> PeriodRecord:
    """The roll-up of an hour or day."""
    seen = tuple((word(kind), many, alone, heads) for kind, many, alone, heads in one.sightings)
    return PeriodRecord(name(one.device), one.at, one.alive_ms or 0, one.armed_ms or 0, seen)


def agreement_record(one: Agreement, zone: ZoneInfo) -> AgreementRecord:
    """An agreement, without who made it."""
    return AgreementRecord(
        name(one.id),
        name(one.taker),
        one.level.value,
        ms(one.starts_at(zone)),
        ms(one.ends_at(zone)),
        day_number(one.from_day),
        day_number(one.until_day) if one.until_day else None,
        ms(one.made_at),
        ms(one.revoked_at) if one.revoked_at else None,
    )


def text(value: str) -> str:
    """A text that the protocol takes."""
    return value.replace("\0", "\ufffd")[:LONGEST]


def name(value: str) -> str:
    """The same, never empty."""
    return text(value) or "?"


def word(value: str) -> str:
    """A short text that the protocol takes."""
    return text(value)[:LONGEST_WORD]


def number(value: int | None) -> int | None:
    """A number that the protocol takes, or None."""
    return value if value is not None and abs(value) <= LARGEST else None
