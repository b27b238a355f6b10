"""The addresses that towns use: send a block, ask what is known, ask for counts.

Owns the way from a request to its answer. The 200 is written after the commit came back; every answer that
tells `upto` follows a commit that wrote, so that nothing is told that stands on one machine only.
"""

import asyncio
import logging
import re
from collections.abc import Awaitable, Callable
from typing import TypeVar

import asyncpg
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.clock import Clock, utc_now
from gateway.region.hub.database import (
    Connection,
    DatabaseAwayError,
    NotDurableError,
    Pool,
    durable,
)
from gateway.region.hub.hub_metrics import HubMetrics
from gateway.region.hub.receive.access import AccessDeniedError, KnownTown, claimed, enter
from gateway.region.hub.receive.blocks import BlockRefusedError, keep_block, known_journal
from gateway.region.hub.receive.digest import DigestQuestion, digest
from gateway.region.hub.receive.partitions import Partitions
from gateway.region.hub.receive.requests import waiting_requests
from gateway.region.protocol import (
    LARGEST_BODY,
    STATUS,
    Answer,
    BadBlockError,
    Block,
    Digest,
    Trouble,
    decode_block,
    encode_answer,
)

log = logging.getLogger(__name__)
RETRY_S = 15  # Retry-After while the database is away
BODY_S = 60.0  # in which a body must have come
OFF_LOOP = 65_536  # bytes of a body that is unpacked in a thread
JOURNAL = re.compile(r"[0-9a-f]{32}")
_TOUCH = "UPDATE region.town SET heard_at = now() WHERE no = $1"
T = TypeVar("T")


class Receiver:
    """Answers towns. Several may run on one database."""

    def __init__(
        self, pool: Pool, metrics: HubMetrics, replicas: int = 0, clock: Clock = utc_now
    ) -> None:
        self._pool, self._metrics, self._replicas, self._clock = pool, metrics, replicas, clock
        self._partitions = Partitions(pool, clock)

    def routes(self) -> list[Route]:
        """The three addresses."""
        return [
            Route("/uplink/{town}", self._answered(self.take_block), methods=["POST"]),
            Route("/uplink/{town}", self._answered(self.tell_known), methods=["GET"]),
            Route("/uplink/{town}/digest", self._answered(self.tell_digest), methods=["GET"]),
        ]

    async def take_block(self, request: Request, town: str, serial: str) -> Response:
        """Keep a block; 200 once it is durable."""
        body = await asyncio.wait_for(_body(request), BODY_S)
        block = await _unpacked(body)
        await self._partitions.be_there()

        async def keep(connection: Connection, known: KnownTown) -> Answer:
            try:
                upto = await keep_block(connection, known, block, self._clock())
            except BlockRefusedError as error:
                return await _refusal(connection, known, block, error)
            requests = await waiting_requests(connection, known)
            return Answer(upto=upto, version=max(known.version, block.version), requests=requests)

        answer = await self._durably(town, serial, keep)
        if answer.error:
            return _reply(answer, STATUS[Trouble(answer.error)])
        self._metrics.kept(block)
        return _reply(answer)

    async def tell_known(self, request: Request, town: str, serial: str) -> Response:
        """What is known of a journal, the newest version and the requests to the town."""
        journal = _journal(request)

        async def tell(connection: Connection, known: KnownTown) -> Answer:
            await connection.execute(_TOUCH, known.no)
            requests = await waiting_requests(connection, known)
            upto = (await known_journal(connection, known, journal)).upto
            return Answer(upto=upto, version=known.version, requests=requests)

        return _reply(await self._durably(town, serial, tell))

    async def tell_digest(self, request: Request, town: str, serial: str) -> Response:
        """Counts and sums of local days."""
        asked = _question(request)

        async def tell(connection: Connection, known: KnownTown) -> Digest:
            await connection.execute(_TOUCH, known.no)
            return await digest(connection, known, asked)

        return _reply(await self._durably(town, serial, tell))

    async def _durably(
        self, town: str, serial: str, work: Callable[[Connection, KnownTown], Awaitable[T]]
    ) -> T:
        async with durable(self._pool, self._replicas) as connection:
            known = await enter(connection, town, serial)
            return await work(connection, known)

    def _answered(
        self, handle: Callable[[Request, str, str], Awaitable[Response]]
    ) -> Callable[[Request], Awaitable[Response]]:
        """The handler with each expected failure as its answer."""

        async def answer(request: Request) -> Response:
            with self._metrics.seconds.time():
                response = await self._try(handle, request)
            self._metrics.answered.labels(str(response.status_code)).inc()
            return response

        return answer

    async def _try(
        self, handle: Callable[[Request, str, str], Awaitable[Response]], request: Request
    ) -> Response:
        town = request.path_params["town"]
        try:
            return await handle(request, town, claimed(town, request.headers))
        except AccessDeniedError as error:
            log.warning("refused: %s", error)
            return _trouble(error.trouble, str(error))
        except BadBlockError as error:
            log.warning("%s: a block was refused: %s", town, error)
            return _trouble(error.trouble, str(error))
        except (DatabaseAwayError, NotDurableError) as error:
            log.warning("%s must send again: %s", town, error)
            return _trouble(Trouble.AWAY, str(error))
        except asyncpg.CheckViolationError as error:  # the tables were made anew meanwhile
            self._partitions.forget()
            return _trouble(Trouble.AWAY, str(error))
        except ClientDisconnect:
            return Response(status_code=400)  # nobody reads it
        except TimeoutError:
            return _trouble(Trouble.MALFORMED, f"the body did not come within {BODY_S:g} s")


async def _refusal(
    connection: Connection, town: KnownTown, block: Block, error: BlockRefusedError
) -> Answer:
    """What is known, for a block that does not follow it."""
    await connection.execute(_TOUCH, town.no)
    known = await known_journal(connection, town, block.journal)
    return Answer(upto=known.upto, version=town.version, error=error.trouble, detail=str(error))


async def _body(request: Request) -> bytes:
    """The body. Raises BadBlockError as soon as it is too large."""
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size > LARGEST_BODY:
            raise BadBlockError(Trouble.TOO_LARGE, f"a block has at most {LARGEST_BODY} bytes")
        parts.append(part)
    return b"".join(parts)


async def _unpacked(body: bytes) -> Block:
    if len(body) < OFF_LOOP:
        return decode_block(body)
    return await asyncio.to_thread(decode_block, body)


def _journal(request: Request) -> str:
    """The journal asked about. Raises BadBlockError."""
    asked = request.query_params.get("journal", "")
    if not JOURNAL.fullmatch(asked):
        raise BadBlockError(Trouble.MALFORMED, "journal: 32 hex digits")
    return asked


def _question(request: Request) -> DigestQuestion:
    asked = request.query_params
    try:
        numbers = [int(asked[name]) for name in ("from", "to")] + [int(asked.get("after", "0"))]
    except (KeyError, ValueError) as error:
        raise BadBlockError(
            Trouble.MALFORMED, f"from, to, after: whole numbers ({error})"
        ) from None
    return DigestQuestion(_journal(request), *numbers)


def _reply(answer: Answer | Digest, status: int = 200) -> Response:
    return Response(encode_answer(answer), status, media_type="application/json")


def _trouble(trouble: Trouble, detail: str) -> Response:
    response = _reply(Answer(error=trouble, detail=detail), STATUS[trouble])
    if trouble is Trouble.AWAY:
        response.headers["Retry-After"] = str(RETRY_S)
    return response
