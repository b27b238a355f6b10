"""The gate: every request passes it, and only what the matrix grants goes on.

Owns finding out who asks, and what is answered to whoever may not. Must not know what a page shows.
"""

from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from dashboard.web.auth import Auth
from dashboard.web.forwarded import is_at_machine
from dashboard.web.responses import Reply
from dashboard.web.rights.routes import RouteRow, row_of
from gateway.clock import Clock
from gateway.domain.people.permissions import Access, Detail, Resource, Visitor

Ask = Callable[[], Awaitable[Access]]


class Gate:
    """Passes a request on with `request.state.account`, `.access`, `.access_now`, `.sees_faults` and
    `.sees_devices`.

    `access_now` asks again: an answer that lasts, as a stream does, must end with the right to it.
    """

    def __init__(
        self, app: ASGIApp, auth: Auth, reply: Reply, clock: Clock, *, public: bool
    ) -> None:
        self._app, self._auth, self._reply, self._clock = app, auth, reply, clock
        self._public = public  # whether everybody may read the public map

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        account = request.state.account = await self._auth.account(request)
        access = request.state.access = await self._auth.access(request, account)
        request.state.access_now = self._asking(request)
        exactly = access.sees(Resource.FIGURES) is Detail.EXACT
        sees = access.visitor is not Visitor.ANYBODY or is_at_machine(request)
        request.state.sees_devices = sees and exactly
        request.state.sees_faults = request.state.sees_devices or has_token(request)
        row = row_of(request.method, request.url.path)
        if row is not None and self._may(request, row, access):
            await self._app(scope, receive, send)
        else:
            await self._refusal(request, row, access)(scope, receive, send)

    def _may(self, request: Request, row: RouteRow, access: Access) -> bool:
        if row.acts:
            return access.may_act(row.resource)
        if access.visitor is Visitor.ANYBODY and row.resource is Resource.SQUARES:
            return self._public
        if access.visitor is Visitor.ANYBODY and row.resource is Resource.FIGURES:
            return is_at_machine(request)
        return access.sees(row.resource) is not Detail.NONE

    def _refusal(self, request: Request, row: RouteRow | None, access: Access) -> Response:
        is_data = row.data if row else request.url.path.startswith("/api/")
        if access.visitor is Visitor.ANYBODY:
            if is_data:
                return JSONResponse({"error": "log in first", "code": "unauthorized"}, 401)
            return RedirectResponse(f"/login?next={request.url.path}", 303)
        status, word = (404, "error.missing") if row is None else (403, "error.forbidden")
        if is_data:
            words = ("not found", "not_found") if row is None else ("no right", "forbidden")
            return JSONResponse(dict(zip(("error", "code"), words, strict=True)), status)
        return self._reply.page(
            request,
            "error.html",
            self._clock(),
            account=request.state.account,
            status=status,
            word=word,
        )

    def _asking(self, request: Request) -> Ask:
        async def ask() -> Access:
            return await self._auth.access(request, await self._auth.account(request))

        return ask


def has_token(request: Request) -> bool:
    """Whether a program asks with a token; `dashboard.api.token_check` has checked its scope."""
    return getattr(request.state, "token", None) is not None
