"""Connections to the pages: bounded in number and in time, so that nobody keeps a place and stays silent.

Owns how many may be open, which one makes room for another, and how long a request may take to arrive.
Must not read what a request says (that is uvicorn's).
"""

import asyncio
import fcntl
import logging
import math
import resource
import sys
import termios
from typing import Any, cast

from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle

log = logging.getLogger(__name__)

MOST = 256  # connections; a village's phones are fewer
LEAST = 8  # where the process may hardly open any file
RESERVED = (
    256  # descriptors for broker, database, messages to people, and what waits to be accepted
)
BACKLOG = 64  # connections accepted at one go: each holds a descriptor before it is counted
REQUEST_S = 15.0  # until a request's headers are here
BODY_S = 120.0  # until its body is here: a photo over a weak line
UNREAD_S = 60.0  # an answer that nobody reads
REPORT_S = 60.0  # between two lines of the log


def most_connections(descriptors: int) -> int:
    """How many connections may be open where the process may open so many `descriptors`."""
    return max(LEAST, min(MOST, descriptors - RESERVED))


def allowed_descriptors() -> int:
    """How many files and sockets this process may open."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return MOST + RESERVED if soft == resource.RLIM_INFINITY else soft


class Places:
    """The open connections of one server."""

    def __init__(self, most: int) -> None:
        self.most = most
        self._open: set[BoundedConnection] = set()
        self._waiting: dict[BoundedConnection, None] = {}  # no whole request yet, the oldest first
        self._closed = 0  # since the last line of the log
        self._reported_s = -math.inf

    def enter(self, connection: "BoundedConnection") -> None:
        """One more: when all places are taken, the one that has waited longest makes room."""
        self._open.add(connection)
        self._waiting[connection] = None
        if len(self._open) > self.most:
            self.close(next((one for one in self._waiting if one.is_free), connection))

    def __contains__(self, connection: "BoundedConnection") -> bool:
        return connection in self._open

    def leave(self, connection: "BoundedConnection") -> None:
        """It has ended."""
        self._open.discard(connection)
        self._waiting.pop(connection, None)

    def wait(self, connection: "BoundedConnection", *, waits: bool) -> None:
        """Whether a connection owes us a request."""
        if not waits:
            self._waiting.pop(connection, None)
        elif connection in self:
            self._waiting.setdefault(connection, None)

    def close(self, connection: "BoundedConnection") -> None:
        """End one that keeps a place for nothing; said once a minute."""
        self.leave(connection)
        connection.transport.abort()
        self._closed += 1
        now_s = asyncio.get_running_loop().time()
        if now_s - self._reported_s >= REPORT_S:
            log.warning(
                "closed %d connections to the pages that sent no request in time, read no answer or "
                "found no place; "
                "%d are open, at most %d may be", self._closed, len(self._open), self.most,
            )  # fmt: skip
            self._closed, self._reported_s = 0, now_s


class BoundedConnection(H11Protocol):
    """uvicorn's connection with a place and deadlines."""

    places: Places  # set by `bounded`
    _expects_s = 0.0  # the deadline that runs; 0: none
    _unsent: float = math.inf  # bytes that were not read at the last look
    _deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._expect(REQUEST_S)
        self.places.enter(self)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._deadline:
            self._deadline.cancel()
        self.places.leave(self)
        super().connection_lost(exc)

    def handle_events(self) -> None:
        super().handle_events()
        self._look()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        self._look()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._look()

    def resume_writing(self) -> None:
        super().resume_writing()
        self._look()

    @property
    def is_free(self) -> bool:
        """Whether it could end now without cutting off an answer."""
        return not self.transport.get_write_buffer_size()

    def _look(self) -> None:
        """What is due next: a request, the rest of its body, a reader, or nothing while we work."""
        if self not in self.places:
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
        self.places.wait(self, waits=expected_s > 0)
        if expected_s != self._expects_s:
            self._expect(expected_s)

    def _expect(self, within_s: float) -> None:
        """What is due must come `within_s`; 0: nothing is due."""
        if self._deadline:
            self._deadline.cancel()
        self._expects_s, self._unsent = within_s, math.inf
        self._deadline = self.loop.call_later(within_s, self._late) if within_s else None

    def _late(self) -> None:
        """Close it, unless an answer is still being read, however slowly."""
        unsent = unread_bytes(self.transport)
        if 0 < unsent < self._unsent:
            self._unsent = unsent
            self._deadline = self.loop.call_later(UNREAD_S, self._late)
        else:
            self.places.close(self)


def unread_bytes(transport: asyncio.Transport) -> int:
    """What the other side has not taken yet, in our memory and in the kernel's."""
    sock = transport.get_extra_info("socket")
    if sock is None or sock.fileno() < 0:
        return 0
    kernel = fcntl.ioctl(sock.fileno(), termios.TIOCOUTQ, bytes(4))
    return transport.get_write_buffer_size() + int.from_bytes(kernel, sys.byteorder)


def bounded(most: int) -> type[BoundedConnection]:
    """The class of a server's connections, at most so many of them."""
    attributes: dict[str, Any] = {"places": Places(most)}
    return type("BoundedConnection", (BoundedConnection,), attributes)
