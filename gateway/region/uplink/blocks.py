"""Reads what is due from the store, as blocks, each with what is remembered once the region has it.

Owns which rows go into one block. Must not send, nor decide when. Everything is read and made on a reader's
thread. The level is the one at the moment of reading: nothing finer is ever put into a block.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from msgspec import Struct

from gateway.clock import Clock
from gateway.domain.epoch import HOUR_MS, local_day, ms
from gateway.region.protocol import Lane
from gateway.region.records import RequestAnswer, TownRecord
from gateway.region.sharing import Agreement, ShareLevel, leaving
from gateway.region.uplink import outgoing
from gateway.region.uplink.delivery import LostRegionError
from gateway.store import Reader, Store
from gateway.store.followers.follower import DueEvent, DueHour, DueRecord, JournalSpan, RecordKind
from gateway.store.followers.region import RegionTable
from gateway.store.rollups.sums import SumUnit
from gateway.store.rollups.walk import WalkCursor
from gateway.store.setting_keys import SettingKey

CLOSED_MS = 5 * 60_000  # an hour is closed this long after its end
ANSWERS = 20  # to requests, in one block
OnTaken = Callable[[RegionTable], None]


class Job(Struct, frozen=True):
    """What goes into one block, and what to remember once the region has it."""

    lane: Lane
    records: dict[str, Any]  # fields of protocol.Block
    settle: OnTaken = lambda _: None
    span: JournalSpan = (0, 0)

    @property
    def rows(self) -> int:
        """How many records."""
        return sum(len(rows) for rows in self.records.values() if isinstance(rows, tuple))


class Given(Struct, frozen=True):
    """What the town gives at a moment."""

    level: ShareLevel | None
    agreements: tuple[Agreement, ...]


class Blocks:
    """Reads from one store. `size`: records in one block at most."""

    def __init__(self, store: Store, zone: ZoneInfo, clock: Clock, size: int) -> None:
        self._store, self._zone, self._clock, self._size = store, zone, clock, size

    def closed(self) -> int:
        """The first hour since 1970 that is not closed."""
        return (ms(self._clock()) - CLOSED_MS) // HOUR_MS

    def today(self) -> int:
        """The local day."""
        return local_day(ms(self._clock()) // HOUR_MS, self._zone)

    def begin(self) -> WalkCursor:
        """Where a walk over old roll-ups begins."""
        hours = self.closed()
        return WalkCursor(hours, local_day(hours - 1, self._zone) + 1)

    async def given(self) -> Given:
        """The agreements and the level now."""
        return await self._store.read(lambda reader: given(reader, self._clock(), self._zone))

    async def journal(self, span: JournalSpan, journal: str) -> Job:
        """The first events of a span; the job's span is the part that it covers.

        Raises LostRegionError if the database was salvaged meanwhile: then it has another name.
        """

        def read(reader: Reader) -> Job:
            if reader.region.get(SettingKey.JOURNAL) != journal:
                raise LostRegionError("the database was salvaged: its journal has another name")
            rows = list(reader.region.rows(span, self._size))
            upto = int(rows[-1][0]) if len(rows) == self._size else span[1]
            events = tuple(outgoing.event_record(row) for row in rows)
            done = [(0, upto)]
            return Job(
                Lane.JOURNAL,
                {"events": events},
                lambda table: table.put_done(done),
                (span[0], upto),
            )

        return await self._store.read(read)

    async def urgent(self, after: int) -> Job | None:
        """Lives of alerts that changed, answers to requests, and springs after a journal number.

        The newest first; of springs only those that fit: the journal brings the others.
        """

        def read(reader: Reader) -> Job | None:
            alerts = reader.region.due_records(RecordKind.ALERT, max(1, self._size // 2))
            answers = reader.region.requests_to_answer(ANSWERS)
            room = max(1, self._size - len(alerts) - len(answers))
            springs = reader.region.springs(after, room)
            if not alerts and not answers and not springs:
                return None
            now = given(reader, self._clock(), self._zone)
            records = {
                "alerts": _alerts(reader, alerts, now.level),
                "answers": tuple(
                    RequestAnswer(one.id, one.outcome, one.reason, one.at_ms) for one in answers
                ),
                "events": tuple(outgoing.event_record(row) for row in springs),
            }
            ids = [one.id for one in answers]
            return Job(Lane.URGENT, records, partial(_settle_urgent, alerts, ids))

        return await self._store.read(read)

    async def changed(self) -> Job | None:
        """Changed events, devices, actions, and roll-ups of closed hours with their days."""

        def read(reader: Reader) -> Job | None:
            part = max(1, self._size // 4)
            events = reader.region.due_events(part)
            devices = reader.region.due_records(RecordKind.DEVICE, part)
            actions = reader.region.due_records(RecordKind.ACTION, part)
            room = self._size - len(events) - len(devices) - len(actions)
            hours = reader.region.due_hours(self.closed(), max(1, room // 2))
            if not (events or devices or actions or hours):
                return None
            level = given(reader, self._clock(), self._zone).level
            records = {
                "events": tuple(
                    {one.row[0]: outgoing.event_record(one.row) for one in events}.values()
                ),
                "devices": tuple(
                    outgoing.device_record(device, level)
                    for device in reader.region.devices(devices)
                ),
                "actions": tuple(
                    outgoing.action_record(*one) for one in reader.region.actions(actions)
                ),
                "hours": tuple(outgoing.period_record(one.rollup) for one in hours),
                "days": self._days(reader, hours),
            }
            return Job(Lane.STATE, records, partial(_settle, events, [*devices, *actions], hours))

        return await self._store.read(read)

    async def old(self) -> Job | None:
        """Roll-ups from before the region followed; None: all are sent."""

        def read(reader: Reader) -> Job | None:
            place = reader.region.walk()
            step = reader.walk.step(place, self._size, _with_unit) if place else None
            if step is None:
                return None
            made, after = step
            records: dict[str, Any] = {
                f"{unit}s": tuple(record for of, record in made if of == unit)
                for unit in ("hour", "day")
            }
            return Job(Lane.STATE, records, lambda table: table.walked(after))

        return await self._store.read(read)

    def town(self, record: TownRecord, now: Given) -> list[Job]:
        """The town itself and all its agreements, in as many blocks as these take."""
        told = [outgoing.agreement_record(one, self._zone) for one in now.agreements]
        first, rest = told[: self._size - 1], told[self._size - 1 :]
        level = now.level.value if now.level else ""
        jobs = [
            Job(
                Lane.URGENT,
                {"agreements": tuple(first), "town": record},
                partial(_settle_level, level),
            )
        ]
        for start in range(0, len(rest), self._size):
            some = tuple(rest[start : start + self._size])
            jobs.append(Job(Lane.URGENT, {"agreements": some}))
        return jobs

    def _days(self, reader: Reader, hours: Sequence[DueHour]) -> tuple[Any, ...]:
        wanted = {(one.rollup.device_no, local_day(one.rollup.at, self._zone)) for one in hours}
        return tuple(outgoing.period_record(one) for one in reader.rollups.days(wanted))


def given(reader: Reader, now: datetime, zone: ZoneInfo) -> Given:
    """What the town gives at a moment."""
    agreements = reader.agreements.all()
    return Given(leaving(agreements, now, zone), tuple(agreements))


def _alerts(reader: Reader, due: Sequence[DueRecord], level: ShareLevel | None) -> tuple[Any, ...]:
    ids = reader.region.device_ids() if due else frozenset()
    return tuple(outgoing.alert_record(one, ids, level) for one in reader.region.alerts(due))


def _with_unit(unit: SumUnit, one: Any) -> list[tuple[SumUnit, Any]]:
    return [(unit, outgoing.period_record(one))]


def _settle_urgent(alerts: Iterable[DueRecord], ids: Iterable[str], table: RegionTable) -> None:
    table.settle_records(alerts)
    table.answered(ids)


def _settle(
    events: Iterable[DueEvent],
    records: Iterable[DueRecord],
    hours: Iterable[DueHour],
    table: RegionTable,
) -> None:
    table.settle_events(events)
    table.settle_records(records)
    table.settle_hours(hours)


def _settle_level(level: str, table: RegionTable) -> None:
    """Where another level was told, devices and alerts are to be sent again at it."""
    table.set_level(level)
