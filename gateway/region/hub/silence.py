"""Which towns were not heard for too long: the only thing that a hub finds out by itself.

Owns the question and its words in /healthz and /metrics. Must not tell anybody: whoever looks sees it, and
what watches /metrics may tell.
"""

import asyncio
import logging
from datetime import datetime, timedelta

from msgspec import Struct
from prometheus_client import generate_latest
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from gateway.clock import Clock, utc_now
from gateway.region.hub.database import DatabaseAwayError, Pool, acquired
from gateway.region.hub.hub_metrics import HubMetrics
from gateway.region.hub.receive.partitions import Partitions

log = logging.getLogger(__name__)
LOOK_S = 60.0
_TOWNS = """
SELECT o.id, t.heard_at, o.made_at FROM region.town t JOIN region.organisation o ON o.no = t.no ORDER BY o.id
"""
_DUE = "SELECT count(*) FROM region.square_due"


class HeardTown(Struct, frozen=True):
    """A town and when it was last heard; None: never."""

    town: str
    heard_at: datetime | None
    enrolled_at: datetime


def silent(towns: list[HeardTown], now: datetime, after: timedelta) -> list[str]:
    """The towns not heard for longer than `after`, a new one since its enrolment. PURE."""
    return [one.town for one in towns if now - (one.heard_at or one.enrolled_at) > after]


class Silence:
    """Looks at the towns of one hub, for /healthz and /metrics."""

    def __init__(
        self, pool: Pool, metrics: HubMetrics, after: timedelta, clock: Clock = utc_now
    ) -> None:
        self._pool, self._metrics, self._after, self._clock = pool, metrics, after, clock
        self._partitions = Partitions(pool, clock)

    def routes(self) -> list[Route]:
        """Both addresses; the proxy shows them to nobody outside."""
        return [
            Route("/healthz", self.tell_health, methods=["GET"]),
            Route("/metrics", self.tell_metrics, methods=["GET"]),
        ]

    async def keep_looking(self) -> None:
        """Log each town once when it falls silent and when it is heard again; until cancelled."""
        known: set[str] = set()
        while True:
            try:
                await self._partitions.be_there()
                now_silent = set(await self.look())
            except DatabaseAwayError as error:
                log.warning("the database does not answer: %s", error)
            else:
                for town in sorted(now_silent - known):
                    log.warning("town %s is silent", town)
                for town in sorted(known - now_silent):
                    log.info("town %s is heard again", town)
                known = now_silent
            await asyncio.sleep(LOOK_S)

    async def look(self) -> list[str]:
        """The silent towns now. Raises DatabaseAwayError."""
        async with acquired(self._pool) as connection:
            towns = [HeardTown(*row) for row in await connection.fetch(_TOWNS)]
            self._metrics.due_days.set(await connection.fetchval(_DUE))
        found = silent(towns, self._clock(), self._after)
        self._metrics.towns.set(len(towns))
        self._metrics.silent.set(len(found))
        for one in towns:
            if one.heard_at:
                self._metrics.heard.labels(one.town).set(one.heard_at.timestamp())
        return found

    async def tell_health(self, request: Request) -> Response:
        """200 with the silent towns; 503 while the database is away."""
        try:
            found = await self.look()
        except DatabaseAwayError as error:
            return JSONResponse({"status": "database away", "detail": str(error)}, 503)
        return JSONResponse({"status": "silent towns" if found else "ok", "silent": found})

    async def tell_metrics(self, request: Request) -> Response:
        """The metrics in the text form of Prometheus."""
        try:
            await self.look()
        except DatabaseAwayError as error:
            log.debug("metrics without the towns: %s", error)
        return Response(
            generate_latest(self._metrics.registry), media_type="text/plain; version=0.0.4"
        )
