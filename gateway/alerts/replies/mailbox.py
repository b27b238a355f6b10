"""Follows a mailbox by IMAP: unseen mails are read at once (IDLE), handed on, then marked as seen.

Owns the connection, which goes outwards only, and its limits: at most MAX_BYTES of a mail are fetched, and
every wait has an end. imap-tools blocks, so one thread of its own serves it. Must not read what a mail says
(`reply_mail`). A mail is marked after what it says is on the disk: after a crash between it is read
again, which changes nothing twice.
"""

import asyncio
import contextlib
import imaplib
import socket
import ssl
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from gateway.alerts.replies import Deliver, reply_mail
from gateway.alerts.replies.reconnect import Connection, WayUnreachableError
from gateway.clock import Clock
from gateway.config import ConfigError
from gateway.config.replies import Replies

T = TypeVar("T")
TIMEOUT_S = 30.0  # for one answer of the server
IDLE_S = 240.0  # then the server must answer that it still lives
AT_ONCE = 20  # mails
LOCAL = {"localhost", "127.0.0.1", "::1"}


class Mailbox:
    """The mailbox of the settings. `idle_s`: how long one wait for news lasts."""

    def __init__(self, settings: Replies, clock: Clock, idle_s: float = IDLE_S) -> None:
        if settings.imap_security == "none" and settings.imap_host not in LOCAL:
            raise ConfigError(
                'replies.imap_security = "none" sends the password in clear text: use tls or starttls'
            )
        self._settings, self._idle_s = settings, idle_s
        self.connection = Connection("mail", clock)

    async def follow(self, deliver: Deliver) -> None:
        """Hand on the replies until cancelled."""
        await self.connection.keep(lambda: self._session(deliver))

    async def _session(self, deliver: Deliver) -> None:
        thread, boxes = ThreadPoolExecutor(1, "imap"), list[Any]()
        try:
            await _in(thread, lambda: self._open(boxes))
            [box] = boxes
            self.connection.works()
            while True:
                while await self._read_new(thread, box, deliver):
                    pass
                await _in(thread, lambda: _wait(box, self._idle_s))
        except (OSError, imaplib.IMAP4.error, ValueError) as error:
            raise WayUnreachableError(_without_secrets(error, self._settings)) from None
        except self._library_error() as error:
            raise WayUnreachableError(type(error).__name__) from None
        finally:
            for one in boxes:
                _end(one)  # ends a wait in the thread
            thread.shutdown()
            for one in boxes:
                _close(one)

    async def _read_new(self, thread: ThreadPoolExecutor, box: Any, deliver: Deliver) -> bool:
        """Hand on some unseen mails; whether there may be more."""
        numbers: list[str] = (await _in(thread, lambda: box.uids("UNSEEN")))[:AT_ONCE]
        for number in numbers:
            raw = await _in(thread, lambda n=number: _fetched(box, n))  # type: ignore[misc]
            if reply := reply_mail.read(raw, number):
                await deliver(reply)
            await _in(thread, lambda n=number: box.flag([n], r"\Seen", True))  # type: ignore[misc]
        return len(numbers) == AT_ONCE

    def _open(self, boxes: list[Any]) -> None:
        """Connect and log in; the connection is in `boxes` as soon as it stands, so that it is closed."""
        import imap_tools  # imported here: only replies by mail need it

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

    @staticmethod
    def _library_error() -> type[Exception]:
        import imap_tools

        return imap_tools.ImapToolsError


async def _in(thread: ThreadPoolExecutor, work: Callable[[], T]) -> T:
    return await asyncio.get_running_loop().run_in_executor(thread, work)


def _fetched(box: Any, number: str) -> bytes:
    """The beginning of a mail; it is not marked as seen by this."""
    _, parts = box.client.uid("fetch", number, f"(BODY.PEEK[]<0.{reply_mail.MAX_BYTES}>)")
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


def _without_secrets(error: Exception, settings: Replies) -> str:
    """What went wrong; a server may repeat in its answer what it was sent."""
    text = f"{type(error).__name__}: {error}"[:200]
    for secret in (settings.imap_password, settings.imap_username):
        text = text.replace(secret, "...") if secret else text
    return text
