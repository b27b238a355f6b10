"""What stands before a hub in these tests: it names the town, as the real proxy does by the certificate.

Owns handing requests on, and cutting some of them before or after the hub has taken them. Must not look into
what is sent.
"""

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Door:
    """The door of one hub. `cut`: the share of requests that end without an answer."""

    def __init__(self, hub: str, town: str, serial: str) -> None:
        self.hub, self.town, self.serial = hub, town, serial
        self.cut, self.is_open = 0.0, True
        self.requests = self.sent_bytes = 0
        self._rng = random.Random(7)
        self.url = ""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection of a town."""
        parts = urlsplit(self.hub)
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            inner = await asyncio.open_connection(parts.hostname, parts.port)
            try:
                while await self._hand_on((reader, writer), inner):
                    pass
            finally:
                inner[1].close()
        writer.close()

    async def _hand_on(self, outer: Streams, inner: Streams) -> bool:
        """One request and its answer; False: the connection ends."""
        head, body = await _message(outer[0])
        self.requests += 1
        self.sent_bytes += len(head) + len(body)
        if not self.is_open or self._rng.random() < self.cut / 2:
            return False
        named = f"X-Shishigaki-Town: {self.town}\r\nX-Shishigaki-Serial: {self.serial}\r\n\r\n"
        inner[1].write(head[:-2] + named.encode() + body)
        answer, content = await _message(inner[0])
        if self._rng.random() < self.cut / 2:
            return False
        outer[1].write(answer + content)
        await outer[1].drain()
        return True


async def _message(reader: asyncio.StreamReader) -> tuple[bytes, bytes]:
    """The head, with its empty line, and the body of a request or answer."""
    head = await reader.readuntil(b"\r\n\r\n")
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            return head, await reader.readexactly(int(value))
    return head, b""


@contextlib.asynccontextmanager
async def door(hub: str, town: str, serial: str) -> AsyncIterator[Door]:
    """A door that is open until the block ends."""
    made = Door(hub, town, serial)
    server = await asyncio.start_server(made.serve, "127.0.0.1", 0)
    made.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with server:
        yield made
