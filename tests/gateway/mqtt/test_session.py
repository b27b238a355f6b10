"""The session over fake connections: the bound, forgetting, waiting, choosing the version."""

import asyncio
import logging
import socket
import ssl
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime

import pytest

from gateway.config import Mqtt
from gateway.domain.model import Message
from gateway.mqtt.link import (
    ConnectionFailedError,
    Delivery,
    Retry,
    Terms,
    Wire,
    refusal,
    unreachable,
)
from gateway.mqtt.reconnect_delay import Backoff
from gateway.mqtt.session import HELD_BYTES, BrokerSession

NOW = datetime(2026, 11, 23, tzinfo=UTC)
QUICK = Backoff(first_s=0.001, cap_s=0.002, slow_s=0.002)
SETTINGS = Mqtt(max_uncommitted=10)
TERMS = Terms(SETTINGS, "me", "shishigaki/v1/site/gateway/status", (("#", 1),))


class FakeLink:
    """A connection that does what the test says."""

    made: "list[FakeLink]"
    troubles: list[ConnectionFailedError]  # for the next openings
    remembered = True

    def __init__(self, terms: Terms, wire: Wire) -> None:
        self.wire = wire
        self.acked: list[int] = []
        self.paused = False
        self.broken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.closed = asyncio.Event()
        self.made.append(self)

    async def open(self) -> bool:
        if self.troubles:
            raise self.troubles.pop(0)
        return self.remembered

    async def lasting(self) -> None:
        await self.broken

    def ack(self, packet_ids: Sequence[int]) -> None:
        self.acked += packet_ids

    async def publish(self, topic: str, payload: bytes, qos: int, *, retain: bool) -> None: ...

    def pause(self, *, paused: bool) -> None:
        self.paused = paused

    async def close(self) -> None:
        self.closed.set()

    def bring(self, numbers: range, qos: int = 1, payload: bytes = b"") -> None:
        message = Message("a", payload, NOW, qos)
        self.wire.deliver([Delivery(message, n * qos, self.wire.generation) for n in numbers])


class OlderLink(FakeLink):
    """The same for the older version."""


@pytest.fixture(autouse=True)
def _fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(FakeLink, "made", [], raising=False)
    monkeypatch.setattr(FakeLink, "troubles", [], raising=False)


def run(scenario: Callable[[BrokerSession], Awaitable[None]], *ways: type[FakeLink]) -> None:
    async def inside() -> None:
        session = BrokerSession(TERMS, ways or (FakeLink,), lambda: NOW, QUICK)
        task = asyncio.create_task(session.run(), name="session")
        async with asyncio.timeout(5):
            await session._up.wait()
            await scenario(session)
        task.cancel()
        await asyncio.wait([task])
        assert task.cancelled()

    asyncio.run(inside())


async def reconnect(session: BrokerSession) -> FakeLink:
    """Break the connection; returns the next one."""
    link = FakeLink.made[-1]
    link.broken.set_exception(ConnectionFailedError("broken"))
    await link.closed.wait()
    await session._up.wait()
    return FakeLink.made[-1]


def test_reading_stops_at_the_bound_and_goes_on_at_half() -> None:
    async def scenario(session: BrokerSession) -> None:
        link = FakeLink.made[-1]
        link.bring(range(1, 10))
        assert not link.paused
        link.bring(range(10, 13))
        assert link.paused
        batch = await session.receive(100)
        session.ack(batch[:6])
        assert link.paused
        session.ack(batch[6:])
        assert not link.paused
        assert link.acked == list(range(1, 13))

    run(scenario)


