"""From the store to the server: batches of events, roll-ups and states, and what was refused of them.

Owns reading, encoding, delivering and remembering one batch; the service (`forwarder`) and the command
(`backfill`) both send through here. Must not decide when or in which order. Raises Held or Later.
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from functools import partial
from zoneinfo import ZoneInfo

from msgspec import Struct
from msgspec.structs import replace

from gateway.clock import Clock
from gateway.domain.epoch import HOUR_MS, local_day, month_number, ms
from gateway.export.influx.forward.delivery import (
    ForwardingHaltedError,
    RefusedPoint,
    Write,
    body_of,
    deliver,
)
from gateway.export.influx.lines import Encoder, InfluxLine
from gateway.export.influx.schema import CLOSED_MS, LAYOUT
from gateway.store import Reader, Store, Transaction
from gateway.store.rollups.hours import Rollup
from gateway.store.rollups.sums import SumUnit
from gateway.store.rollups.walk import WalkCursor
from gateway.store.setting_keys import SettingKey
from gateway.store.tables.replication import DueHour, JournalRow, JournalSpan

REFUSED_MOST = (
    10_000  # refused points that are kept; beyond, a person must look before more is sent
)
MARKED_AT_ONCE = 5_000  # hours noted in one transaction: intake waits for it

_NEVER_MS = 1 << 60

Settle = Callable[[Transaction], None]
Key = tuple[int, int]
"""(device no, month)"""


class Job(Struct, frozen=True):
    """One batch, encoded."""

    lines: Sequence[InfluxLine] = ()
    body: bytes = b""
    settle: Settle = lambda _: None  # remembers that it is written
    span: JournalSpan | None = None  # of the journal, that the batch covers
    devices: Collection[str] = ()
    place: WalkCursor | None = None  # of the walk, behind the last roll-up
    oldest_ms: int = 0  # not after the time of the oldest point, as far as that is known


PAUSE = Job()
"""Nothing to send nor to remember; between two jobs: the first is settled before the next is begun."""


class Sender:
    """One store, one server, one site."""

    def __init__(
        self, store: Store, write: Write, site: str, zone: ZoneInfo, clock: Clock, batch: int
    ) -> None:
        self._store, self._write, self._clock, self._zone = store, write, clock, zone
        self._encoder = Encoder(site, zone)
        self.batch = batch

    async def prepare(self, span: JournalSpan) -> Job:
        """The first events of a journal span; the job's span is what it covers."""

        def read(reader: Reader) -> Job:
            job = self._events(reader.follower.rows(span, self.batch), span[0])
            return job if len(job.lines) == self.batch else replace(job, span=span)

        return await self._store.read(read)

    async def prepare_observed(self, after: int, start_ms: int, end_ms: int) -> Job:
        """The next events observed in [start, end); its span ends where it began when none is left."""

        def read(reader: Reader) -> Job:
            rows = reader.follower.rows_observed(after, start_ms, end_ms, self.batch)
            return self._events(rows, after)

        return await self._store.read(read)

    async def prepare_changed(self) -> Job:
        """Events that changed or were refused, once more."""

        def read(reader: Reader) -> Job:
            due = reader.follower.due_events(self.batch)
            if not due:
                return PAUSE
            lines = [line for event in due for line in self._encoder.again(event)]
            oldest_ms = min(event.row[4] for event in due)
            return Job(
                lines,
                body_of(lines),
                lambda tx: tx.follower.settle_events(due),
                oldest_ms=oldest_ms,
            )

        return await self._store.read(read)

    async def prepare_hours(self) -> Job:
        """Roll-ups of closed hours that changed, with their days and months."""

        def read(reader: Reader) -> Job:
            due = reader.follower.due_hours(self._closed(), max(1, self.batch // 2))
            if not due:
                return PAUSE
            lines = self._hours(reader, due)
            oldest_ms = min(one.rollup.at for one in due) * HOUR_MS
            return Job(
                lines, body_of(lines), lambda tx: tx.follower.settle_hours(due), oldest_ms=oldest_ms
            )

        return await self._store.read(read)

    async def prepare_walk(self, place: WalkCursor | None = None) -> Job:
        """Roll-ups from before anybody followed, after the job's `place`; a pause: no more."""

        def read(reader: Reader) -> Job:
            begin = place or reader.walk.place()
            months: set[Key] = set()
            make = partial(self._walked, months)
            step = reader.walk.step(begin, self.batch, make) if begin else None
            if step is None:
                return PAUSE
            lines, after = step
            lines += self._lines("month", reader.rollups.months(months))
            return Job(lines, body_of(lines), lambda tx: tx.follower.walked(after), place=after)

        return await self._store.read(read)

    def _walked(self, months: set[Key], unit: SumUnit, one: Rollup) -> list[InfluxLine]:
        """The lines of an old roll-up; a day's month is noted."""
        if unit == "day":
            months.add((one.device_no, month_number(one.at)))
        return self._encoder.rollup(unit, one)

    async def follow(self) -> None:
        """From now on the store notes what changes; roll-ups of hours closed by now are walked."""
        hours = self._closed()
        begin = WalkCursor(hours, local_day(hours - 1, self._zone) + 1)
        await self._store.write(lambda tx: tx.follower.follow(begin, LAYOUT))
        while await self._store.write(lambda tx: tx.follower.mark_open(MARKED_AT_ONCE)):
            pass

    async def send_whole(self) -> None:
        """Say that all of the past is there."""
        await self._deliver([self._encoder.whole(self._clock())])

    def _closed(self) -> int:
        """Hours since 1970 before this one are closed."""
        return (ms(self._clock()) - CLOSED_MS) // HOUR_MS

    async def send(self, job: Job, settle: Settle | None = None) -> int:
        """Deliver and settle; gives how many points were refused."""
        refused = await self.deliver(job)
        await self.settle(refused, settle or job.settle)
        return len(refused)

    async def deliver(self, job: Job) -> list[RefusedPoint]:
        """Write a job's lines; gives the refused."""
        if 0 < len(job.lines) <= self.batch:
            return await deliver(self._write, job.lines, job.body)
        return await self._deliver(job.lines)

    async def settle(self, refused: list[RefusedPoint], settle: Settle) -> None:
        """Remember that a job is written, in the transaction that keeps what was refused of it."""
        if refused:
            held = await self._store.read(lambda r: r.follower.refused())
            if held + len(refused) > REFUSED_MOST:
                raise ForwardingHaltedError(
                    f"more than {REFUSED_MOST} points refused: {refused[0].detail}"
                )
        rows = [(one.line.key, one.line.text, one.detail) for one in refused]
        now_ms = ms(self._clock())

        def write(tx: Transaction) -> None:
            settle(tx)
            tx.follower.refuse(rows, now_ms)

        await self._store.write(write)

    async def send_told(self) -> set[str]:
        """All that people did and reported since; gives the traps where they did it."""
        devices: set[str] = set()
        while acts := await self._store.read(lambda r: r.follower.acts(self.batch)):
            await self._send_told(
                [self._encoder.act(*one) for one in acts], SettingKey.INFLUX_ACTS, acts[-1][0]
            )
            devices.update(act.device for _, act in acts)
        while told := await self._store.read(lambda r: r.follower.sightings(self.batch)):
            lines = [self._encoder.report(*one) for one in told]
            await self._send_told(lines, SettingKey.INFLUX_SIGHTINGS, told[-1][0])
        return devices

    async def _send_told(self, lines: Sequence[InfluxLine], cursor: str, last: int) -> None:
        refused = await self._deliver(lines)
        await self.settle(refused, lambda tx: tx.follower.put(cursor, str(last)))

    async def send_states(self, devices: Collection[str] | None = None) -> None:
        """What is known now of `devices` (None: all)."""

        def read(reader: Reader) -> list[InfluxLine]:
            states = reader.states()
            wanted = states.keys() if devices is None else devices
            return [self._encoder.state(states[name]) for name in wanted if name in states]

        await self._deliver(await self._store.read(read))

    async def _deliver(self, lines: Sequence[InfluxLine]) -> list[RefusedPoint]:
        """Lines in requests of at most one batch each; gives the refused."""
        refused: list[RefusedPoint] = []
        for start in range(0, len(lines), self.batch):
            refused += await deliver(self._write, lines[start : start + self.batch])
        return refused

    def _events(self, rows: Iterable[JournalRow], after: int) -> Job:
        """Lines are made while rows are read: each step of SQLite lets other threads run."""
        lines, devices, upto, oldest_ms = [], set(), after, _NEVER_MS
        for row in rows:
            lines.append(self._encoder.event(row))
            devices.add(row[2])
            upto, oldest_ms = row[0], min(oldest_ms, row[4])
        return Job(lines, body_of(lines), span=(after, upto), devices=devices, oldest_ms=oldest_ms)

    def _hours(self, reader: Reader, due: Sequence[DueHour]) -> list[InfluxLine]:
        """Whatever sends an hour sends its day and month too."""
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
