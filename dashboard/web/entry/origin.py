"""Whether an act comes from a page of this site: the guard before every POST.

Owns the refusal and its line in the log; which origins are ours: `own_origin`.
The Host header is not asked, since it is whatever a foreign name that points here says. A form of another
site, or of this one under another scheme or port, is refused, and so is a browser that does not say where
its request comes from. A program that is no browser carries nobody's cookies by accident and need not say it.
An address for mail programs (`one_click`) is excepted: the secret in it is the right, no cookie.
"""

import logging
import math
import time

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from dashboard.web.entry.own_origin import is_ours, machine_names, parse_origin
from dashboard.web.responses import Reply
from dashboard.web.rights.routes import RouteRow, row_of
from gateway.clock import Clock
from gateway.config import Dashboard
from gateway.config.dashboard import LOOPBACK_NAMES

SAFE = {"GET", "HEAD", "OPTIONS"}
REPORT_S = 60.0  # between two lines of the log

log = logging.getLogger(__name__)


class OriginGuard:
    """Answers 403 to an act that does not come from our own page."""

    def __init__(self, app: ASGIApp, settings: Dashboard, reply: Reply, clock: Clock) -> None:
        self._app, self._reply, self._clock = app, reply, clock
        self._public = parse_origin(settings.public_url)
        self._names = LOOPBACK_NAMES | {settings.host.lower()} | machine_names()
        self._refused, self._reported_s = 0, -math.inf

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] in SAFE:
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        row = row_of(request.method, request.url.path)
        if (row is not None and (row.one_click or is_program(request, row))) or is_ours(
            request, self._public, self._names
        ):
            await self._app(scope, receive, send)
            return
        self._report(request)
        await self._refusal(request)(scope, receive, send)

    def _refusal(self, request: Request) -> Response:
        row = row_of(request.method, request.url.path)
        if request.url.path.startswith("/api/") or (row is not None and row.data):
            return JSONResponse({"error": "not from a page of this site"}, 403)
        return self._reply.page(
            request, "error.html", self._clock(), status=403, word="error.origin"
        )

    def _report(self, request: Request) -> None:
        self._refused += 1
        if time.monotonic() - self._reported_s < REPORT_S:
            return
        log.warning(
            "refused %d requests that did not come from a page of this site; the last Origin was %.100r. "
            "If people reach the pages under this address, set dashboard.public_url to it",
            self._refused,
            request.headers.get("origin", ""),
        )
        self._refused, self._reported_s = 0, time.monotonic()


def is_program(request: Request, row: RouteRow) -> bool:
    """Whether a program acts with a token: no page of another site can send this header unasked."""
    return row.by_token and request.headers.get("authorization", "").lower().startswith("bearer ")
