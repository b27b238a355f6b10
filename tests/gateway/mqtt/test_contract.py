"""What a session promises, held by each kind of connection against each real broker."""

import asyncio
from pathlib import Path

import aiomqtt
import pytest

from gateway.mqtt.link_paho import PahoLink
from gateway.mqtt.link_v5 import FiveLink
from gateway.mqtt.session import MakeLink
from tests.gateway.mqtt.contract import holding_brokers
from tests.support.mqtt_rig import (
    STATUS,
    UNLIMITED,
    AutoAck,
    Cable,
    Rig,
    becomes,
    numbers,
    publish,
    retained,
    run,
    running,
    session_of,
    take,
    until,
)
from tests.support.servers import Mosquitto

pytestmark = pytest.mark.real


def test_messages_come_in_order(rig: Rig) -> None:
    async def scenario() -> None:
        async with running(session_of(rig)) as session:
            await publish(rig.server.port, range(300))
            assert numbers(await take(session, 300)) == list(range(300))
            assert session.counters.uncommitted == 0
            assert session.counters.acked == 300

    run(scenario())


@holding_brokers
def test_what_was_not_acknowledged_comes_again_after_a_crash(rig: Rig) -> None:
    async def scenario() -> None:
        async with Cable(rig.server.port) as cable:
            async with running(session_of(rig, cable.port)) as session:
                await publish(rig.server.port, range(20))
                received = await take(session, 20, ack=False)
                session.ack(received[:8])
                await session.publish("other/topic", b"")  # the broker has read our acks
                cable.pull()
            async with running(session_of(rig)) as reborn:
                assert numbers(await take(reborn, 12)) == list(range(8, 20))

    run(scenario())


def test_control_a_client_that_acknowledges_at_once_loses_them(tmp_path: Path) -> None:
    async def scenario(rig: Rig) -> None:
        async with Cable(rig.server.port) as cable:
            async with running(session_of(rig, cable.port)) as session:
                await publish(rig.server.port, range(20))
                await take(session, 20, ack=False)
                await session.publish("other/topic", b"")
                cable.pull()
            async with running(session_of(rig)) as reborn:
                await publish(rig.server.port, range(99, 100))
                assert numbers(await take(reborn, 1)) == [99]

    with Mosquitto(tmp_path) as server:
        run(scenario(Rig(AutoAck, server)))


@pytest.mark.parametrize("make", [FiveLink])
def test_an_orderly_end_takes_every_acknowledgement_along(make: MakeLink, tmp_path: Path) -> None:
    async def scenario(server: Mosquitto) -> None:
        async with running(session_of(Rig(make, server))) as session:
            await session.publish("other/topic", b"")
        await publish(server.port, range(3_000))
        async with running(session_of(Rig(make, server)), connected=False) as session:
            await take(session, 3_000)
        async with running(session_of(Rig(make, server))) as session:
            await publish(server.port, range(99, 100))
            assert numbers(await take(session, 1)) == [99]

    with Mosquitto(tmp_path, extra=UNLIMITED) as server:
        run(scenario(server))


@holding_brokers
def test_an_ack_of_an_older_connection_is_dropped(rig: Rig) -> None:
    async def scenario() -> None:
        async with Cable(rig.server.port) as cable, running(session_of(rig, cable.port)) as session:
            await publish(rig.server.port, range(5))
            old = await take(session, 5, ack=False)
            cable.pull()
            again = await take(session, 5, ack=False)
            assert {d.generation for d in old} != {d.generation for d in again}
            session.ack(old)
            assert (session.counters.acked, session.counters.stale_acks) == (0, 5)
            await session.publish("other/topic", b"")
            cable.pull()
            assert numbers(await take(session, 5)) == list(range(5))  # still not acknowledged

    run(scenario())


def test_it_subscribes_again_at_a_broker_that_lost_everything(rig: Rig) -> None:
    async def scenario() -> None:
        async with running(session_of(rig)) as session:
            rig.server.kill()
            await until(lambda: not session.counters.connected, "noticing the broker's end")
            await asyncio.to_thread(rig.server.restart)
            await until(lambda: session.counters.connected, "the new connection")
            await session.publish("other/topic", b"")  # behind the SUBSCRIBE
            await publish(rig.server.port, range(3))
            assert numbers(await take(session, 3)) == [0, 1, 2]

    run(scenario())


@holding_brokers
def test_messages_wait_at_the_broker_while_we_are_away(rig: Rig) -> None:
    async def scenario() -> None:
        async with running(session_of(rig)) as session:
            await session.publish("other/topic", b"")
        await publish(rig.server.port, range(100))
        async with running(session_of(rig)) as session:
            assert numbers(await take(session, 100)) == list(range(100))

    run(scenario())


