"""The dashboard put together: routes, who may read, what runs beside the pages.

Owns their order. Must not hold page logic or addresses (`pages`, `api`, `login`; on the `shelf` stand those
that draw and reckon).
Pages read; people's acts are POSTs that need a role and come from our own pages.
"""

from collections.abc import Awaitable, Callable, Sequence

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Mount, Router
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Receive, Scope, Send

from dashboard.installer.pages import Installer
from dashboard.live.api import Api
from dashboard.live.pages import LivePages
from dashboard.live.updates import Live
from dashboard.web import assets
from dashboard.web.auth import LOOPBACK, Auth, signing_secret
from dashboard.web.lazy_routes import shelved
from dashboard.web.login import LoginPages
from dashboard.web.responses import Reply
from gateway.clock import Clock, utc_now
from gateway.config import Config
from gateway.domain.accounts import Account
from gateway.ingest.devices.approval import Approvals
from gateway.store import Store
from gateway.store.feed import Feed

OPEN = ("/static/", "/login", "/healthz", "/metrics", "/a/")  # shown to everybody who can connect


def create_app(
    store: Store,
    feed: Feed,
    config: Config,
    *,
    clock: Clock = utc_now,
    desk: Approvals | None = None,
    extra_routes: Sequence[BaseRoute] = (),
) -> Starlette:
    """The ASGI application (`extra_routes` first); to be run with its lifespan, see `serve`.

    `desk`: for approving devices and reading again; None: the pages only show.
    Raises MissingAssetsError when the browser's files were not built.
    """
    assets.check()
    reply = Reply(config)
    live = Live(store, feed, clock)
    secret = signing_secret(config.dashboard, store.path)
    auth = Auth(config.dashboard, secret, _accounts(store), clock)
    error_page = _error_page(reply, clock)
    app = Starlette(
        routes=[
            *extra_routes,
            *LivePages(store, live, reply, config, clock).routes(),
            *Api(store, live, reply, clock).routes(),
            *Installer(store, feed, reply, auth, config.sources, desk, clock).routes(),
            *shelved(lambda pages: Router(pages(store, reply, config, clock).routes())),
            *LoginPages(auth, reply, clock).routes(),
            Mount("/static", StaticFiles(directory=assets.STATIC)),
        ],
        middleware=[
            *_hosts(auth),
            Middleware(Gate, auth=auth, opened=("/public",) if config.public.open else ()),
            Middleware(GZipMiddleware, minimum_size=1_000, compresslevel=5),
        ],
        exception_handlers={HTTPException: error_page, Exception: error_page},
        lifespan=lambda _: live.running(),
    )
    app.state.live = live  # `serve` ends the streams before it waits for them
    return app


def _accounts(store: Store) -> Callable[[str], Awaitable[Account | None]]:
    async def find(name: str) -> Account | None:
        return await store.read(lambda reader: reader.account(name))

    return find


def _error_page(reply: Reply, clock: Clock) -> Callable[[Request, Exception], Awaitable[Response]]:
    """What a reader is told when there is no such page, it is not theirs, or we have a bug."""

    async def on_error(request: Request, error: Exception) -> Response:
        status = error.status_code if isinstance(error, HTTPException) else 500
        if request.url.path.startswith("/api/"):
            return JSONResponse({"error": getattr(error, "detail", "")}, status)
        word = {404: "error.missing", 403: "error.forbidden"}.get(status, "error.title")
        return reply.page(request, "error.html", clock(), status=status, word=word)

    return on_error


class Gate:
    """Finds out who asks, and sends to the login whoever may not read."""

    def __init__(self, app: ASGIApp, auth: Auth, opened: tuple[str, ...]) -> None:
        self._app, self._auth, self._open = app, auth, (*OPEN, *opened)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        account = request.state.account = await self._auth.account(request)
        path = request.url.path
        if self._auth.may_read(account) or path.startswith(self._open):
            await self._app(scope, receive, send)
        elif path.startswith(("/api/", "/live")):
            await JSONResponse({"error": "log in first"}, 401)(scope, receive, send)
        else:
            await RedirectResponse(f"/login?next={path}", 303)(scope, receive, send)


def _hosts(auth: Auth) -> list[Middleware]:
    """Where reading is open, a foreign name pointing at this machine must not open it to a page."""
    return (
        [Middleware(TrustedHostMiddleware, allowed_hosts=[*LOOPBACK])] if auth.open_reading else []
    )
