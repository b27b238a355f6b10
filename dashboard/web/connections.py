"""Connections to the pages: limits of number and time, so that idle clients cannot block the server.

Owns how many may be open, in all and of one network, which one is closed when there are too many, and how
long a request may take to arrive. Must not parse requests: uvicorn does.
"""

import asyncio
import fcntl
import logging
import math
import resource
import sys
import termios
from collections.abc import Callable
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Any, cast

from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle

log = logging.getLogger(__name__)

MAX_CONNECTIONS = 256  # connections; a village's phones are fewer
MIN_CONNECTIONS = 8  # if the process may open only few files
PROXIES = {"127.0.0.1", "::1"}
RESERVED = 256  # descriptors for broker, database, notifications and connections being accepted
BACKLOG = 64  # connections accepted at one time: each has a descriptor before it is counted
REQUEST_S = 15.0  # time limit for the headers of a request
BODY_S = 120.0  # time limit for the body
BODY_BYTES = (
    60_000  # of the body; whoever sends as much in it gets it again: photos over one bar of signal
)
BODY_TIMES = 7  # time limits that one body may take
UNREAD_S = 60.0  # time limit for a response of which the client reads nothing
REPORT_S = 60.0  # between two log messages


def most_connections(descriptors: int) -> int:
    """How many connections may be open where the process may open so many `descriptors`."""
    return max(MIN_CONNECTIONS, min(MAX_CONNECTIONS, descriptors - RESERVED))


