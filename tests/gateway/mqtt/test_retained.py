"""What the retain flag of a message means, at each real broker."""

from pathlib import Path

import aiomqtt
import mqtt5
import pytest

from gateway.mqtt.link import Delivery, Terms
from gateway.mqtt.link_v5 import FiveLink
from tests.gateway.mqtt.contract import holding_brokers
from tests.support.mqtt_rig import (
    Rig,
    publish,
    run,
    running,
    session_of,
    take,
)
from tests.support.servers import Mosquitto

pytestmark = pytest.mark.real


def test_a_retained_message_is_marked_and_a_fresh_one_is_not(rig: Rig) -> None:
    async def scenario() -> None:
        async with aiomqtt.Client("127.0.0.1", rig.server.port) as client:
            await client.publish("wildlife/v1/site/dev/status", b"1", qos=1, retain=True)
        async with running(session_of(rig)) as session:
            assert (await take(session, 1))[0].message.retain
            await publish(rig.server.port, range(1))
            assert not (await take(session, 1))[0].message.retain

    run(scenario())


async def publish_status(
    port: int, payload: bytes, topic: str = "status", *, retain: bool = True
) -> None:
    async with aiomqtt.Client("127.0.0.1", port) as client:
        await client.publish(f"wildlife/v1/site/dev/{topic}", payload, qos=1, retain=retain)


def payloads_and_flags(deliveries: list[Delivery]) -> list[tuple[bytes, bool]]:
    return [(d.message.payload, d.message.retain) for d in deliveries]


def test_a_live_message_that_is_published_with_the_retain_flag_is_live(rig: Rig) -> None:
    async def scenario() -> None:
        await publish_status(rig.server.port, b"old")
        async with running(session_of(rig)) as session:
            assert payloads_and_flags(await take(session, 1)) == [(b"old", True)]
            for payload in (b"first", b"second", b"second"):
                await publish_status(rig.server.port, payload)
            await publish_status(rig.server.port, b"never kept before", "meta")
            assert payloads_and_flags(await take(session, 4)) == [
                (b"first", False),
                (b"second", False),
                (b"second", False),
                (b"never kept before", False),
            ]

    run(scenario())


def test_control_without_our_subscription_live_messages_look_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def as_published(terms: Terms) -> mqtt5.SubscribePacket:
        return mqtt5.SubscribePacket(1, [mqtt5.TopicFilter(t) for t, _ in terms.subscriptions])

    monkeypatch.setattr("gateway.mqtt.link_v5.subscribe", as_published)

    async def scenario(rig: Rig) -> None:
        async with running(session_of(rig)) as session:
            await session.publish("other/topic", b"")
            await publish_status(rig.server.port, b"live")
            assert payloads_and_flags(await take(session, 1)) == [(b"live", True)]

    with Mosquitto(tmp_path) as server:
        run(scenario(Rig(FiveLink, server)))


def test_what_the_broker_kept_comes_again_with_each_subscription_and_is_marked(rig: Rig) -> None:
    async def scenario() -> None:
        async with running(session_of(rig)) as session:
            await session.publish("other/topic", b"")  # behind the SUBSCRIBE
            await publish_status(rig.server.port, b"live")
            assert payloads_and_flags(await take(session, 1)) == [(b"live", False)]
        async with running(session_of(rig)) as session:
            assert payloads_and_flags(await take(session, 1)) == [(b"live", True)]

    run(scenario())


@holding_brokers
def test_a_retained_message_of_the_time_when_we_were_away_is_live_and_its_replay_is_not(
    rig: Rig,
) -> None:
    async def scenario() -> None:
        async with running(session_of(rig)) as session:
            await session.publish("other/topic", b"")
        await publish_status(rig.server.port, b"away")
        async with running(session_of(rig)) as session:
            assert sorted(payloads_and_flags(await take(session, 2))) == [
                (b"away", False),
                (b"away", True),
            ]

    run(scenario())
