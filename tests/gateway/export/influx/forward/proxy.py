"""A proxy before the real InfluxDB that answers badly on purpose.

Faults by request: answer something else, answer late, cut the line before or after the server heard it.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable

from msgspec import Struct

LINE = b"\r\n"


class Fault(Struct, frozen=True):
    """What happens to one request instead of the plain answer."""

    status: int = 0  # answer this, without asking the server
    body: str = ""
    headers: str = ""
    delay_s: float = 0.0  # before anything else
    cut: str = ""  # "before": the server never hears it; "after": its answer never arrives


Choose = Callable[[str, int], Fault | None]
"""(path, number of the write from 0) -> fault, or None for none."""


class Proxy:
    """Listens on `port`; `choose` may be changed at any time."""

    def __init__(self, upstream: int) -> None:
        self.upstream = upstream
        self.port = 0
        self.choose: Choose = lambda path, number: None
        self.writes = 0
        self.talks: set[asyncio.Task[None]] = set()
        self.largest = 0  # bytes of a write's body

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task
        self.talks.add(task)
        try:
            with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
                while await self._one(reader, writer):
                    pass
        finally:
            self.talks.discard(task)
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Handle one request; False when the connection is to be closed."""
        head = await reader.readuntil(LINE + LINE)
        body = await reader.readexactly(_length(head))
        path = head.split(b" ", 2)[1].decode()
        fault = self._fault(path, len(body))
        await asyncio.sleep(fault.delay_s)
        if fault.cut == "before":
            return False
        if fault.status:
            writer.write(_answer(fault))
            return True
        reply = await self._forward(head, body)
        if fault.cut == "after":
            return False
        writer.write(reply)
        await writer.drain()
        return False  # the reply is delimited by the end of the connection

    def _fault(self, path: str, size: int) -> Fault:
        number = self.writes
        if path.startswith("/write"):
            self.writes += 1
            self.largest = max(self.largest, size)
        return self.choose(path, number) or Fault()

    async def _forward(self, head: bytes, body: bytes) -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.upstream)
        writer.write(head.removesuffix(LINE) + b"Connection: close\r\n\r\n" + body)
        try:
            return await reader.read(-1)
        finally:
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()


def _length(head: bytes) -> int:
    for line in head.lower().split(LINE):
        if line.startswith(b"content-length:"):
            return int(line.split(b":")[1])
    return 0


def _answer(fault: Fault) -> bytes:
    head = f"HTTP/1.1 {fault.status} X\r\nContent-Length: {len(fault.body.encode())}\r\n"
    return (head + fault.headers + "\r\n" + fault.body).encode()


@contextlib.asynccontextmanager
async def proxy(upstream: int) -> AsyncIterator[Proxy]:
    """A running proxy before a server on loopback."""
    made = Proxy(upstream)
    server = await asyncio.start_server(made._serve, "127.0.0.1", 0)
    made.port = server.sockets[0].getsockname()[1]
    async with server:
        yield made
        for talk in made.talks:
            talk.cancel()
        await asyncio.gather(*made.talks, return_exceptions=True)