def allowed_descriptors() -> int:
    """How many files and sockets this process may open."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return MAX_CONNECTIONS + RESERVED if soft == resource.RLIM_INFINITY else soft


class OpenConnections:
    """The open connections of one server."""

    def __init__(self, most: int) -> None:
        self.most, self.per_network = most, max(MIN_CONNECTIONS, most // 4)
        self._open: set[BoundedConnection] = set()
        self._waiting: dict[BoundedConnection, None] = {}  # request not complete, the oldest first
        self._closed = 0  # since the last log message
        self._reported_s = -math.inf

    def enter(self, connection: "BoundedConnection") -> None:
        """Add a connection; if there are too many, close the one that has waited longest.

        If there are too many from one network, one of that network: it takes no place from others.
        """
        self._open.add(connection)
        self._waiting[connection] = None
        network = connection.network
        if network and self._count(network) > self.per_network:
            self.close(self._longest_waiting(network) or connection)
        elif len(self._open) > self.most:
            self.close(self._longest_waiting() or connection)

    def _count(self, network: str) -> int:
        return sum(one.network == network for one in self._open)

    def _longest_waiting(self, network: str = "") -> "BoundedConnection | None":
        """One that could be closed without cutting off an answer."""
        fitting = (one for one in self._waiting if not network or one.network == network)
        return next((one for one in fitting if one.is_free), None)

    def __contains__(self, connection: "BoundedConnection") -> bool:
        return connection in self._open

    def leave(self, connection: "BoundedConnection") -> None:
        """Remove a connection that has ended."""
        self._open.discard(connection)
        self._waiting.pop(connection, None)

    def wait(self, connection: "BoundedConnection", *, waits: bool) -> None:
        """Note whether a connection still has to send a request."""
        if not waits:
            self._waiting.pop(connection, None)
        elif connection in self:
            self._waiting.setdefault(connection, None)

    def close(self, connection: "BoundedConnection") -> None:
        """Close an idle connection; logged at most once a minute."""
        self.leave(connection)
        connection.transport.abort()
        self._closed += 1
        now_s = asyncio.get_running_loop().time()
        if now_s - self._reported_s >= REPORT_S:
            log.warning(
                "closed %d connections to the pages (no request in time, response not read, or too "
                "many connections); %d are open, at most %d are allowed",
                self._closed,
                len(self._open),
                self.most,
            )
            self._closed, self._reported_s = 0, now_s


class BoundedConnection(H11Protocol):
    """A connection of uvicorn with deadlines, counted in `OpenConnections`."""

    open_connections: OpenConnections  # set by `bounded`
    _expects_s = 0.0  # length of the current deadline; 0: none
    _unsent: float = math.inf  # bytes not read by the client at the last check
    _deadline: asyncio.TimerHandle | None = None
    _arrived = 0  # bytes since the deadline was set or extended
    _extended = 0  # how often this deadline was extended
    network = ""  # that counts as one client; "": a proxy has many of them
    is_proxy: Callable[[str], bool]  # set by `bounded`

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        peer = transport.get_extra_info("peername")
        is_proxy = isinstance(peer, tuple) and self.is_proxy(str(peer[0]))
        self.network = "" if is_proxy else network_of(peer)
        self._set_deadline(REQUEST_S)
        self.open_connections.enter(self)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._deadline:
            self._deadline.cancel()
        self.open_connections.leave(self)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        self._arrived += len(data)
        super().data_received(data)

    def handle_events(self) -> None:
        super().handle_events()
        self._update_deadline()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        self._update_deadline()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._update_deadline()

    def resume_writing(self) -> None:
        super().resume_writing()
        self._update_deadline()

    @property
    def is_free(self) -> bool:
        """Whether it could be closed now without breaking a response."""
        return not self.transport.get_write_buffer_size()

    def _update_deadline(self) -> None:
        """Set the deadline of what is expected next: a request, its body, or reading a response."""
        if self not in self.open_connections:
            return
        cycle = cast("RequestResponseCycle | None", self.cycle)
        if self.transport.is_closing():
            expected_s = UNREAD_S
        elif cycle is None or cycle.response_complete:
            expected_s = REQUEST_S
        elif cycle.more_body:
            expected_s = BODY_S
        else:
            expected_s = UNREAD_S if self.flow.write_paused else 0.0
        self.open_connections.wait(self, waits=expected_s > 0)
        if expected_s != self._expects_s:
            self._set_deadline(expected_s)

    def _set_deadline(self, within_s: float) -> None:
        """Start a deadline of `within_s`; 0: no deadline."""
        if self._deadline:
            self._deadline.cancel()
        self._expects_s, self._unsent = within_s, math.inf
        self._arrived = self._extended = 0
        self._deadline = self.loop.call_later(within_s, self._deadline_passed) if within_s else None

    def _deadline_passed(self) -> None:
        """Close the connection, unless a body still arrives or the client is still reading a response."""
        if self._expects_s == BODY_S and self._body_arrives():
            self._deadline = self.loop.call_later(BODY_S, self._deadline_passed)
            return
        unsent = unread_bytes(self.transport)
        if 0 < unsent < self._unsent:
            self._unsent = unsent
            self._deadline = self.loop.call_later(UNREAD_S, self._deadline_passed)
        else:
            self.open_connections.close(self)

    def _body_arrives(self) -> bool:
        """Whether so much came within the time limit that the body gets it once more."""
        arrived, self._arrived = self._arrived, 0
        self._extended += 1
        return arrived >= BODY_BYTES and self._extended < BODY_TIMES


def network_of(peer: object) -> str:
    """Whose connections are counted together: an IPv4 address, or the /64 network of an IPv6 address.

    "" for this machine's usual addresses: behind a proxy here everybody comes from there.
    """
    try:
        address = ip_address(str(peer[0]).partition("%")[0]) if isinstance(peer, tuple) else None
    except ValueError:
        return ""
    if isinstance(address, IPv6Address):
        address = address.ipv4_mapped or address
    if address is None or str(address) in PROXIES:
        return ""
    if isinstance(address, IPv6Address):
        return str(ip_network((address, 64), strict=False))
    return str(address)


def unread_bytes(transport: asyncio.Transport) -> int:
    """Number of bytes not yet received by the client, in our buffer and in the kernel's."""
    sock = transport.get_extra_info("socket")
    if sock is None or sock.fileno() < 0:
        return 0
    kernel = fcntl.ioctl(sock.fileno(), termios.TIOCOUTQ, bytes(4))
    return transport.get_write_buffer_size() + int.from_bytes(kernel, sys.byteorder)


def bounded(
    most: int, is_proxy: Callable[[str], bool] = lambda _: False
) -> type[BoundedConnection]:
    """A connection class for one server with at most `most` connections; proxies have many clients."""
    attributes: dict[str, Any] = {
        "open_connections": OpenConnections(most),
        "is_proxy": staticmethod(is_proxy),
    }
    return type("BoundedConnection", (BoundedConnection,), attributes)
