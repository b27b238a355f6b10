"""Serving the dashboard inside the gateway's own event loop.

Owns starting uvicorn without its signal handlers, and ending it with all open streams soon after a
cancellation. Must not build the application (`app`).
"""

import asyncio
import contextlib
import socket
from collections.abc import Iterator

import uvicorn
from starlette.applications import Starlette

from dashboard.live.updates import Live
from dashboard.web.connections import BACKLOG, allowed_descriptors, bounded, most_connections
from dashboard.web.entry.proxies import Proxies
from gateway.config import ConfigError, Dashboard

SHUTDOWN_S = 2
LISTEN_QUEUE = 1_024  # connections kept by the kernel; BACKLOG of them are accepted at one time


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, live: Live) -> None:
        super().__init__(config)
        self._live = live

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield  # the gateway handles signals

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        for listener in sockets or ():
            listener.listen(LISTEN_QUEUE)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._live.close()  # uvicorn waits for open responses, and a stream never ends by itself
        await super().shutdown(sockets)
        for connection in list(self.server_state.connections):
            connection.transport.abort()  # a client that reads nothing would keep it open


async def serve(app: Starlette, listener: socket.socket) -> None:
    """Serve `app` (from `create_app`) on a listening socket until cancelled."""
    proxies: Proxies = getattr(app.state, "proxies", Proxies())
    config = uvicorn.Config(
        app,
        http=bounded(most_connections(allowed_descriptors()), proxies.are_named),
        backlog=BACKLOG,
        log_config=None,
        access_log=False,
        lifespan="on",
        ws="none",
        proxy_headers=False,
        server_header=False,
        timeout_graceful_shutdown=SHUTDOWN_S,
    )
    server = _Server(config, app.state.live)
    serving = asyncio.create_task(server.serve(sockets=[listener]), name="web server")
    try:
        await asyncio.shield(serving)
    finally:
        server.should_exit = True
        await serving


def listen(host: str, port: int) -> socket.socket:
    """A socket listening at exactly this address. Raises OSError if the address is in use."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # Named as TCP: only then does asyncio set TCP_NODELAY, and a page needs no 40 ms more.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen()  # from now on the kernel queues clients instead of refusing them
    except OSError:
        listener.close()
        raise
    return listener


def listening_socket(settings: Dashboard) -> socket.socket:
    """The configured listening socket. Raises ConfigError if the address cannot be used."""
    try:
        return listen(settings.host, settings.port)
    except OSError as error:
        raise ConfigError(
            f"dashboard.host, dashboard.port = {settings.host}, {settings.port}: "
            f"{error.strerror}; allowed: an address free on this machine"
        ) from None
