"""One stream of server-sent events over HTTP, compressed where the reader takes it.

Owns the bytes of the answer and its end. Must not know what an event says. An event is compressed once,
on its own, for all readers: a gzip stream may be put together from blocks that do not refer to each other.
"""

import asyncio
import zlib
from collections.abc import AsyncIterator
from functools import cached_property

from starlette.requests import Request
from starlette.types import Receive, Scope, Send

from dashboard.live.streaming.open_streams import OpenStreams, StreamPlace

GZIP_BEGIN = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"
LAST_BLOCK = b"\x03\x00"
LET_GO = b"event: let-go\ndata: {}\n\n"
HEADERS = {
    "content-type": "text/event-stream; charset=utf-8",
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
    "x-accel-buffering": "no",  # nginx hands each event on at once
    "vary": "Accept-Encoding",
}


class Payload:
    """The bytes of one event, shared by all streams that send it."""

    def __init__(self, plain: bytes) -> None:
        self.plain = plain

    @cached_property
    def block(self) -> bytes:
        """The event as blocks of a deflate stream that end at a whole byte."""
        packer = zlib.compressobj(6, zlib.DEFLATED, -zlib.MAX_WBITS)
        return packer.compress(self.plain) + packer.flush(zlib.Z_SYNC_FLUSH)


class EventStream:
    """The answer to one request; ends with the reader, the events, or at the limit of streams."""

    def __init__(
        self, request: Request, events: AsyncIterator[Payload], streams: OpenStreams, reader: str
    ) -> None:
        self._events, self._streams, self._reader = events, streams, reader
        self._gzip = _takes_gzip(request.headers.get("accept-encoding", ""))
        self._only_head = request.method == "HEAD"
        self._checksum = self._size = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer."""
        headers = HEADERS | ({"content-encoding": "gzip"} if self._gzip else {})
        raw = [(name.encode(), value.encode()) for name, value in headers.items()]
        await send({"type": "http.response.start", "status": 200, "headers": raw})
        if self._only_head:
            await send({"type": "http.response.body", "body": b""})
            return
        with self._streams.place(self._reader) as place:
            await self._run(place, receive, send)

    async def _run(self, place: StreamPlace, receive: Receive, send: Send) -> None:
        if self._gzip:
            await send(_body(GZIP_BEGIN))
        async with asyncio.TaskGroup() as group:
            sending = group.create_task(self._send_all(send), name="stream: send")
            leaving = group.create_task(_left(receive), name="stream: reader leaves")
            letting_go = group.create_task(place.lets_go.wait(), name="stream: let go")
            tasks = {sending, leaving, letting_go}
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in tasks:
                task.cancel()
        if leaving.cancelled():
            await self._end(send, LET_GO if sending.cancelled() else b"")

    async def _send_all(self, send: Send) -> None:
        async for payload in self._events:
            await send(_body(payload.block if self._gzip else payload.plain))
            self._count(payload.plain)

    async def _end(self, send: Send, last: bytes) -> None:
        body = last
        if self._gzip:
            self._count(last)
            body = Payload(last).block + LAST_BLOCK + self._checksum.to_bytes(4, "little")
            body += (self._size & 0xFFFFFFFF).to_bytes(4, "little")
        await send({"type": "http.response.body", "body": body, "more_body": False})

    def _count(self, plain: bytes) -> None:
        """Keep what the end of a gzip stream says of its content; only of what was handed over."""
        self._checksum = zlib.crc32(plain, self._checksum)
        self._size += len(plain)


def _takes_gzip(accepted: str) -> bool:
    """Whether a reader takes gzip, by its Accept-Encoding."""
    for part in accepted.lower().split(","):
        name, _, quality = part.strip().partition(";")
        if name.strip() == "gzip":
            return quality.replace(" ", "").removeprefix("q=") not in {"0", "0.0", "0.00", "0.000"}
    return False


def _body(data: bytes) -> dict[str, object]:
    return {"type": "http.response.body", "body": data, "more_body": True}


async def _left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
