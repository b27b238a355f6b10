"""From the store to the server: batches of events, roll-ups and states, and what was refused of them.

Owns reading, encoding, delivering and remembering one batch; the service (`forwarder`) and the command
(`backfill`) both send through here. Must not decide when or in which order. Raises Held or Later.
"""

from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from msgspec import Struct

from gateway.clock import Clock
from gateway.influx.delivery import Held, Refusal, Write, deliver
from gateway.influx.lines import Encoder, Line
from gateway.influx.schema import day_of
from gateway.influx.server import pack
from gateway.state import ms
from gateway.store import Reader, Store, Transaction
from gateway.store.follower import ACTS, DueHour, Row, Span

REFUSED_MOST = (
    10_000  # refused points that are kept; beyond, a person must look before more is sent
)
CLOSED_MS = 5 * 60_000  # an hour counts as closed so long after its end
HOUR_MS = 3_600_000


class Batch(Struct, frozen=True):
    """Events ready to send."""

    span: Span  # of the journal; what the batch covers once it is written
    lines: Sequence[Line]
    body: bytes
    devices: Collection[str]


class Sender:
    """One store, one server, one site."""

    def __init__(
        self, store: Store, write: Write, site: str, zone: ZoneInfo, clock: Clock, batch: int
    ) -> None:
        self._store, self._write, self._clock, self._zone = store, write, clock, zone
        self._encoder = Encoder(site, zone)
        self.batch = batch

    async def prepare(self, span: Span) -> Batch:
        """The first events of a journal span, encoded and packed on a reader's thread."""

        def read(reader: Reader) -> Batch:
            rows = reader.follower.rows(span, self.batch)
            upto = rows[-1][0] if len(rows) == self.batch else span[1]
            return self._batch((span[0], upto), rows)

        return await self._store.read(read)

    async def prepare_observed(self, after: int, start_ms: int, end_ms: int) -> Batch:
        """The next events observed in [start, end); its span ends where it began when none is left."""

        def read(reader: Reader) -> Batch:
            rows = reader.follower.rows_observed(after, start_ms, end_ms, self.batch)
            return self._batch((after, rows[-1][0] if rows else after), rows)

        return await self._store.read(read)

    async def send(self, batch: Batch, settle: Callable[[Transaction], None]) -> int:
        """Deliver, then `settle` in the transaction that keeps the refused; gives how many those are."""
        refused = await deliver(self._write, batch.lines, batch.body)
        await self._keep(refused, settle)
        return len(refused)

    async def send_due_events(self, limit: int) -> int:
        """Events that changed or were refused, once more; gives how many."""
        due = await self._store.read(lambda r: r.follower.due_events(limit))
        lines = [line for event in due for line in self._encoder.again(event)]
        refused = await deliver(self._write, lines)
        if due:
            await self._keep(refused, lambda tx: tx.follower.settle_events(due))
        return len(due)

    async def send_due_hours(self, limit: int) -> int:
        """Roll-ups of closed hours that changed, with those of their days; gives how many hours."""
        due, lines = await self._store.read(lambda r: self._due_hours(r, limit))
        refused = await deliver(self._write, lines)
        if due:
            await self._keep(refused, lambda tx: tx.follower.settle_hours(due))
        return len(due)

    async def send_acts(self) -> set[str]:
        """The next of what people did; gives the traps they did it at, none when all is sent."""
        acts = await self._store.read(lambda r: r.follower.acts(self.batch))
        if not acts:
            return set()
        refused = await deliver(self._write, [self._encoder.act(no, act) for no, act in acts])
        last = str(acts[-1][0])
        await self._keep(refused, lambda tx: tx.follower.put(ACTS, last))
        return {act.device for _, act in acts}

    async def send_states(self, devices: Collection[str] | None = None) -> None:
        """What is known now of `devices` (None: all)."""

        def read(reader: Reader) -> list[Line]:
            states = reader.states()
            wanted = states.keys() if devices is None else devices
            return [self._encoder.state(states[name]) for name in wanted if name in states]

        lines = await self._store.read(read)
        for start in range(0, len(lines), self.batch):
            await deliver(self._write, lines[start : start + self.batch])

    def _batch(self, span: Span, rows: Sequence[Row]) -> Batch:
        lines = [self._encoder.event(row) for row in rows]
        body = pack([line.text for line in lines])
        return Batch(span, lines, body, {row[2] for row in rows})

    def _due_hours(self, reader: Reader, limit: int) -> tuple[list[DueHour], list[Line]]:
        closed = (ms(self._clock()) - CLOSED_MS) // HOUR_MS
        due = reader.follower.due_hours(closed, limit)
        days = {(hour.device_no, day_of(hour.hour, self._zone)) for hour in due}
        lines = [line for hour in due for line in self._encoder.hour(hour)]
        lines += [line for day in reader.rollups.days(days) for line in self._encoder.day(day)]
        return due, lines

    async def _keep(self, refused: list[Refusal], settle: Callable[[Transaction], None]) -> None:
        now: datetime = self._clock()
        if refused:
            held = await self._store.read(lambda r: r.follower.refused())
            if held + len(refused) > REFUSED_MOST:
                raise Held(f"more than {REFUSED_MOST} points refused: {refused[0].detail}")
        rows = [(one.line.key, one.line.text, one.detail) for one in refused]

        def write(tx: Transaction) -> None:
            settle(tx)
            tx.follower.refuse(rows, ms(now))

        await self._store.write(write)
