"""A server on a loopback port, and visitors who connect to it."""

import asyncio
from collections.abc import Awaitable, Callable
from types import SimpleNamespace
from typing import Protocol

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from dashboard import serve
from tests.support.servers import free_port

LARGE = 30_000_000  # bytes: more than the kernel keeps on both sides
ASK = b"GET %s HTTP/1.1\r\nHost: a\r\n\r\n"

Visitor = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Connect(Protocol):
    """Opens a connection and sends the first bytes; `source` is an address of the client."""

    async def __call__(self, first: bytes, source: str = "127.0.0.1") -> Visitor: ...


class Pages:
    """An application whose answers the test holds back or makes large."""

    def __init__(self) -> None:
        self.asked, self.go = asyncio.Event(), asyncio.Event()

    async def wait(self, _: Request) -> Response:
        self.asked.set()
        await self.go.wait()
        return Response(b"at last")

    async def large(self, _: Request) -> Response:
        return Response(bytes(LARGE))

    async def take(self, request: Request) -> Response:
        return Response(await request.body())

    def app(self) -> Starlette:
        routes = [
            Route("/wait", self.wait),
            Route("/large", self.large),
            Route("/take", self.take, methods=["POST"]),
        ]
        app = Starlette(routes=routes)
        app.state.live = SimpleNamespace(close=lambda: None)
        return app


def run(scenario: Callable[[Pages, Connect], Awaitable[None]]) -> None:
    """Against a real server on a loopback port."""

    async def inside() -> None:
        pages, port = Pages(), free_port()
        listener = serve.listen("127.0.0.1", port)
        server = asyncio.create_task(serve.serve(pages.app(), listener))
        writers: list[asyncio.StreamWriter] = []

        async def connect(first: bytes, source: str = "127.0.0.1") -> Visitor:
            reader, writer = await asyncio.open_connection(
                "127.0.0.1", port, local_addr=(source, 0)
            )
            writers.append(writer)
            writer.write(first)
            return reader, writer

        try:
            async with asyncio.timeout(60):
                await scenario(pages, connect)
        finally:
            pages.go.set()
            for writer in writers:
                writer.transport.abort()
            server.cancel()
            await asyncio.wait([server])
            listener.close()

    asyncio.run(inside())


async def is_ended(reader: asyncio.StreamReader) -> bool:
    """Wait for the end of a connection; whether nothing came before it."""
    try:
        return await reader.read() == b""
    except ConnectionError:
        return True
