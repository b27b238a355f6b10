"""What a session promises about messages that the gateway publishes."""

import asyncio
import socket

import pytest

from gateway.clock import utc_now
from gateway.mqtt.link_paho import PahoLink
from gateway.mqtt.link_v5 import FiveLink
from gateway.mqtt.session import BrokerSession
from tests.support.mqtt_rig import (
    FAST,
    Rig,
    becomes,
    numbers,
    retained,
    run,
    running,
    session_of,
    take,
    terms,
    until,
)

pytestmark = pytest.mark.real


def test_publish_waits_for_a_broker_that_is_away(rig: Rig) -> None:
    async def scenario() -> None:
        async with running(session_of(rig)) as session:
            rig.server.kill()
            sending = asyncio.create_task(session.publish("wildlife/v1/own", b"7", retain=True))
            await until(lambda: not session.counters.connected, "noticing the broker's end")
            await asyncio.to_thread(rig.server.restart)
            await sending
            await becomes(lambda: retained(rig.server.port, "wildlife/v1/own"), b"7")

    run(scenario())


def test_many_publishes_at_once_are_all_answered(rig: Rig) -> None:
    async def scenario() -> None:
        async with running(session_of(rig)) as session:
            await session.publish("other/topic", b"")
            async with asyncio.TaskGroup() as group:
                for number in range(200):
                    group.create_task(session.publish("wildlife/v1/own", str(number).encode()))
            assert sorted(numbers(await take(session, 200))) == list(range(200))

    run(scenario())


def test_publish_says_when_no_broker_takes_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.mqtt.session.PUBLISH_S", 0.05)

    async def scenario() -> None:
        session = BrokerSession(terms(9), [FiveLink], utc_now, FAST)
        with pytest.raises(TimeoutError, match="some/topic: not taken"):
            await session.publish("some/topic", b"")

    run(scenario())


def test_acknowledgements_and_alerts_do_not_wait_for_nagle(rig: Rig) -> None:
    async def scenario() -> None:
        async with running(session_of(rig)) as session:
            match session._link:
                case FiveLink(_transport=transport):
                    assert transport
                    sock = transport.get_extra_info("socket")
                case PahoLink(_socket=sock):
                    pass
            assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)

    run(scenario())
