"""The gate of the hub's pages: which addresses there are, and who passes.

Owns the table of addresses, and the refusal of acts that come from no page of ours. Everybody who has an
account may ask for every address: what they see there is chosen by PostgreSQL for their organisation.
"""

from collections.abc import Iterable
from urllib.parse import quote

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from dashboard.office.region.hub.entry.accounts import COOKIE, Accounts
from dashboard.office.region.hub.page import HubReply
from dashboard.web.entry.own_origin import is_ours, machine_names, parse_origin
from gateway.clock import Clock
from gateway.config.dashboard import LOOPBACK_NAMES
from gateway.region.hub.database import DatabaseAwayError

SAFE = {"GET", "HEAD"}
OPEN = ("/login", "/static/")  # without an account
ADDRESSES: tuple[tuple[str, str], ...] = (  # every page of the hub; see dashboard/REGION.md
    ("GET", "/"),
    ("GET", "/login"),
    ("POST", "/login"),
    ("POST", "/logout"),
    ("GET", "/static/{path:path}"),
    ("GET", "/region/map"),
    ("GET", "/region/squares.csv"),
    ("GET", "/region/coast.geojson"),
    ("GET", "/region/towns"),
    ("GET", "/region/towns/{town}"),
    ("POST", "/region/towns/{town}/places"),
    ("GET", "/region/alerts"),
    ("GET", "/region/compare"),
    ("GET", "/region/agreements"),
    ("GET", "/region/audit"),
    ("GET", "/region/requests"),
    ("POST", "/region/requests"),
)


class HubGate:
    """Lets in who has an account, and acts that come from a page of ours."""

    def __init__(self, app: ASGIApp, accounts: Accounts, reply: HubReply, clock: Clock) -> None:
        self._app, self._accounts, self._reply, self._clock = app, accounts, reply, clock
        self._public = parse_origin(reply.settings.public_url)
        self._names = LOOPBACK_NAMES | machine_names()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = Request(scope, receive)
        answer = await self._refusal(request)
        await (answer or self._app)(scope, receive, send)

    async def _refusal(self, request: Request) -> Response | None:
        """Why the request goes no further; None: it does. Sets `state.user`."""
        request.state.user = None
        if request.method not in SAFE and not is_ours(request, self._public, self._names):
            return self._error(request, 403, "error.origin")
        try:
            request.state.user = await self._accounts.of_cookie(request.cookies.get(COOKIE, ""))
        except DatabaseAwayError:
            if not request.url.path.startswith("/static/"):
                return self._error(request, 503, "region.away")
        if request.state.user is not None or request.url.path.startswith(OPEN):
            return None
        if request.method in SAFE:
            return RedirectResponse(f"/login?next={quote(_target(request))}", 303)
        return self._error(request, 403, "region.log_in")

    def _error(self, request: Request, status: int, word: str) -> Response:
        answer = self._reply.page(request, "error.html", self._clock(), status=status, word=word)
        if status == 503:
            answer.headers["Retry-After"] = "10"
        return answer


def addresses_of(routes: Iterable[BaseRoute]) -> set[tuple[str, str]]:
    """Method and path of each route, to compare with the table."""
    found = set()
    for route in routes:
        if isinstance(route, Mount):
            found.add(("GET", f"{route.path}/{{path:path}}"))
        elif isinstance(route, Route):
            found |= {(method, route.path) for method in (route.methods or ()) if method != "HEAD"}
    return found


def source_of(request: Request) -> str:
    """By which address guesses of passwords are counted: as the hub's proxy says, else the peer's.

    The proxy adds a line of its own behind those of the client, so only the end of the last one counts.
    """
    lines = Headers(scope=request.scope).getlist("x-forwarded-for")
    peer = request.client.host if request.client else ""
    return ",".join(lines).rpartition(",")[2].strip() or peer


def _target(request: Request) -> str:
    query = f"?{request.url.query}" if request.url.query else ""
    return f"{request.url.path}{query}"
