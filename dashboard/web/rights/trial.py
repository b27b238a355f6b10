"""While a new version is tried nobody records anything: a return to the earlier version would undo it.

Owns the answer to whoever acts meanwhile: 503, and when to try again. Phones send their acts again by
themselves. Must not decide when a trial is over (`gateway.upgrade`).
"""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from dashboard.web.responses import Reply
from dashboard.web.rights.routes import row_of
from gateway.clock import Clock
from gateway.store import Store

AGAIN_S = 120
READS = frozenset({"GET", "HEAD"})
ALLOWED = frozenset({"/login", "/logout"})  # a session that is undone costs one more log-in


class TrialPause:
    """Refuses acts during a trial; inside the gate, which has found out who asks."""

    def __init__(self, app: ASGIApp, store: Store, reply: Reply, clock: Clock) -> None:
        self._app, self._store, self._reply, self._clock = app, store, reply, clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        acts = scope["type"] == "http" and scope["method"] not in READS
        if acts and scope["path"] not in ALLOWED and await self._is_tried():
            await self._refusal(Request(scope))(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _is_tried(self) -> bool:
        return bool(await self._store.read(lambda reader: reader.trial.upgrade()))

    def _refusal(self, request: Request) -> Response:
        row = row_of(request.method, request.url.path)
        wait = {"Retry-After": str(AGAIN_S)}
        if row is not None and row.data:
            body = {"error": "an upgrade is under way; again in two minutes", "code": "upgrading"}
            return JSONResponse(body, 503, wait)
        page = self._reply.page(
            request,
            "error.html",
            self._clock(),
            account=request.state.account,
            status=503,
            word="error.upgrading",
        )
        page.headers.update(wait)
        return page
