"""The dashboard application: routes, who may read, and the tasks that run beside the pages.

Owns the order of routes and middleware. Must not hold page logic (`pages`, `api`, `login`). Pages that
calculate run in a separate process (`web.process`). GET requests only read; people's actions are POSTs
that need a role and come from our own pages.
"""

import contextlib
from collections.abc import AsyncIterator, Sequence
from typing import NamedTuple

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.routing import BaseRoute, Mount

from dashboard.api.handlers import ProgramApi
from dashboard.api.token_check import TokenCheck
from dashboard.api.uses import TokenUses
from dashboard.installer.pages import Installer
from dashboard.live.api import Api
from dashboard.live.pages import LivePages
from dashboard.live.updates import Live
from dashboard.maps.pack.files import PackFiles
from dashboard.office.imports.pages import ImportPages
from dashboard.office.papers.check_pages import CheckPages
from dashboard.office.region.agreements import AgreementPages
from dashboard.office.siting.keeping import PlanKeeping
from dashboard.people.pages import PeoplePages
from dashboard.people.token_pages import TokenPages
from dashboard.public.security_txt import SecurityTxt
from dashboard.trapper.phone.worker import PhonePages
from dashboard.web import assets
from dashboard.web.accounts import Accounts
from dashboard.web.auth import Auth
from dashboard.web.browser.versions import VersionedFiles
from dashboard.web.entry.account_pages import AccountPages
from dashboard.web.entry.headers import SecurityHeaders
from dashboard.web.entry.key_file import KeyFile
from dashboard.web.entry.origin import OriginGuard
from dashboard.web.entry.proxies import ClientAddress, Proxies
from dashboard.web.entry.sessions import Sessions
from dashboard.web.entry.sign_in import SignInPages
from dashboard.web.error_page import error_handlers
from dashboard.web.guide.pages import GuidePages
from dashboard.web.login import LoginPages
from dashboard.web.process.child import Child
from dashboard.web.process.forwarding import CalculatingPages, Repair
from dashboard.web.process.messages import DAMAGED, Settings
from dashboard.web.responses import Reply
from dashboard.web.rights.gate import Gate
from dashboard.web.rights.trial import TrialPause
from gateway.alerts.policy import Policy
from gateway.clock import Clock, utc_now
from gateway.config import Config
from gateway.config.dashboard import LOOPBACK_NAMES
from gateway.domain.people.person import Person
from gateway.domain.people.signing import Purpose
from gateway.ingest.devices.approval import Approvals
from gateway.store import Store
from gateway.store.connection import DiskError
from gateway.store.feed import Feed


class Backend(NamedTuple):
    """What every page reads and writes."""

    store: Store
    feed: Feed
    config: Config
    clock: Clock = utc_now


class _Web(NamedTuple):
    """What pages and middleware share."""

    live: Live
    reply: Reply
    auth: Auth
    sessions: Sessions
    calculating: CalculatingPages
    uses: TokenUses


def create_app(
    backend: Backend,
    *,
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
    web = _web(backend, demo_account)
    office = web.calculating.routes() if office is None else office
    app = Starlette(
        routes=[*extra_routes, *_routes(backend, web, approvals), *office, *_entries(backend, web)],
        middleware=_middleware(backend, web),
        exception_handlers=error_handlers(web.reply, backend.clock),
        lifespan=lambda _: _running(web),
    )
    app.router.redirect_slashes = False  # it would name a scheme and a host, a proxy's are others
    app.state.live = web.live  # `serve` ends the streams before it waits for them
    app.state.proxies = Proxies(backend.config.dashboard.trusted_proxies)
    return app


def _web(backend: Backend, demo_account: Person | None) -> _Web:
    store, feed, config, clock = backend
    reply = Reply(config)
    sessions = Sessions(store, clock)
    browsers = KeyFile(store.path, config.dashboard.secret, clock).keys(Purpose.BROWSERS)
    accounts = Accounts(store, config.rota, reply.zone, demo_account)
    auth = Auth(config.dashboard, browsers, accounts, sessions, clock)
    child = Child(Settings(str(store.path), config))
    calculating = CalculatingPages(child, reply, clock, _repairing(store))
    live = Live(store, feed, clock, Policy(config, people={}).visit_plan)
    return _Web(live, reply, auth, sessions, calculating, TokenUses(store))


def _routes(backend: Backend, web: _Web, approvals: Approvals | None) -> list[BaseRoute]:
    """The live pages, the APIs, and what arrives."""
    store, feed, config, clock = backend
    return [
        *PackFiles(config.dashboard.map_pack).routes(),
        *LivePages(store, web.live, web.reply, config, clock).routes(),
        *Api(store, web.live, web.reply, clock).routes(),
        *ProgramApi(store, web.live, web.reply, clock).routes(),
        *Installer(store, feed, web.reply, config, approvals, clock).routes(),
    ]


def _entries(backend: Backend, web: _Web) -> list[BaseRoute]:
    """Logging in, people, and the browser's files."""
    store, feed, config, clock = backend
    auth, reply = web.auth, web.reply
    return [
        *PhonePages(reply, config.site.title, clock).routes(),
        *SecurityTxt(config.dashboard, clock).routes(),
        *LoginPages(auth, reply, clock).routes(),
        *PeoplePages(store, feed, auth, reply, clock).routes(),
        *TokenPages(store, reply, clock).routes(),
        *PlanKeeping(store, clock).routes(),
        *GuidePages(reply, clock).routes(),
        *CheckPages(store, reply, config.paperwork, clock).routes(),
        *AgreementPages(store, reply, config.region.town, clock).routes(),
        *ImportPages(store, reply, config, clock).routes(),
        *AccountPages(auth, reply, clock).routes(),
        *SignInPages(auth, store, reply, config.dashboard.public_url, clock).routes(),
        Mount("/static", VersionedFiles(directory=assets.STATIC)),
    ]


def _middleware(backend: Backend, web: _Web) -> list[Middleware]:
    """From the outermost to the innermost."""
    settings, clock = backend.config.dashboard, backend.clock
    is_open = backend.config.public.open
    return [
        Middleware(ClientAddress, proxies=Proxies(settings.trusted_proxies)),
        Middleware(SecurityHeaders, https=settings.public_url.startswith("https:")),
        *_hosts(web.auth),
        Middleware(OriginGuard, settings=settings, reply=web.reply, clock=clock),
        Middleware(TokenCheck, store=backend.store, clock=clock, uses=web.uses),
        Middleware(Gate, auth=web.auth, reply=web.reply, clock=clock, public=is_open),
        Middleware(TrialPause, store=backend.store, reply=web.reply, clock=clock),
        Middleware(GZipMiddleware, minimum_size=1_000, compresslevel=5),
    ]


@contextlib.asynccontextmanager
async def _running(web: _Web) -> AsyncIterator[None]:
    async with (
        web.live.running(),
        web.calculating.running(),
        web.sessions.running(),
        web.uses.running(),
    ):
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
    return (
        [Middleware(TrustedHostMiddleware, allowed_hosts=[*LOOPBACK_NAMES])]
        if auth.is_local
        else []
    )
