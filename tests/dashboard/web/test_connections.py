"""Connections to the pages: who is closed, who is not, and when."""

import asyncio
import contextlib
import socket
from collections.abc import Callable

import pytest

from dashboard import serve
from dashboard.web import connections
from tests.dashboard.web.visitors import ASK, LARGE, Connect, Pages, is_ended, run

QUICK_S, LONG_S = 0.3, 60.0


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


@pytest.mark.parametrize(
    ("least", "times", "ends"), [(20, 99, False), (2_000, 99, True), (20, 2, True)]
)
def test_a_body_that_keeps_arriving_is_not_cut_off_and_one_that_trickles_is(
    monkeypatch: pytest.MonkeyPatch, least: int, times: int, ends: bool
) -> None:
    for name, value in (("BODY_S", QUICK_S), ("BODY_BYTES", least), ("BODY_TIMES", times)):
        monkeypatch.setattr(connections, name, value)

    async def scenario(_: Pages, connect: Connect) -> None:
        reader, writer = await connect(
            b"POST /take HTTP/1.1\r\nHost: a\r\nContent-Length: 9999\r\n\r\n"
        )
        ended = asyncio.create_task(is_ended(reader))
        for _piece in range(60):  # six time limits
            if ended.done():
                break
            writer.write(b"0123456789")
            await asyncio.sleep(QUICK_S / 10)
        assert ended.done() is ends
        ended.cancel()

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


async def _read_after_the_end() -> int:
    """The bytes that a client gets which began to read a large answer only after the server's end."""
    listener = serve.listen("127.0.0.1", 0)
    server = asyncio.create_task(serve.serve(Pages().app(), listener))
    reader, writer = await asyncio.open_connection(*listener.getsockname())
    writer.write(ASK % b"/large")
    async with asyncio.timeout(60):
        begun = len(await reader.read(1))
        server.cancel()
        await asyncio.wait([server])
        with contextlib.suppress(ConnectionError):
            while some := await reader.read(1_000_000):
                begun += len(some)
    writer.transport.abort()
    return begun


def test_a_client_that_reads_nothing_keeps_no_connection_of_an_ended_server() -> None:
    assert asyncio.run(_read_after_the_end()) < LARGE
