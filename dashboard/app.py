"""The dashboard application: routes, who may read, and the tasks that run beside the pages.

Owns the order of routes and middleware. Must not hold page logic (`pages`, `api`, `login`). Pages that
calculate run in a separate process (`web.process`). GET requests only read; people's actions are POSTs
that need a role and come from our own pages.
"""

import contextlib
from collections.abc import AsyncIterator, Sequence

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.routing import BaseRoute, Mount
from starlette.staticfiles import StaticFiles

from dashboard.api.door import Door
from dashboard.api.handlers import ProgramApi
from dashboard.installer.pages import Installer
from dashboard.live.api import Api
from dashboard.live.pages import LivePages
from dashboard.live.updates import Live
from dashboard.people.pages import PeoplePages
from dashboard.web import assets
from dashboard.web.accounts import Accounts
from dashboard.web.auth import LOOPBACK, Auth
from dashboard.web.entry.account_pages import AccountPages
from dashboard.web.entry.headers import SecurityHeaders
from dashboard.web.entry.key_file import KeyFile
from dashboard.web.entry.origin import OriginGuard
from dashboard.web.entry.sessions import Sessions
from dashboard.web.entry.sign_in import SignInPages
from dashboard.web.error_page import error_handlers
from dashboard.web.login import LoginPages
from dashboard.web.process.child import Child
from dashboard.web.process.forwarding import CalculatingPages, Repair
from dashboard.web.process.messages import DAMAGED, Settings
from dashboard.web.responses import Reply
from dashboard.web.rights.gate import Gate
from gateway.clock import Clock, utc_now
from gateway.config import Config
from gateway.domain.people.person import Person
from gateway.domain.people.signing import Purpose
from gateway.ingest.devices.approval import Approvals
from gateway.store import Store
from gateway.store.connection import DiskError
from gateway.store.feed import Feed


def create_app(
    store: Store,
    feed: Feed,
    config: Config,
    *,
    clock: Clock = utc_now,
    approvals: Approvals | None = None,
    extra_routes: Sequence[BaseRoute] = (),
    office: Sequence[BaseRoute] | None = None,
    demo_account: Person | None = None,
) -> Starlette:
    """The ASGI application (`extra_routes` first). It must run with its lifespan, see `serve`.

    `approvals`: for approving devices and reading messages again; None: the pages only show.
    `demo_account`: its password is printed by a demo; it is in no database, and reading without a login
    stays allowed. `office`: routes of the pages that calculate; None: they run in a separate process.
    Raises MissingAssetsError if the browser's files were not built.
    """
    assets.check()
    reply = Reply(config)
    live = Live(store, feed, clock)
    browsers = KeyFile(store.path, config.dashboard.secret, clock).keys(Purpose.BROWSERS)
    sessions = Sessions(store, clock)
    accounts = Accounts(store, config.rota, reply.zone, demo_account)
    auth = Auth(config.dashboard, browsers, accounts, sessions, clock)
    child = Child(Settings(str(store.path), config))
    calculating = CalculatingPages(child, reply, clock, _repairing(store))
    office = calculating.routes() if office is None else office
    app = Starlette(
        routes=[
            *extra_routes,
            *LivePages(store, live, reply, config, clock).routes(),
            *Api(store, live, reply, clock).routes(),
            *ProgramApi(store, live, reply, clock).routes(),
            *Installer(store, feed, reply, config.sources, approvals, clock).routes(),
            *office,
            *LoginPages(auth, reply, clock).routes(),
            *PeoplePages(store, feed, auth, reply, clock).routes(),
            *AccountPages(auth, reply, clock).routes(),
            *SignInPages(auth, store, reply, config.dashboard.public_url, clock).routes(),
            Mount("/static", StaticFiles(directory=assets.STATIC)),
        ],
        middleware=[
            Middleware(SecurityHeaders, https=config.dashboard.public_url.startswith("https:")),
            *_hosts(auth),
            Middleware(OriginGuard, settings=config.dashboard, reply=reply, clock=clock),
            Middleware(Door, store=store, clock=clock),
            Middleware(Gate, auth=auth, reply=reply, clock=clock, public=config.public.open),
            Middleware(GZipMiddleware, minimum_size=1_000, compresslevel=5),
        ],
        exception_handlers=error_handlers(reply, clock),
        lifespan=lambda _: _running(live, calculating, sessions),
    )
    app.state.live = live  # `serve` ends the streams before it waits for them
    return app


@contextlib.asynccontextmanager
async def _running(
    live: Live, calculating: CalculatingPages, sessions: Sessions
) -> AsyncIterator[None]:
    async with live.running(), calculating.running(), sessions.running():
        yield


def _repairing(store: Store) -> Repair:
    """What the gateway does when the other process finds the database damaged or the disk failing."""

    async def repair(kind: str, fault: str) -> None:
        if kind == DAMAGED:
            await store.salvage(fault)
            return
        with contextlib.suppress(DiskError):
            await store.restore_files()

    return repair


def _hosts(auth: Auth) -> list[Middleware]:
    """Where reading is open, a foreign name pointing at this machine must not open it to a page."""
    return [Middleware(TrustedHostMiddleware, allowed_hosts=[*LOOPBACK])] if auth.is_local else []
