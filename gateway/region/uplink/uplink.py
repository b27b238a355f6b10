"""Sends a town's record to its region while the gateway runs.

    springs, alerts, answers ──────────────────────┐ first, also between two blocks of a backlog
    journal ─▶ the next events in their order ─────┼─▶ block ─▶ POST /uplink ─200─▶ settled
    changed events, registry, actions, closed hours┤
    roll-ups from before ──────────────────────────┘

Owns order, versions and retries. Needs no queue: what is not yet sent is in the store, so an outage of any
length needs no memory. Must not use the network (`connection`) nor judge an answer (`replies`).
"""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable
from zoneinfo import ZoneInfo

from msgspec import Struct

from gateway.clock import Clock
from gateway.config.region import RegionSettings
from gateway.domain.epoch import ms
from gateway.following import retry
from gateway.following.alarm import Alarm
from gateway.following.errors import ForwardingHaltedError, RetryLaterError
from gateway.region.protocol import SESSION, Answer, Block, uplink_path
from gateway.region.records import TownRecord
from gateway.region.uplink.asking import ask_known
from gateway.region.uplink.blocks import Blocks, Given, Job
from gateway.region.uplink.connection import Connection, RegionReply
from gateway.region.uplink.delivery import LostRegionError, SupersededError, deliver
from gateway.region.uplink.metrics import UplinkMeters
from gateway.region.uplink.new_life import NewLife
from gateway.region.uplink.requests import Requests
from gateway.store import DiskError, Store

log = logging.getLogger(__name__)

LAYOUT = 1  # of what is sent; another number sends everything again
MARKED_AT_ONCE = 5_000  # rows noted as due in one transaction; the intake waits for it
URGENT_BLOCKS = 4  # at a time: springs that never end must not hold up the backlog
URGENT_EVERY_S = 1.0  # between two looks for what is urgent, amid a backlog
QUIET_ROUNDS = 60  # so many pauses without a block, and the region is asked what it knows


class TownNames(Struct, frozen=True):
    """What the region is told of the town itself."""

    site: str
    title: str
    zone: ZoneInfo
    program: str
    retention_days: int


