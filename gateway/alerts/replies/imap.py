"""One mailbox by IMAP on a thread of its own: connected again and again, waiting for news (IDLE).

Owns the connection, which goes outwards only, and its limits: every wait has an end. imap-tools blocks, hence
the thread. Must not know what mails mean, nor when they are marked.
"""

import asyncio
import contextlib
import imaplib
import re
import socket
import ssl
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any, NamedTuple, Protocol, TypeVar

from gateway.alerts.replies.reconnect import Connection, WayUnreachableError
from gateway.clock import Clock

T = TypeVar("T")
TIMEOUT_S = 30.0  # for one answer of the server
IDLE_S = 240.0  # then the server must answer that it still lives
_SIZE = re.compile(rb"RFC822\.SIZE (\d+)")


class ImapSettings(Protocol):
    """The settings of a mailbox."""

    @property
    def imap_host(self) -> str: ...
    @property
    def imap_port(self) -> int: ...
    @property
    def imap_security(self) -> str: ...
    @property
    def imap_ca_file(self) -> str: ...
    @property
    def imap_username(self) -> str: ...
    @property
    def imap_password(self) -> str: ...
    @property
    def imap_folder(self) -> str: ...


class MailHead(NamedTuple):
    """What the server says of a mail. `received_at`: by the server's clock."""

    size: int
    received_at: datetime | None


class OpenMailbox:
    """A mailbox that is connected. Every verb raises what `Imap.follow` turns into an unreachable way."""

    def __init__(self, box: Any, thread: ThreadPoolExecutor) -> None:
        self._box, self._thread = box, thread

    async def unseen(self) -> list[str]:
        """The numbers of the mails that nobody has read."""
        return await self._in(lambda: list(self._box.uids("UNSEEN")))

    async def head(self, number: str) -> MailHead:
        """Size of a mail and when the server received it."""
        return await self._in(lambda: _head(self._box, number))

    async def piece(self, number: str, start: int, length: int) -> bytes:
        """A piece of a mail; it is not marked as seen by this."""
        return await self._in(lambda: _piece(self._box, number, start, length))

    async def mark(self, number: str, *flags: str) -> None:
        """Set flags of a mail."""
        await self._in(lambda: self._box.flag([number], list(flags), True))

    async def wait(self, idle_s: float) -> None:
        """Wait for news."""
        await self._in(lambda: _wait(self._box, idle_s))

    async def _in(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)


ReadNew = Callable[[OpenMailbox], Awaitable[bool]]
"""Reads some unseen mails; whether there may be more."""


class Imap:
    """The mailbox of some settings. `name`: of the connection, for people."""

    def __init__(
        self,
        settings: ImapSettings,
        name: str,
        clock: Clock,
        idle_s: float = IDLE_S,
        brings: str = "replies by",
    ) -> None:
        self._settings, self._idle_s = settings, idle_s
        self.connection = Connection(name, clock, brings=brings)

    async def follow(self, read_new: ReadNew) -> None:
        """Let `read_new` read what comes, until cancelled."""
        await self.connection.keep(lambda: self._session(read_new))

    async def _session(self, read_new: ReadNew) -> None:
        thread, boxes = ThreadPoolExecutor(1, "imap"), list[Any]()
        try:
            await asyncio.get_running_loop().run_in_executor(thread, self._open, boxes)
            self.connection.works()
            box = OpenMailbox(boxes[0], thread)
            while True:
                while await read_new(box):
                    pass
                await box.wait(self._idle_s)
        except (OSError, imaplib.IMAP4.error, ValueError) as error:
            raise WayUnreachableError(_without_secrets(error, self._settings)) from None
        except _library_error() as error:
            raise WayUnreachableError(type(error).__name__) from None
        finally:
            for one in boxes:
                _end(one)  # ends a wait in the thread
            thread.shutdown()
            for one in boxes:
                _close(one)

    def _open(self, boxes: list[Any]) -> None:
        """Connect and log in; the connection is in `boxes` as soon as it stands, so that it is closed."""
        import imap_tools  # imported here: only those who read mails need it

        one = self._settings
        context = ssl.create_default_context(cafile=one.imap_ca_file or None)
        if one.imap_security == "tls":
            box: Any = imap_tools.MailBox(
                one.imap_host, one.imap_port, TIMEOUT_S, ssl_context=context
            )
        elif one.imap_security == "starttls":
            box = imap_tools.MailBoxStartTls(one.imap_host, one.imap_port, TIMEOUT_S, context)
        else:
            box = imap_tools.MailBoxUnencrypted(one.imap_host, one.imap_port, TIMEOUT_S)
        boxes.append(box)
        box.login(one.imap_username, one.imap_password, one.imap_folder)


def _library_error() -> type[Exception]:
    import imap_tools

    return imap_tools.ImapToolsError


def _head(box: Any, number: str) -> MailHead:
    _, parts = box.client.uid("fetch", number, "(RFC822.SIZE INTERNALDATE)")
    said = b" ".join(part for part in parts if isinstance(part, bytes))
    size, stamp = _SIZE.search(said), imaplib.Internaldate2tuple(said)
    received_at = None
    if stamp is not None:
        with contextlib.suppress(OverflowError, ValueError):
            local = datetime(*stamp[:6]).astimezone()
            received_at = local
    return MailHead(int(size[1]) if size else 0, received_at)


def _piece(box: Any, number: str, start: int, length: int) -> bytes:
    _, parts = box.client.uid("fetch", number, f"(BODY.PEEK[]<{start}.{length}>)")
    return next((bytes(part[1]) for part in parts if isinstance(part, tuple)), b"")


def _wait(box: Any, idle_s: float) -> None:
    """Wait for news. The server may tell them together with its consent to wait: they are read already."""
    box.idle.start()
    if not is_buffered(box.client):
        box.idle.poll(timeout=idle_s)
    box.idle.stop()


def is_buffered(client: Any) -> bool:
    """Whether something of the server was received that nobody has read; does not wait for more."""
    file = getattr(client, "_file", None) or client.file
    before = client.sock.gettimeout()
    client.sock.settimeout(0)
    try:
        return bool(file.peek(1))
    except ssl.SSLWantReadError:  # a socket with TLS says in this way that nothing waits
        return False
    finally:
        client.sock.settimeout(before)


def _end(box: Any) -> None:
    """End the connection at once, also while the thread waits on it."""
    with contextlib.suppress(OSError):
        box.client.sock.shutdown(socket.SHUT_RDWR)


def _close(box: Any) -> None:
    """Close what nothing waits on any more."""
    with contextlib.suppress(OSError):
        box.client.shutdown()


def _without_secrets(error: Exception, settings: ImapSettings) -> str:
    """What went wrong; a server may repeat in its answer what it was sent."""
    text = f"{type(error).__name__}: {error}"[:200]
    for secret in (settings.imap_password, settings.imap_username):
        text = text.replace(secret, "...") if secret else text
    return text
