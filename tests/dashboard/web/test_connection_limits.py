"""How many connections there may be, and who loses theirs at the limit."""

import logging
from collections.abc import Callable

import pytest

from dashboard.web import connections
from dashboard.web.connections import (
    MAX_CONNECTIONS,
    MIN_CONNECTIONS,
    RESERVED,
    most_connections,
    network_of,
)
from tests.dashboard.web.visitors import ASK, Connect, Pages, is_ended, run


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
