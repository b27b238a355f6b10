"""One hub process: receivers and pages on one socket, the sums and the look at silent towns beside them.

Owns how these parts are connected. Stateless: any number may run on one database, and any may be killed.
"""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Iterator, Sequence
from datetime import timedelta
from pathlib import Path

import uvicorn
from msgspec import Struct
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import BaseRoute

from gateway.region.hub.database import PAGES, RECEIVER, Pool, open_pool
from gateway.region.hub.hub_metrics import HubMetrics
from gateway.region.hub.receive.routes import Receiver
from gateway.region.hub.settings import HubSettings, HubSettingsError, address
from gateway.region.hub.silence import Silence
from gateway.region.hub.squares import keep_sums

SHUTDOWN_S = 5
SOCKET_MODE = 0o660  # of a unix socket: the hub's user and the proxy's group
REQUESTS_AT_ONCE = 256  # beyond them a town is told to come again


class Hub(Struct, frozen=True):
    """The parts of one process."""

    settings: HubSettings
    receivers: Pool  # as shishigaki_receiver
    pages: Pool  # as shishigaki_pages
    metrics: HubMetrics
    receiver: Receiver
    silence: Silence


@contextlib.asynccontextmanager
async def opened(settings: HubSettings) -> AsyncIterator[Hub]:
    """A hub's parts; nothing connects before it is needed."""
    receivers = await open_pool(settings.database, RECEIVER, settings.connections)
    pages = await open_pool(settings.database, PAGES, settings.connections)
    metrics = HubMetrics()
    receiver = Receiver(receivers, metrics, settings.replicas)
    silence = Silence(receivers, metrics, timedelta(seconds=settings.silent_after_s))
    try:
        yield Hub(settings, receivers, pages, metrics, receiver, silence)
    finally:
        receivers.terminate()
        pages.terminate()


def create_app(
    hub: Hub, routes: Sequence[BaseRoute] = (), middleware: Sequence[Middleware] = ()
) -> Starlette:
    """The hub's addresses, and `routes` of its pages with their `middleware`."""
    own = [*hub.receiver.routes(), *hub.silence.routes()]
    return Starlette(routes=[*own, *routes], middleware=list(middleware))


async def serve(hub: Hub, app: Starlette) -> None:
    """Answer until cancelled."""
    listener = listening_socket(hub.settings.listen)
    server = _Server(_configuration(app))
    async with asyncio.TaskGroup() as group:
        group.create_task(keep_sums(hub.receivers), name="sums by squares")
        group.create_task(hub.silence.keep_looking(), name="silent towns")
        group.create_task(_served(server, listener), name="web server")


def listening_socket(listen: str) -> socket.socket:
    """A socket that listens at the address or path. Raises HubSettingsError."""
    place = address(listen)
    kind = (
        socket.AF_UNIX if place is None else socket.AF_INET6 if ":" in place[0] else socket.AF_INET
    )
    listener = socket.socket(kind, socket.SOCK_STREAM)
    try:
        if place is None:
            Path(listen).unlink(missing_ok=True)
        else:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(place or listen)
        listener.listen(1_024)
        if place is None:
            Path(listen).chmod(SOCKET_MODE)
    except OSError as error:
        listener.close()
        raise HubSettingsError(
            f"listen = {listen}: {error.strerror}; allowed: an address free on this machine"
        ) from None
    return listener


def _configuration(app: Starlette) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        lifespan="off",
        ws="none",
        proxy_headers=False,
        server_header=False,
        limit_concurrency=REQUESTS_AT_ONCE,
        timeout_graceful_shutdown=SHUTDOWN_S,
    )


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield  # whoever runs the hub handles signals


async def _served(server: uvicorn.Server, listener: socket.socket) -> None:
    serving = asyncio.create_task(server.serve(sockets=[listener]), name="uvicorn")
    try:
        await asyncio.shield(serving)
    finally:
        server.should_exit = True
        await serving
