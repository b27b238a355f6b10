"""Sends the sums that changed to the hub one level up, again until it has them.

Owns the rounds and what was confirmed (`square_sent`). One hub process at a time sends; an outage of any
length needs no memory, because each round compares what is with what was confirmed. Blocks are numbered like
the events of a town's journal: the hub above tells the last number that it has (`upto`), so that one that was
put back to an earlier state gets again what it has lost, also when that happens between two blocks.
"""

import asyncio
import logging
import ssl
from collections.abc import Iterator, Sequence
from itertools import islice

import aiohttp
from msgspec import Struct

from gateway.clock import Clock, utc_now
from gateway.domain.epoch import ms
from gateway.domain.errors import UnreachableError
from gateway.region.hub.database import Connection, DatabaseAwayError, Pool, acquired, one_row
from gateway.region.hub.settings import ParentSettings
from gateway.region.protocol import (
    BLOCK_TYPE,
    MOST_ROWS,
    SESSION,
    Answer,
    BadBlockError,
    Block,
    Lane,
    decode_answer,
    encode_block,
    uplink_path,
)
from gateway.region.records import SquareRecord
from gateway.region.upward.told_sums import Key, differences, record_of

log = logging.getLogger(__name__)

ROUND_S = 60.0
ANSWER_S = 60.0
DAYS_AT_ONCE = 31
_ALONE = "SELECT pg_try_advisory_lock(18003)"
_LET_GO = "SELECT pg_advisory_unlock(18003)"
_JOURNAL = "SELECT value FROM region.setting WHERE key = 'hub.journal'"
_SENT = "SELECT day, code, record FROM region.square_sent WHERE day >= $1 AND day < $2"
_CONFIRMED = """
INSERT INTO region.square_sent (day, code, record, no) VALUES ($1, $2, $3, $4)
ON CONFLICT (day, code) DO UPDATE SET record = excluded.record, no = excluded.no
"""
_LAST = "SELECT coalesce(max(no), 0) FROM region.square_sent"
# Their keys stay: a sum that is no more is sent as zero.
_AGAIN = "UPDATE region.square_sent SET record = '' WHERE no > $1 AND record <> ''"
EVERYTHING = -1
Change = tuple[Key, tuple[SquareRecord, bytes]]


class ParentAwayError(UnreachableError):
    """The hub one level up does not answer, or takes nothing now."""


class UpwardRound(Struct):
    """One round: whom it sends as, the number of the last block, and how much was confirmed."""

    journal: str
    session: int
    upto: int
    blocks: int = 0
    squares: int = 0


def connect(parent: ParentSettings) -> aiohttp.ClientSession:
    """Outbound HTTPS with this hub's certificate."""
    context = ssl.create_default_context(cafile=parent.ca or None)
    if parent.certificate:
        context.load_cert_chain(parent.certificate, parent.key)
    timeout = aiohttp.ClientTimeout(total=ANSWER_S)
    connector = aiohttp.TCPConnector(ssl=context)
    return aiohttp.ClientSession(connector=connector, timeout=timeout, trust_env=False)


class Upward:
    """Sends one hub's sums."""

    def __init__(
        self,
        pool: Pool,
        parent: ParentSettings,
        http: aiohttp.ClientSession,
        clock: Clock = utc_now,
    ) -> None:
        self._pool, self._parent, self._http, self._clock = pool, parent, http, clock

    async def keep_sending(self) -> None:
        """A round a minute until cancelled."""
        while True:
            try:
                await self.send_changes()
            except (ParentAwayError, DatabaseAwayError) as error:
                log.warning("sums wait for the hub one level up: %s", error)
            await asyncio.sleep(ROUND_S)

    async def send_changes(self) -> int:
        """Send what changed; how many sums. Raises ParentAwayError or DatabaseAwayError."""
        async with acquired(self._pool) as connection:
            if not await connection.fetchval(_ALONE):
                return 0  # another process of this hub sends
            try:
                return await self._round(connection)
            finally:
                await connection.execute(_LET_GO)

    async def _round(self, connection: Connection) -> int:
        journal = await connection.fetchval(_JOURNAL)
        known = await self._exchange("GET", params={"journal": journal})
        await _mark_lost(connection, known.upto)
        now = UpwardRound(journal, known.version // SESSION + 1, known.upto)
        first, last = await one_row(connection, "SELECT first, last FROM region.told_days()")
        for low in range(first or 0, (last or -1) + 1, DAYS_AT_ONCE):
            await self._send_days(connection, now, low, low + DAYS_AT_ONCE)
        return now.squares

    async def _send_days(
        self, connection: Connection, now: UpwardRound, low: int, high: int
    ) -> None:
        told = await connection.fetch("SELECT * FROM region.told_squares($1, $2)", low, high)
        sent = {(row[0], row[1]): row[2] for row in await connection.fetch(_SENT, low, high)}
        changes = differences(map(record_of, told), sent)
        for some in _parts(list(changes.items())):
            await self._send(now, [record for _, (record, _) in some])
            rows = [(*key, body, now.upto) for key, (_, body) in some]
            await connection.executemany(_CONFIRMED, rows)

    async def _send(self, now: UpwardRound, squares: Sequence[SquareRecord]) -> None:
        now.blocks += 1
        block = Block(
            journal=now.journal,
            version=now.session * SESSION + now.blocks,
            lane=Lane.JOURNAL,
            after=now.upto,
            up_to=now.upto + 1,
            sent_ms=ms(self._clock()),
            squares=tuple(squares),
        )
        await self._exchange("POST", data=encode_block(block), headers={"Content-Type": BLOCK_TYPE})
        now.upto += 1
        now.squares += len(squares)

    async def _exchange(self, method: str, **more: object) -> Answer:
        """The answer with status 200. Raises ParentAwayError for any other."""
        url = self._parent.url + uplink_path(self._parent.town)
        proxy = self._parent.proxy or None
        try:
            async with self._http.request(method, url, proxy=proxy, **more) as response:  # type: ignore[arg-type]
                answer = decode_answer(await response.read(), Answer)
                if response.status != 200:
                    raise ParentAwayError(f"{response.status} {answer.error} {answer.detail}")
                return answer
        except (aiohttp.ClientError, OSError, BadBlockError) as error:
            raise ParentAwayError(f"{url}: {type(error).__name__}: {error}") from None


async def _mark_lost(connection: Connection, upto: int) -> None:
    """What the hub above has not is to be sent again; everything, if it has more than we know of."""
    last = int(await connection.fetchval(_LAST))
    if upto != last:
        await connection.execute(_AGAIN, upto if upto < last else EVERYTHING)


def _parts(changes: list[Change]) -> Iterator[list[Change]]:
    waiting = iter(changes)
    while some := list(islice(waiting, MOST_ROWS)):
        yield some
