"""Many connections to the pages at once: silent ones, and pages of people who are logged in.

Owns the sockets and the sessions that they send. Must not judge what the gateway does.
"""

import contextlib
import secrets
import socket
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Self

from dashboard.web.auth import COOKIE
from dashboard.web.entry.passwords import hash_password
from dashboard.web.entry.sessions import mark_of
from gateway.domain.people.person import Person, PersonChannel, UserRole
from gateway.domain.people.session import Session, token_id
from gateway.store import Store
from tests.faults.visitors.measured import SPRUNG
from tests.support.people import keep
from tests.support.samples import TOKYO
from tests.support.service import Service

LIVE = "GET /live?panel=alerts&panel=traps HTTP/1.1\r\nHost: 127.0.0.1\r\n"
CONNECT_S = 10.0


class Crowd:
    """The connections; a context manager that closes them all."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._silent: dict[socket.socket, bytes] = {}
        self.streams: list[socket.socket] = []

    def be_silent(self, number: int, first: bytes = b"") -> None:
        """Connect and say nothing, or the beginning of a request."""
        for _ in range(number):
            self._silent[self._connect("127.0.0.1", first)] = first

    def come_again(self) -> int:
        """Replace silent connections that the server has ended; how many there were."""
        ended = [one for one in self._silent if _has_ended(one)]
        for one in ended:
            one.close()
            self.be_silent(1, self._silent.pop(one))
        return len(ended)

    def open_streams(self, number: int, tokens: Sequence[str], addresses: int) -> None:
        """Open pages that only listen, with these sessions in turn, from so many addresses."""
        for n in range(number):
            ask = f"{LIVE}Cookie: {COOKIE}={tokens[n % len(tokens)]}\r\n\r\n"
            self.streams.append(self._connect(f"127.0.1.{1 + n % addresses}", ask.encode()))

    def told_so_far(self) -> int:
        """How many streams have been sent that a trap has sprung."""
        return sum(is_told(one) for one in self.streams)

    def _connect(self, source: str, first: bytes) -> socket.socket:
        one = socket.create_connection(
            ("127.0.0.1", self._port), timeout=CONNECT_S, source_address=(source, 0)
        )
        with contextlib.suppress(OSError):  # it may have been closed already
            one.sendall(first)
        one.setblocking(False)
        return one

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for one in (*self._silent, *self.streams):
            one.close()


def is_told(stream: socket.socket) -> bool:
    """Whether a stream has been sent that a trap has sprung, since it was last asked."""
    with contextlib.suppress(OSError):
        return SPRUNG in stream.recv(1_000_000)
    return False


def _has_ended(one: socket.socket) -> bool:
    try:
        return one.recv(1) == b""
    except BlockingIOError:
        return False
    except OSError:
        return True


def members(
    service: Service, number: int, password: str = "", role: UserRole = UserRole.TRAPPER
) -> list[str]:
    """Put people and a session each into the database; gives the sessions' tokens.

    The first one, `tanaka`, is told of alerts. `password`: of all of them.
    """
    hashed = hash_password(password) if password else ""
    now, tokens = datetime.now(UTC), [secrets.token_urlsafe(32) for _ in range(number)]
    store = Store(service.database, TOKYO)
    for n, token in enumerate(tokens):
        person = Person(
            name=f"member-{n}" if n else "tanaka",
            language="en",
            role=role,
            channels=() if n else (PersonChannel("1", "console:"),),
            password_hash=hashed,
        )
        keep(store, person)
        session = Session(token_id(token), person.name, now, now, "test", mark_of(person))
        store.write_now(lambda tx, one=session: tx.sessions.put(one))  # type: ignore[misc]
    store.close()
    return tokens
