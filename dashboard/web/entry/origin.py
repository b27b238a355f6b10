"""Whether an act comes from a page of this site: the guard before every POST.

Owns which origins are ours: that of `public_url`, this machine's names, and the address that was reached.
The Host header is not asked, since it is whatever a foreign name that points here says. A form of another
site, or of this one under another scheme or port, is refused, and so is a browser that does not say where
its request comes from. A program that is no browser carries nobody's cookies by accident and need not say it.
"""

import logging
import math
import socket
import time
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from dashboard.web.responses import Reply
from dashboard.web.rights.routes import row_of
from gateway.clock import Clock
from gateway.config import Dashboard

SAFE = {"GET", "HEAD", "OPTIONS"}
LOOPBACK_NAMES = {"localhost", "127.0.0.1", "::1"}
DEFAULT_PORTS = {"http": 80, "https": 443}
REPORT_S = 60.0  # between two lines of the log

Origin = tuple[str, str, int]  # scheme, host, port
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
        if is_ours(request, self._public, self._names):
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


def is_ours(request: Request, public: Origin | None, names: set[str]) -> bool:
    """Whether a request was sent by a page of ours, or by a program that is no browser."""
    headers = request.headers
    if headers.get("sec-fetch-site", "same-origin") not in {"same-origin", "none"}:
        return False
    said = headers.get("origin") or headers.get("referer")
    if said is None:
        return not is_browser(request)
    origin = parse_origin(said)
    return origin is not None and (origin == public or origin in reached(request, names))


def reached(request: Request, names: set[str]) -> set[Origin]:
    """The origins under which this machine itself answers at the port that was reached."""
    server = request.scope.get("server")
    if not server or server[1] is None:
        return set()
    return {("http", name, server[1]) for name in names | {str(server[0]).lower()}}


def is_browser(request: Request) -> bool:
    """Whether a browser asks: every one of them names itself so."""
    says = request.headers.get("user-agent", "").lower()
    return "mozilla" in says or any(name.startswith("sec-fetch-") for name in request.headers)


def parse_origin(url: str) -> Origin | None:
    """Scheme, host and port of an address; None: it has none."""
    try:
        parts = urlsplit(url.strip())
        port = parts.port or DEFAULT_PORTS.get(parts.scheme)
    except ValueError:
        return None
    if parts.hostname is None or port is None or parts.username is not None:
        return None
    return parts.scheme, parts.hostname, port


def machine_names() -> set[str]:
    """The names that this machine has in its own network."""
    name = socket.gethostname().lower()
    return {name, f"{name.partition('.')[0]}.local"}
