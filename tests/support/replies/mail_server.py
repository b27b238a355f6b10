"""A mail server for tests: SMTP on a loopback port, which keeps what it takes and can be told to refuse."""

import asyncio
import email
import email.policy
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import EmailMessage


class MailServer:
    """The mails that arrived, in order."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []
        self.refuses = False
        self.port = 0

    def to(self, address: str) -> list[EmailMessage]:
        """The mails to an address."""
        return [one for one in self.mails if address in str(one["To"])]

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        writer.write(b"220 test\r\n")
        while line := await reader.readline():
            word = line[:4].upper()
            if word == b"DATA" and not self.refuses:
                writer.write(b"354 go on\r\n")
                self._keep(await reader.readuntil(b"\r\n.\r\n"))
            if word == b"QUIT":
                writer.write(b"221 bye\r\n")
                break
            writer.write(b"451 not now\r\n" if self.refuses and word == b"RCPT" else b"250 ok\r\n")
        writer.close()

    def text(self, number: int = 0) -> str:
        """What a mail says."""
        body = self.mails[number].get_body(("plain", "html"))
        return str(body.get_content()) if body else ""

    def _keep(self, data: bytes) -> None:
        self.mails.append(email.message_from_bytes(data[:-3], policy=email.policy.default))


@contextmanager
def mail_server() -> Iterator[MailServer]:
    """A server in a thread of its own."""
    made, started = MailServer(), threading.Event()
    loop, over = asyncio.new_event_loop(), asyncio.Event()

    async def serve() -> None:
        server = await asyncio.start_server(made.talk, "127.0.0.1", 0)
        made.port = server.sockets[0].getsockname()[1]
        started.set()
        async with server:
            await over.wait()

    thread = threading.Thread(target=lambda: loop.run_until_complete(serve()), name="mail server")
    thread.start()
    try:
        assert started.wait(10)
        yield made
    finally:
        loop.call_soon_threadsafe(over.set)
        thread.join(10)
        loop.close()