class Uplink:
    """Sends one store to one region."""

    def __init__(
        self,
        store: Store,
        settings: RegionSettings,
        names: TownNames,
        requests: Requests,
        meters: UplinkMeters,
        clock: Clock,
    ) -> None:
        self._store, self._settings, self._names = store, settings, names
        self._requests, self._meters, self._clock = requests, meters, clock
        self._blocks = Blocks(store, names.zone, clock, settings.batch)
        self._new_life = NewLife(store, settings.town, names.zone, clock)
        self.alarm = Alarm(clock, "the region")
        self.failures = 0  # in a row
        self.rounds = 0  # completed since the start
        self._journal = ""  # "": the region was not asked yet
        self._upto = 0
        self._version = 0  # of the last block
        self._taken = 0  # of the last block that the region took
        self._urgent_no = 0  # springs up to this number were sent ahead
        self._urgent_at = 0.0
        self._heard_at = 0.0  # when the region answered last, by the loop's clock
        self._told: Given | None = None  # the agreements that the region has
        self._superseded = False

    async def run(self) -> None:
        """Send until cancelled."""
        with Connection(self._settings) as connection:
            while True:
                pause_s = await self.round(connection)
                await asyncio.sleep(pause_s)

    async def round(self, connection: Connection) -> float:
        """Send all that is due; returns the seconds to wait before the next round."""
        try:
            if not self._journal:
                await self._greet(connection)
            await self._send(connection)
            await self._ask_when_quiet(connection)
        except LostRegionError as error:
            self._journal = ""
            return self._wait(error)
        except ForwardingHaltedError as error:
            self._superseded = isinstance(error, SupersededError)
            self.alarm.held(str(error))
            self._meters.failed(held=True)
            return retry.halted_s(random.random())  # noqa: S311 - jitter
        except RetryLaterError as error:
            return self._wait(error)
        except DiskError as error:  # the fault `disk` tells it; what was sent is sent again
            log.warning("the disk takes nothing, the region waits: %s", error)
            return retry.wait_s(1, None, random.random())  # noqa: S311 - jitter
        self.failures = 0
        self.rounds += 1
        self.alarm.well()
        self._meters.succeeded()
        return self._settings.interval_s

    def _wait(self, error: RetryLaterError) -> float:
        self.alarm.waits(str(error))
        self._meters.failed(held=False)
        self.failures += 1
        return retry.wait_s(self.failures, error.retry_after_s, random.random())  # noqa: S311 - jitter

    async def _greet(self, connection: Connection) -> None:
        """Ask what the region knows of this journal, and begin behind it under a new session."""
        journal = await self._follow()
        answer = await self._ask(connection, journal)
        known = await self._store.read(lambda r: (r.region.head(), r.region.upto()))
        version, session = await self._store.read(
            lambda r: (r.region.version(), r.region.session())
        )
        head, upto = known
        if answer.upto > head or answer.version // SESSION > session:
            await self._store.write(lambda tx: tx.region.renew_journal())
            journal = await self._follow()
            again = await self._ask(connection, journal)
            answer = Answer(upto=again.upto, version=max(answer.version, again.version))
        elif answer.upto < upto or answer.version < version:
            await self._store.write(lambda tx: tx.region.unfollow())
            journal = await self._follow()
        done, known_session = [(0, answer.upto)], answer.version // SESSION
        opened = await self._store.write(lambda tx: tx.region.open_session(known_session, done))
        self._version, self._taken = opened * SESSION, answer.version
        self._journal, self._upto, self._urgent_no, self._told = journal, answer.upto, 0, None

    async def _follow(self) -> str:
        """Let the store note changes from now on, and what was there before as due."""
        begin, today = self._blocks.begin(), self._blocks.today()
        journal = await self._store.write(lambda tx: tx.region.begin(begin, LAYOUT, today))
        for mark in ("mark_open", "mark_records"):
            while await self._store.write(lambda tx, m=mark: getattr(tx.region, m)(MARKED_AT_ONCE)):  # type: ignore[misc]
                pass
        return journal

    async def _ask(self, connection: Connection, journal: str) -> Answer:
        """What the region knows of a journal."""
        if self._superseded:
            raise SupersededError(
                "another gateway sends as this town; restart this one to take over"
            )
        return await ask_known(connection, self._settings.town, journal)

    async def _ask_when_quiet(self, connection: Connection) -> None:
        """With nothing to send a town is heard too, and finds out that its region was rebuilt."""
        quiet_s = asyncio.get_running_loop().time() - self._heard_at
        if quiet_s < QUIET_ROUNDS * self._settings.interval_s:
            return
        answer = await self._ask(connection, self._journal)
        if answer.upto < self._upto or answer.version < self._taken:
            raise LostRegionError(f"the region knows {answer.upto} of {self._upto} events")
        await self._requests.take(answer.requests)

    async def _send(self, connection: Connection) -> None:
        """Send until nothing is due; what is urgent goes between any two blocks."""
        self._urgent_at = 0.0
        parts: tuple[Callable[[], Awaitable[Job | None]], ...] = (
            self._next_events,
            self._blocks.changed,
            self._blocks.old,
        )
        more = True
        while more:
            more = False
            for part in parts:
                more = await self._send_urgent(connection) or more
                if (job := await part()) is not None:
                    await self._carry(connection, job)
                    more = True
            more = more or await self._new_life.compare(connection, self._journal)
        await self._measure()

    async def _next_events(self) -> Job | None:
        head = await self._store.read(lambda r: r.region.head())
        return (
            await self._blocks.journal((self._upto, head), self._journal)
            if head > self._upto
            else None
        )

    async def _send_urgent(self, connection: Connection) -> bool:
        """Agreements and the town where they changed; springs, alerts, answers. True: there may be more."""
        now_s = asyncio.get_running_loop().time()
        if now_s - self._urgent_at < URGENT_EVERY_S:
            return False
        given = await self._blocks.given()
        if given != self._told:
            for part in self._blocks.town(self._town(given), given):
                await self._carry(connection, part)
            self._told = given
        for _ in range(URGENT_BLOCKS):
            head = await self._store.read(lambda r: r.region.head())
            behind = (
                head - self._upto > self._settings.batch
            )  # else the journal brings them at once
            job = await self._blocks.urgent(max(self._upto, self._urgent_no) if behind else head)
            if job is None:
                break
            await self._carry(connection, job)
            self._urgent_no = max(self._urgent_no, head)
        else:
            return True
        self._urgent_no = max(self._urgent_no, head)
        self._urgent_at = asyncio.get_running_loop().time()
        return False

    def _town(self, given: Given) -> TownRecord:
        names = self._names
        level = given.level.value if given.level else ""
        return TownRecord(
            names.site, names.title, str(names.zone), names.program, level, names.retention_days
        )

    async def _carry(self, connection: Connection, job: Job) -> None:
        """Deliver a job, settle it, and take what the region asks for."""
        self._version += 1
        version = self._version
        block = Block(
            journal=self._journal,
            version=version,
            lane=job.lane,
            sent_ms=ms(self._clock()),
            after=job.span[0],
            up_to=job.span[1],
            **job.records,
        )

        async def post(body: bytes) -> RegionReply:
            return await connection.post(uplink_path(self._settings.town), body)

        answer, refused = await deliver(post, block)
        if answer.upto < max(self._upto, job.span[1]):
            raise LostRegionError(f"the region knows {answer.upto} of {self._upto} events")
        self._heard_at, self._taken = asyncio.get_running_loop().time(), version
        journal = self._journal
        await self._store.write(lambda tx: tx.region.settle(job.settle, version, journal))
        self._upto = max(self._upto, job.span[1])
        self._meters.taken(job.lane, block.rows, refused)
        await self._requests.take(answer.requests)

    async def _measure(self) -> None:
        head, due = await self._store.read(
            lambda r: (
                r.region.head(),
                r.region.waiting(self._blocks.closed()) + r.region.records_waiting(),
            )
        )
        self._meters.lag(head - self._upto, due)
