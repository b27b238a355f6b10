"""Converts rows to values and back: how the domain's values are stored in the tables.

Owns the mapping. Must not run SQL.
"""

import logging
from collections.abc import Callable, Iterable, Iterator
from operator import attrgetter
from typing import Any, NamedTuple, TypeVar

import msgspec

from gateway.domain.clocks.device_clock import DeviceClock
from gateway.domain.epoch import from_ms, ms
from gateway.domain.model import (
    FACTS,
    Alert,
    AlertStatus,
    Device,
    DeviceState,
    Event,
    Kind,
    TimeQuality,
    TrapAction,
)
from gateway.domain.people.person import Person
from gateway.domain.resident_reports import Sighting
from gateway.store.connection import DamagedFileError

log = logging.getLogger(__name__)
R = TypeVar("R")
T = TypeVar("T")

EVENT_COLUMNS = (
    "id, key, device, kind, observed_ms, received_ms, quality, device_ms, boot, seq, "
    "species, count, distinct_, facts"
)
# What a reader selects to get an Event back; `d` is the device table.
EVENT_SELECT = (
    "e.id, d.id, e.kind, e.observed_ms, e.received_ms, e.quality, e.device_ms, e.boot, e.seq, "
    "e.species, e.count, e.distinct_, e.facts FROM event e JOIN device d ON d.no = e.device"
)


class EventRow(NamedTuple):
    """A row of EVENT_SELECT: the one place for the order of its columns."""

    id: str
    device: str
    kind: str
    observed_ms: int
    received_ms: int
    quality: str
    device_ms: int | None
    boot: int | None
    seq: int | None
    species: str | None
    animals: int | None
    distinct: int
    facts: bytes | None


# Alerts that are not over: as text, so that SQLite uses the partial indexes.
IS_OPEN = f"status <> '{AlertStatus.RESOLVED}'"
# What a trap's sensor reports of its state: as text, so that SQLite uses the index `event_trap`.
IS_TRAP_REPORT = f"kind IN ('{Kind.SPRUNG}', '{Kind.SET}')"
_FACTS = tuple(n for n in FACTS if n not in {"species", "count"})
_Rest = msgspec.defstruct("_Rest", [(name, Any, None) for name in _FACTS], omit_defaults=True)
_rest = attrgetter(*_FACTS)
encode = msgspec.json.Encoder().encode
_facts = msgspec.json.Decoder(dict[str, Any]).decode
_device = msgspec.json.Decoder(Device).decode
_person = msgspec.json.Decoder(Person).decode
_alert = msgspec.json.Decoder(Alert).decode
_sighting = msgspec.json.Decoder(Sighting).decode
_act = msgspec.json.Decoder(TrapAction).decode
_clock = msgspec.json.Decoder(DeviceClock).decode
_state = msgspec.msgpack.Decoder(DeviceState).decode
_state_json = msgspec.json.Decoder(DeviceState).decode
_encode_state = msgspec.msgpack.Encoder().encode


def event_row(event: Event, key: str | None, device_no: int) -> tuple[Any, ...]:
    """Values for EVENT_COLUMNS."""
    observed_at, device_time = event.observed_at, event.device_time
    observed_ms = ms(observed_at)
    device_ms: int | None = observed_ms  # where the device's time was taken as it is
    if device_time is not observed_at:
        device_ms = ms(device_time) if device_time else None
    return (
        event.id,
        key,
        device_no,
        event.kind,
        observed_ms,
        ms(event.received_at),
        event.time_quality,
        device_ms,
        event.boot,
        event.seq,
        event.species,
        event.count,
        int(event.distinct),
        facts_column(event),
    )


def facts_column(event: Event) -> bytes | None:
    """The facts that have no column of their own, as JSON; None when there are none."""
    facts = encode(_Rest(*_rest(event)))
    return facts if facts != b"{}" else None


def to_event(row: tuple[Any, ...]) -> Event:
    """An Event from a row of EVENT_SELECT."""
    found = EventRow._make(row)
    try:
        return Event(
            id=found.id,
            device=found.device,
            kind=Kind(found.kind),
            observed_at=from_ms(found.observed_ms),
            received_at=from_ms(found.received_ms),
            time_quality=TimeQuality(found.quality),
            device_time=from_ms(found.device_ms) if found.device_ms is not None else None,
            boot=found.boot,
            seq=found.seq,
            species=found.species,
            count=found.animals,
            distinct=bool(found.distinct),
            **(_facts(found.facts) if found.facts else {}),
        )
    except (msgspec.MsgspecError, ValueError, OverflowError, TypeError) as error:
        raise DamagedFileError(f"event {found.id}: {error}") from None


def to_device(body: bytes) -> Device:
    """A Device from its stored JSON."""
    return _read(_device, body)


def to_state(body: bytes) -> DeviceState:
    """A DeviceState from its stored MessagePack, or from the JSON of earlier versions."""
    return _read(_state_json if body[:1] == b"{" else _state, body)


def state_column(state: DeviceState) -> bytes:
    """The bytes of a state: it is written most often, and a third smaller than as JSON."""
    return _encode_state(state)


def to_json(value: msgspec.Struct) -> bytes:
    """A body column's bytes."""
    return encode(value)


def to_sighting(body: bytes) -> Sighting:
    """A Sighting from its stored JSON."""
    return _read(_sighting, body)


def to_alert(body: bytes) -> Alert:
    """An Alert from its stored JSON."""
    return _read(_alert, body)


def to_clock(body: bytes) -> DeviceClock:
    """A DeviceClock from its stored JSON."""
    return _read(_clock, body)


def to_person(body: bytes) -> Person:
    """A Person from its stored JSON."""
    return _read(_person, body)


def to_act(body: bytes) -> TrapAction:
    """A TrapAction from its stored JSON."""
    return _read(_act, body)


def readable(read: Callable[[R], T], rows: Iterable[R]) -> Iterator[T]:
    """`read` of every row; damaged rows are logged and skipped."""
    fetching = iter(rows)
    while True:
        try:
            yield read(next(fetching))
        except StopIteration:
            return
        except (
            DamagedFileError,
            UnicodeDecodeError,
        ) as error:  # the latter: a flipped bit within a text
            log.error("skipped: %s", error)  # noqa: TRY400 - the row tells, no traceback


def _read(decode: Callable[[bytes], T], body: bytes) -> T:
    try:
        return decode(body)
    except (msgspec.MsgspecError, ValueError, TypeError) as error:
        raise DamagedFileError(f"{bytes(body)[:60]!r}: {error}") from None
