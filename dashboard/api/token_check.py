"""What every request of the API passes: limits first, then the token.

Owns reading `Authorization: Bearer`, the limits and the check of scopes, for addresses under /api and
those of monitoring. Must not decide what a role sees: the gate behind it asks the matrix. A request with a
token is the token's alone: its cookies are taken away.
"""

import math
import time
from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from dashboard.api import limits
from dashboard.api.answers import refusal
from dashboard.api.limits import Limiter
from dashboard.api.table import BY_PATH, MONITORED, is_of_pictures, scope_needed
from dashboard.api.uses import TokenUses
from dashboard.web.entry.guesses import network
from dashboard.web.forwarded import source
from gateway.clock import Clock
from gateway.domain.people.api_token import hash_of
from gateway.store import Store
from gateway.store.connection import DiskError

BEARER = {"WWW-Authenticate": "Bearer"}
LATER = {"Retry-After": "5"}


class TokenCheck:
    """Passes requests on; with a valid token as `request.state.token`."""

    def __init__(
        self,
        app: ASGIApp,
        store: Store,
        clock: Clock,
        uses: TokenUses,
        ticks: Callable[[], float] = time.monotonic,
    ) -> None:
        self._app, self._store, self._clock, self._ticks = app, store, clock, ticks
        self._uses = uses
        self._addresses, self._tokens = Limiter(limits.ADDRESS), Limiter(limits.TOKEN)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not takes_tokens(scope["path"]):
            await self._app(scope, receive, send)
            return
        refused = await self._refusal(Request(scope))
        await (refused or self._app)(scope, receive, send)

    async def _refusal(self, request: Request) -> Response | None:
        """What is answered instead; None: the request may pass."""
        secret = bearer(request.headers.get("authorization", ""))
        if secret is None and not is_for_programs(request.scope["path"]):
            return None
        if wait := self._addresses.take(network(source(request)), self._ticks()):
            return _too_many(wait)
        return None if secret is None else await self._check(request, secret)

    async def _check(self, request: Request, secret: str) -> Response | None:
        id_ = hash_of(secret)
        try:
            token = await self._store.read(lambda reader: reader.tokens.find(id_))
        except DiskError:
            return refusal(503, headers=LATER)
        if token is None or not token.opens(self._clock()):
            return refusal(401, headers=BEARER)
        if wait := self._tokens.take(id_, self._ticks()):
            return _too_many(wait)
        path = request.scope["path"]
        is_open, scope = scope_needed(request.method, path)
        if not is_open:
            return refusal(404)
        if scope is not None and scope not in token.scopes:
            return refusal(403, f"the token has no scope {scope}")
        request.scope["headers"] = [one for one in request.scope["headers"] if one[0] != b"cookie"]
        self._uses.note(id_, self._clock())
        request.state.token = token
        return None


def takes_tokens(path: str) -> bool:
    """Whether requests to an address pass this check."""
    return path.startswith("/api/") or path in MONITORED or is_of_pictures(path)


def is_for_programs(path: str) -> bool:
    """Whether nobody but programs asks for it: not the pages' own requests, nor monitoring at the machine."""
    row = BY_PATH.get(path)
    if path in MONITORED or is_of_pictures(path):
        return False
    return row is None or row.versioned


def bearer(header: str) -> str | None:
    """The token of an Authorization header; None: it carries none."""
    scheme, _, secret = header.strip().partition(" ")
    return secret.strip() if scheme.lower() == "bearer" else None


def _too_many(wait_s: float) -> Response:
    return refusal(429, headers={"Retry-After": str(max(1, math.ceil(wait_s)))})
