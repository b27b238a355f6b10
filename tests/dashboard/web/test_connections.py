"""Connections to the pages: who is closed, who is not, and when."""

import asyncio
import logging
import socket
from collections.abc import Awaitable, Callable
from types import SimpleNamespace
from typing import Protocol

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from dashboard import serve
from dashboard.web import connections
from dashboard.web.connections import (
    MAX_CONNECTIONS,
    MIN_CONNECTIONS,
    RESERVED,
    most_connections,
    network_of,
)
from tests.support.servers import free_port

LARGE = 30_000_000  # bytes: more than the kernel keeps on both sides
ASK = b"GET %s HTTP/1.1\r\nHost: a\r\n\r\n"
QUICK_S, LONG_S = 0.3, 60.0

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


@pytest.fixture
def limit_connections(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    def limit(number: int) -> None:
        monkeypatch.setattr(serve, "most_connections", lambda _: number)

    return limit


@pytest.mark.parametrize(
    ("deadline", "first"),
    [
        ("REQUEST_S", b""),
        ("REQUEST_S", b"GET / HT"),
        ("BODY_S", b"POST /take HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nhalf"),
    ],
)
def test_an_incomplete_request_is_ended_after_the_deadline(
    monkeypatch: pytest.MonkeyPatch, deadline: str, first: bytes
) -> None:
    monkeypatch.setattr(connections, deadline, QUICK_S)

    async def scenario(_: Pages, connect: Connect) -> None:
        reader, _writer = await connect(first)
        assert await is_ended(reader)

    run(scenario)


def test_single_bytes_do_not_extend_the_deadline_of_a_request(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(connections, "REQUEST_S", QUICK_S)

    async def scenario(_: Pages, connect: Connect) -> None:
        reader, writer = await connect(b"GET / HTTP/1.1\r\n")
        ended = asyncio.create_task(is_ended(reader))
        while not ended.done():
            writer.write(b"a: b\r\n")
            await asyncio.sleep(QUICK_S / 10)
        assert await ended

    run(scenario)


def test_a_slow_answer_does_not_end_the_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    for deadline in ("REQUEST_S", "BODY_S", "UNREAD_S"):
        monkeypatch.setattr(connections, deadline, QUICK_S)

    async def scenario(pages: Pages, connect: Connect) -> None:
        reader, _writer = await connect(ASK % b"/wait")
        await pages.asked.wait()
        await asyncio.sleep(3 * QUICK_S)
        pages.go.set()
        assert b"at last" in await reader.readuntil(b"at last")

    run(scenario)


def test_a_connection_whose_client_reads_nothing_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "UNREAD_S", QUICK_S)
    monkeypatch.setattr(connections, "REQUEST_S", QUICK_S)

    async def scenario(_: Pages, connect: Connect) -> None:
        reader, _writer = await connect(ASK % b"/large")
        await asyncio.sleep(10 * QUICK_S)
        got = 0
        try:
            while chunk := await reader.read(1_000_000):
                got += len(chunk)
        except ConnectionError:
            pass
        assert got < LARGE

    run(scenario)


def test_a_client_that_reads_slowly_gets_the_whole_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    """The control: the same answer over a line that takes many deadlines."""
    monkeypatch.setattr(connections, "UNREAD_S", QUICK_S)
    monkeypatch.setattr(connections, "REQUEST_S", QUICK_S)

    async def scenario(_: Pages, connect: Connect) -> None:
        reader, writer = await connect(ASK % b"/large")
        await reader.readuntil(b"\r\n\r\n")
        left = LARGE
        while left:
            chunk = await reader.read(200_000)
            assert chunk, f"cut off {left} bytes before the end"
            left -= len(chunk)
            await asyncio.sleep(QUICK_S / 20)
        writer.close()

    run(scenario)


def test_at_the_connection_limit_the_longest_idle_connection_is_ended(
    limit_connections: Callable[[int], None], caplog: pytest.LogCaptureFixture
) -> None:
    limit_connections(3)

    async def scenario(pages: Pages, connect: Connect) -> None:
        busy, _1 = await connect(ASK % b"/wait")
        await pages.asked.wait()
        silent = [await connect(b"") for _ in range(2)]
        visitors = [await connect(b"") for _ in range(2)]
        for reader, _writer in silent:
            assert await is_ended(reader)
        visitors[1][1].write(b"POST /take HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello")
        assert b"hello" in await visitors[1][0].readuntil(b"hello")
        pages.go.set()
        assert b"at last" in await busy.readuntil(b"at last")

    with caplog.at_level(logging.WARNING, "dashboard"):
        run(scenario)
    assert len([one for one in caplog.messages if "no request in time" in one]) == 1


def test_at_the_limit_with_no_idle_connection_a_new_one_is_refused(
    limit_connections: Callable[[int], None],
) -> None:
    limit_connections(1)

    async def scenario(pages: Pages, connect: Connect) -> None:
        busy, _1 = await connect(ASK % b"/wait")
        await pages.asked.wait()
        reader, _2 = await connect(ASK % b"/wait")
        assert await is_ended(reader)
        pages.go.set()
        assert b"at last" in await busy.readuntil(b"at last")

    run(scenario)


def test_a_page_does_not_wait_until_its_first_part_is_acknowledged(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """TCP_NODELAY: without it each further page of a connection takes 40 ms more."""
    sends_at_once: list[int] = []
    made = connections.BoundedConnection.connection_made

    def note(self: connections.BoundedConnection, transport: asyncio.Transport) -> None:
        made(self, transport)
        option = socket.IPPROTO_TCP, socket.TCP_NODELAY
        sends_at_once.append(transport.get_extra_info("socket").getsockopt(*option))

    monkeypatch.setattr(connections.BoundedConnection, "connection_made", note)

    async def scenario(pages: Pages, connect: Connect) -> None:
        pages.go.set()
        reader, _writer = await connect(ASK % b"/wait")
        assert b"at last" in await reader.readuntil(b"at last")

    run(scenario)
    assert sends_at_once == [1]


def test_one_connection_carries_many_requests(limit_connections: Callable[[int], None]) -> None:
    limit_connections(1)

    async def scenario(_: Pages, connect: Connect) -> None:
        reader, writer = await connect(b"")
        for number in range(5):
            body = str(number).encode()
            writer.write(b"POST /take HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\n" + body)
            await reader.readuntil(b"\r\n\r\n")
            assert await reader.readexactly(1) == body

    run(scenario)


@pytest.mark.parametrize(
    ("descriptors", "limit"),
    [
        (1_024, MAX_CONNECTIONS),
        (524_288, MAX_CONNECTIONS),
        (400, 400 - RESERVED),
        (64, MIN_CONNECTIONS),
    ],
)
def test_file_descriptors_are_reserved_for_broker_and_database(
    descriptors: int, limit: int
) -> None:
    assert most_connections(descriptors) == limit


def test_one_address_takes_no_place_from_others(limit_connections: Callable[[int], None]) -> None:
    limit_connections(2 * MIN_CONNECTIONS)

    async def scenario(_: Pages, connect: Connect) -> None:
        own = await connect(b"")
        flood = [await connect(b"", "127.0.0.2") for _ in range(4 * MIN_CONNECTIONS)]
        for reader, _writer in flood[: 3 * MIN_CONNECTIONS]:
            assert await is_ended(reader)
        body = b"POST /take HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello"
        for reader, writer in (own, flood[-1], await connect(b"", "127.0.0.3")):
            writer.write(body)
            assert b"hello" in await reader.readuntil(b"hello")

    run(scenario)


def test_control_without_a_limit_for_each_address_the_first_visitor_loses_the_place(
    limit_connections: Callable[[int], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    limit_connections(2 * MIN_CONNECTIONS)
    monkeypatch.setattr(connections, "network_of", lambda _: "")

    async def scenario(_: Pages, connect: Connect) -> None:
        own, _writer = await connect(b"")
        for _number in range(4 * MIN_CONNECTIONS):
            await connect(b"", "127.0.0.2")
        assert await is_ended(own)

    run(scenario)


@pytest.mark.parametrize(
    ("peer", "network"),
    [
        (("192.168.1.7", 5), "192.168.1.7"),
        (("::ffff:192.168.1.7", 5, 0, 0), "192.168.1.7"),
        (("2001:db8:1:2:3::4", 5, 0, 0), "2001:db8:1:2::/64"),
        (("fe80::1%eth0", 5, 0, 2), "fe80::/64"),
        (("127.0.0.1", 5), ""),
        (("::ffff:127.0.0.1", 5, 0, 0), ""),
        (("::1", 5, 0, 0), ""),
        (None, ""),
        ("/run/socket", ""),
    ],
)
def test_a_client_is_an_ipv4_address_or_an_ipv6_network(peer: object, network: str) -> None:
    assert network_of(peer) == network
