"""The hub's pages as one application, mounted beside the receivers of `gateway.region.hub`.

Owns the order of routes and middleware. Must not open SQLite nor load what judges events.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeAlias

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Mount

from dashboard.office.region.hub.entry.accounts import Accounts
from dashboard.office.region.hub.entry.gate import HubGate
from dashboard.office.region.hub.entry.login import HubLogin
from dashboard.office.region.hub.map_pages import MapPages
from dashboard.office.region.hub.page import HubReply, PageSettings
from dashboard.office.region.hub.reading import Readings
from dashboard.office.region.hub.record_pages import RecordPages
from dashboard.office.region.hub.town_pages import TownPages
from dashboard.web import assets
from dashboard.web.browser.versions import VersionedFiles
from dashboard.web.entry.headers import SecurityHeaders
from gateway.clock import Clock, utc_now
from gateway.region.hub.database import DatabaseAwayError, Pool

Handler: TypeAlias = Callable[[Request, Exception], Awaitable[Response]]


def hub_pages(pool: Pool, settings: PageSettings, clock: Clock = utc_now) -> Starlette:
    """The pages; `pool` logs in as a member of the role `shishigaki_pages`."""
    reply, readings = HubReply(settings), Readings(pool)
    accounts = Accounts(readings, clock)
    app = Starlette(
        routes=routes(accounts, readings, reply, clock),
        middleware=[
            Middleware(SecurityHeaders, https=settings.public_url.startswith("https:")),
            Middleware(GZipMiddleware, minimum_size=1_000, compresslevel=5),
            Middleware(HubGate, accounts=accounts, reply=reply, clock=clock),
        ],
        exception_handlers=_handlers(reply, clock),
    )
    app.router.redirect_slashes = False
    return app


def routes(
    accounts: Accounts, readings: Readings, reply: HubReply, clock: Clock
) -> list[BaseRoute]:
    """Every address of the hub's pages; `gate.ADDRESSES` names them all."""
    return [
        *HubLogin(accounts, reply, clock).routes(),
        *MapPages(readings, reply, clock).routes(),
        *TownPages(readings, reply, clock).routes(),
        *RecordPages(readings, reply, clock).routes(),
        Mount("/static", VersionedFiles(directory=assets.STATIC)),
    ]


def _handlers(reply: HubReply, clock: Clock) -> Mapping[Any, Handler]:
    async def refused(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)  # noqa: S101 - the table below says so
        word = "error.missing" if error.status_code == 404 else "region.refused"
        why = "" if error.status_code == 404 else error.detail
        return reply.page(
            request, "error.html", clock(), status=error.status_code, word=word, why=why
        )

    async def away(request: Request, _error: Exception) -> Response:
        answer = reply.page(request, "error.html", clock(), status=503, word="region.away")
        answer.headers["Retry-After"] = "10"
        return answer

    return {HTTPException: refused, DatabaseAwayError: away}
