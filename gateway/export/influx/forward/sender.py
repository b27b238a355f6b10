"""Reads batches of events, roll-ups and states from the store and sends them to the server.

Owns reading, encoding, delivering and settling one batch, and storing refused points. Both the service
(`forwarder`) and the command (`backfill`) use it. Must not decide when or in which order to send.
Every method that sends raises ForwardingHaltedError or RetryLaterError if the server accepts nothing.
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from functools import partial
from zoneinfo import ZoneInfo

from msgspec import Struct
from msgspec.structs import replace

from gateway.clock import Clock
from gateway.domain.epoch import HOUR_MS, local_day, month_number, ms
from gateway.export.influx.forward.delivery import (
    RefusedPoint,
    Write,
    body_of,
    deliver,
)
from gateway.export.influx.lines import Encoder, InfluxLine
from gateway.export.influx.schema import CLOSED_MS, LAYOUT
from gateway.following.errors import ForwardingHaltedError
from gateway.store import Reader, Store, Transaction
from gateway.store.followers.follower import DueHour, JournalRow, JournalSpan
from gateway.store.rollups.hours import Rollup
from gateway.store.rollups.sums import SumUnit
from gateway.store.rollups.walk import WalkCursor
from gateway.store.setting_keys import SettingKey

MAX_REFUSED = (
    10_000  # refused points in the store; with more, a person must look before anything is sent
)
HOURS_PER_TRANSACTION = 5_000  # marked as due; the intake waits for the transaction

_NEVER_MS = 1 << 60

OnWritten = Callable[[Transaction], None]
DeviceMonth = tuple[int, int]
"""(device no, month)"""


class Job(Struct, frozen=True):
    """One batch, encoded."""

    lines: Sequence[InfluxLine] = ()
    body: bytes = b""
    settle: OnWritten = lambda _: None  # remembers that it is written
    span: JournalSpan | None = None  # part of the journal that the batch covers
    devices: Collection[str] = ()
    place: WalkCursor | None = None  # behind the last old roll-up of the batch
    oldest_ms: int = 0  # time of the oldest point or before it, as far as known


NOTHING_TO_SEND = Job()
"""Nothing to send. Between two jobs it means: settle the first before the second is started."""


class Sender:
    """Sends for one store, one server and one site."""

    def __init__(
        self, store: Store, write: Write, site: str, zone: ZoneInfo, clock: Clock, batch: int
    ) -> None:
        self._store, self._write, self._clock, self._zone = store, write, clock, zone
        self._encoder = Encoder(site, zone)
        self.batch = batch

    async def prepare(self, span: JournalSpan) -> Job:
        """The first events of a journal span; the job's span is the part that it covers."""

        def read(reader: Reader) -> Job:
            job = self._events(reader.influx.rows(span, self.batch), span[0])
            return job if len(job.lines) == self.batch else replace(job, span=span)

        return await self._store.read(read)

    async def prepare_observed(self, after: int, start_ms: int, end_ms: int) -> Job:
        """The next events observed in [start, end); without lines if none is left."""

        def read(reader: Reader) -> Job:
            rows = reader.influx.rows_observed(after, start_ms, end_ms, self.batch)
            return self._events(rows, after)

        return await self._store.read(read)

    async def prepare_changed(self) -> Job:
        """Events that changed or were refused, to be sent again."""

        def read(reader: Reader) -> Job:
            due = reader.influx.due_events(self.batch)
            if not due:
                return NOTHING_TO_SEND
            lines = [line for event in due for line in self._encoder.changed_event(event)]
            oldest_ms = min(event.row[4] for event in due)
            return Job(
                lines,
                body_of(lines),
                lambda tx: tx.influx.settle_events(due),
                oldest_ms=oldest_ms,
            )

        return await self._store.read(read)

    async def prepare_hours(self) -> Job:
        """Changed roll-ups of closed hours, with their days and months."""

        def read(reader: Reader) -> Job:
            due = reader.influx.due_hours(self._closed(), max(1, self.batch // 2))
            if not due:
                return NOTHING_TO_SEND
            lines = self._hours(reader, due)
            oldest_ms = min(one.rollup.at for one in due) * HOUR_MS
            return Job(
                lines, body_of(lines), lambda tx: tx.influx.settle_hours(due), oldest_ms=oldest_ms
            )

        return await self._store.read(read)

    async def prepare_walk(self, place: WalkCursor | None = None) -> Job:
        """Old roll-ups from before forwarding began, after `place`; nothing to send: all are sent."""

        def read(reader: Reader) -> Job:
            begin = place or reader.influx.walk()
            months: set[DeviceMonth] = set()
            make = partial(self._old_rollup, months)
            step = reader.walk.step(begin, self.batch, make) if begin else None
            if step is None:
                return NOTHING_TO_SEND
            lines, after = step
            lines += self._lines("month", reader.rollups.months(months))
            return Job(lines, body_of(lines), lambda tx: tx.influx.walked(after), place=after)

        return await self._store.read(read)

    def _old_rollup(self, months: set[DeviceMonth], unit: SumUnit, one: Rollup) -> list[InfluxLine]:
        """The lines of an old roll-up; the month of a day is added to `months`."""
        if unit == "day":
            months.add((one.device_no, month_number(one.at)))
        return self._encoder.rollup(unit, one)

    async def follow(self) -> None:
        """Let the store mark changes as due from now on; older roll-ups are sent by `prepare_walk`."""
        hours = self._closed()
        begin = WalkCursor(hours, local_day(hours - 1, self._zone) + 1)
        await self._store.write(lambda tx: tx.influx.follow(begin, LAYOUT))
        while await self._store.write(lambda tx: tx.influx.mark_open(HOURS_PER_TRANSACTION)):
            pass

    async def mark_complete(self) -> None:
        """Write the mark that all past data is on the server."""
        await self._deliver([self._encoder.complete_mark(self._clock())])

    def _closed(self) -> int:
        """The first hour since 1970 that is not closed."""
        return (ms(self._clock()) - CLOSED_MS) // HOUR_MS

    async def send(self, job: Job, settle: OnWritten | None = None) -> int:
        """Deliver and settle a job; returns how many points were refused."""
        refused = await self.deliver(job)
        await self.settle(refused, settle or job.settle)
        return len(refused)

    async def deliver(self, job: Job) -> list[RefusedPoint]:
        """Write a job's lines; returns the refused points."""
        if 0 < len(job.lines) <= self.batch:
            return await deliver(self._write, job.lines, job.body)
        return await self._deliver(job.lines)

    async def settle(self, refused: list[RefusedPoint], settle: OnWritten) -> None:
        """Note that a job is written, in the transaction that stores its refused points."""
        if refused:
            held = await self._store.read(lambda r: r.influx.refused())
            if held + len(refused) > MAX_REFUSED:
                raise ForwardingHaltedError(
                    f"more than {MAX_REFUSED} points refused: {refused[0].detail}"
                )
        rows = [(one.line.key, one.line.text, one.detail) for one in refused]
        now_ms = ms(self._clock())

        def write(tx: Transaction) -> None:
            settle(tx)
            tx.influx.refuse(rows, now_ms)

        await self._store.write(write)

    async def send_reports(self) -> set[str]:
        """Send new actions and reports of people; returns the traps of the actions."""
        devices: set[str] = set()
        while acts := await self._store.read(lambda r: r.influx.acts(self.batch)):
            lines = [self._encoder.act(one.no, one.act, counts=one.counts) for one in acts]
            await self._send_reported(lines, SettingKey.INFLUX_ACTS, acts[-1].no)
            devices.update(one.act.device for one in acts)
        while told := await self._store.read(lambda r: r.influx.sightings(self.batch)):
            lines = [self._encoder.report(*one) for one in told]
            await self._send_reported(lines, SettingKey.INFLUX_SIGHTINGS, told[-1][0])
        return devices

    async def _send_reported(
        self, lines: Sequence[InfluxLine], cursor: SettingKey, last: int
    ) -> None:
        refused = await self._deliver(lines)
        await self.settle(refused, lambda tx: tx.influx.put(cursor, str(last)))

    async def send_states(self, devices: Collection[str] | None = None) -> None:
        """Send the present state of `devices` (None: all)."""

        def read(reader: Reader) -> list[InfluxLine]:
            states = reader.states()
            wanted = states.keys() if devices is None else devices
            return [self._encoder.state(states[name]) for name in wanted if name in states]

        await self._deliver(await self._store.read(read))

    async def _deliver(self, lines: Sequence[InfluxLine]) -> list[RefusedPoint]:
        """Write lines in requests of at most one batch; returns the refused points."""
        refused: list[RefusedPoint] = []
        for start in range(0, len(lines), self.batch):
            refused += await deliver(self._write, lines[start : start + self.batch])
        return refused

    def _events(self, rows: Iterable[JournalRow], after: int) -> Job:
        """Lines are made while rows are read: SQLite releases the interpreter lock at each row."""
        lines, devices, upto, oldest_ms = [], set(), after, _NEVER_MS
        for row in rows:
            lines.append(self._encoder.event(row))
            devices.add(row[2])
            upto, oldest_ms = row[0], min(oldest_ms, row[4])
        return Job(lines, body_of(lines), span=(after, upto), devices=devices, oldest_ms=oldest_ms)

    def _hours(self, reader: Reader, due: Sequence[DueHour]) -> list[InfluxLine]:
        """The lines of hours, and of the days and months that contain them."""
        hours = [one.rollup for one in due]
        days = {(hour.device_no, local_day(hour.at, self._zone)) for hour in hours}
        months = {(no, month_number(day)) for no, day in days}
        return [
            *self._lines("hour", hours),
            *self._lines("day", reader.rollups.days(days)),
            *self._lines("month", reader.rollups.months(months)),
        ]

    def _lines(self, unit: SumUnit, rollups: Iterable[Rollup]) -> list[InfluxLine]:
        return [line for one in rollups for line in self._encoder.rollup(unit, one)]