def test_the_queue_stays_within_its_bound_under_a_flood(rig: Rig, tmp_path: Path) -> None:
    size, bound, flood = 2_000, 200, 1_500
    chunk = 256 * 1024 // size + 500  # what one read may add on top

    async def scenario(rig: Rig) -> None:
        session = session_of(rig, max_uncommitted=bound)
        async with running(session):
            await publish(rig.server.port, range(flood), size=size)
            if rig.is_mosquitto:
                await until(lambda: session.counters.paused, "reading to stop")
            assert session.counters.uncommitted <= bound + chunk < flood
            assert numbers(await take(session, flood)) == list(range(flood))
            assert not session.counters.paused

    if rig.is_mosquitto:
        with Mosquitto(tmp_path / "unlimited", extra=UNLIMITED) as server:
            run(scenario(Rig(rig.make, server)))
    else:
        run(scenario(rig))


def test_the_connection_is_kept_alive_while_reading_is_stopped(rig: Rig) -> None:
    async def scenario() -> None:
        async with Cable(rig.server.port) as cable:
            session = session_of(rig, cable.port, max_uncommitted=10, keepalive_s=1)
            async with running(session):
                await publish(rig.server.port, range(20))
                await until(lambda: session.counters.paused, "reading to stop")
                before = cable.sent
                await until(lambda: cable.sent >= before + 3, "signs of life", deadline_s=3)
                assert numbers(await take(session, 20)) == list(range(20))
                assert session.counters.connections == 1

    run(scenario())


def test_a_broker_that_stops_answering_is_noticed(rig: Rig) -> None:
    async def scenario() -> None:
        async with running(session_of(rig, keepalive_s=1)) as session:
            rig.server.freeze()
            await until(lambda: not session.counters.connected, "noticing the silence")
            rig.server.freeze(frozen=False)
            await until(lambda: session.counters.connected, "the new connection")

    run(scenario())


def test_the_status_is_retained_and_follows_an_orderly_end(rig: Rig) -> None:
    async def scenario() -> None:
        async with running(session_of(rig)):
            await becomes(lambda: retained(rig.server.port, STATUS), b"online")
        await becomes(lambda: retained(rig.server.port, STATUS), b"offline")

    run(scenario())


def test_the_last_will_reports_a_crash(rig: Rig) -> None:
    async def scenario() -> None:
        async with Cable(rig.server.port) as cable, running(session_of(rig, cable.port)):
            await becomes(lambda: retained(rig.server.port, STATUS), b"online")
            cable._server.close()  # nobody comes back
            cable.pull()
            await becomes(lambda: retained(rig.server.port, STATUS), b"offline")

    run(scenario())


def test_qos_0_is_taken_and_needs_no_packet_id(rig: Rig) -> None:
    async def scenario() -> None:
        async with running(session_of(rig)) as session:
            await session.publish("other/topic", b"")
            await publish(rig.server.port, range(3), qos=0)
            got = await take(session, 3)
            if rig.is_mosquitto:  # amqtt raises it to the subscription's QoS 1
                assert [(d.packet_id, d.message.qos) for d in got] == [(0, 0)] * 3
                assert session.counters.acked == 0
            assert session.counters.uncommitted == 0

    run(scenario())


def test_any_payload_arrives_byte_for_byte(rig: Rig) -> None:
    payloads = [b"", bytes(range(256)), b"\x00" * 100_000]

    async def scenario() -> None:
        async with running(session_of(rig)) as session:
            await session.publish("other/topic", b"")
            async with aiomqtt.Client("127.0.0.1", rig.server.port) as client:
                for payload in payloads:
                    await client.publish("wildlife/v1/罠/7/event", payload, qos=1)
            got = [d.message for d in await take(session, len(payloads))]
            assert [m.payload for m in got] == payloads
            assert {m.topic for m in got} == {"wildlife/v1/罠/7/event"}
            assert {type(m.payload) for m in got} == {bytes}

    run(scenario())


def test_a_packet_over_the_limit_neither_ends_the_session_nor_hides_the_next(
    rig: Rig, caplog: pytest.LogCaptureFixture
) -> None:
    async def scenario() -> None:
        async with running(session_of(rig, max_packet_bytes=1_000)) as session:
            await session.publish("other/topic", b"")
            await publish(rig.server.port, range(1), size=5_000)
            await publish(rig.server.port, range(1, 2))
            got = await take(session, 1)
            if numbers(got) == [0]:  # MQTT 3.1.1 knows no such limit
                assert isinstance(session._link, PahoLink)
                got = await take(session, 1)
            assert numbers(got) == [1]
            assert session.counters.connections == 1

    run(scenario())


def test_the_broker_may_come_up_after_the_gateway(rig: Rig) -> None:
    async def scenario() -> None:
        rig.server.kill()
        async with running(session_of(rig), connected=False) as session:
            await until(lambda: "no broker listens" in session.counters.error, "the reason")
            await asyncio.to_thread(rig.server.restart)
            await until(lambda: session.counters.connected, "the connection")

    run(scenario())