def test_a_few_large_messages_stop_reading_too() -> None:
    async def scenario(session: BrokerSession) -> None:
        link = FakeLink.made[-1]
        link.bring(range(1, 4), payload=bytes(HELD_BYTES // 4))
        assert not link.paused
        link.bring(range(4, 5), payload=bytes(HELD_BYTES // 4))
        assert link.paused
        session.ack(await session.receive(100))
        assert not link.paused
        assert session.counters.uncommitted_bytes == 0

    run(scenario)


def test_qos_0_counts_until_it_is_acknowledged_by_the_program() -> None:
    async def scenario(session: BrokerSession) -> None:
        link = FakeLink.made[-1]
        link.bring(range(10), qos=0)
        assert link.paused
        session.ack(await session.receive(100))
        assert not link.paused
        assert link.acked == []

    run(scenario)


def test_receive_gives_no_more_than_asked_for_and_keeps_the_rest() -> None:
    async def scenario(session: BrokerSession) -> None:
        FakeLink.made[-1].bring(range(1, 6))
        sizes = [len(await session.receive(2)) for _ in range(3)]
        assert sizes == [2, 2, 1]

    run(scenario)


def test_a_full_queue_does_not_grow_by_reconnecting() -> None:
    async def scenario(session: BrokerSession) -> None:
        FakeLink.made[-1].bring(range(1, 13))
        held = await session.receive(2)  # in the hands of the program
        for _ in range(5):
            link = await reconnect(session)
            link.bring(range(1, 13))  # the broker sends all of it again
        assert session.counters.uncommitted == len(held) + 12
        assert session.counters.forgotten == 10 + 4 * 12
        session.ack(held + await session.receive(100))
        assert session.counters.uncommitted == 0

    run(scenario)


def test_a_broker_that_forgot_us_leaves_us_the_only_copies(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(FakeLink, "remembered", False)

    async def scenario(session: BrokerSession) -> None:
        FakeLink.made[-1].bring(range(1, 13))
        link = await reconnect(session)
        assert link.paused
        assert len(await session.receive(100)) == 12
        assert session.counters.forgotten == 0

    run(scenario)


def test_a_queue_with_room_is_kept_over_a_reconnection() -> None:
    async def scenario(session: BrokerSession) -> None:
        FakeLink.made[-1].bring(range(1, 6))
        await reconnect(session)
        assert [d.generation for d in await session.receive(100)] == [1] * 5

    run(scenario)


def test_the_older_version_is_tried_at_once_and_then_kept() -> None:
    FakeLink.troubles = [ConnectionFailedError("refuses MQTT 5", Retry.OTHER_VERSION)]

    async def scenario(session: BrokerSession) -> None:
        assert [type(link) for link in FakeLink.made] == [FakeLink, OlderLink]
        assert isinstance(await reconnect(session), OlderLink)

    run(scenario, FakeLink, OlderLink)


def test_both_versions_are_tried_again_when_neither_worked() -> None:
    other = Retry.OTHER_VERSION
    FakeLink.troubles = [
        ConnectionFailedError("a", other),
        ConnectionFailedError("b", other),
        ConnectionFailedError("c"),
    ]

    async def scenario(_session: BrokerSession) -> None:
        kinds = [type(link) for link in FakeLink.made]
        assert kinds == [FakeLink, OlderLink, FakeLink, FakeLink]

    run(scenario, FakeLink, OlderLink)


def test_a_connection_problem_is_logged_once_until_it_changes(
    caplog: pytest.LogCaptureFixture,
) -> None:
    FakeLink.troubles = [
        ConnectionFailedError("a"),
        ConnectionFailedError("a"),
        ConnectionFailedError("b"),
        ConnectionFailedError("b"),
    ]

    async def scenario(_session: BrokerSession) -> None: ...

    with caplog.at_level(logging.WARNING):
        run(scenario)
    assert [r.getMessage() for r in caplog.records] == ["a", "b"]


@pytest.mark.parametrize(
    ("code", "retry", "words"),
    [
        (134, Retry.SLOWLY, "mqtt.password"),
        (135, Retry.SLOWLY, "mqtt.password"),
        (133, Retry.SLOWLY, "mqtt.client_id"),
        (132, Retry.OTHER_VERSION, "mqtt.protocol"),
        (136, Retry.SOON, "not available"),
        (200, Retry.SOON, "200"),
    ],
)
def test_a_refusal_names_the_broker_and_the_setting(code: int, retry: Retry, words: str) -> None:
    trouble = refusal(SETTINGS, code)
    assert trouble.retry is retry
    assert "127.0.0.1:1883" in str(trouble)
    assert words in str(trouble)


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (ConnectionRefusedError(), "no broker listens"),
        (TimeoutError(), "no answer"),
        (socket.gaierror(), "mqtt.host"),
        (ssl.SSLError(1, "wrong version"), "mqtt.tls"),
        (OSError(113, "No route to host"), "No route to host"),
    ],
)
def test_an_unreachable_broker_is_explained(error: OSError, words: str) -> None:
    assert words in str(unreachable(SETTINGS, error))
