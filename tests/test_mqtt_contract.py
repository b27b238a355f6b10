"""What a session promises, held by each kind of connection against each real broker."""

import asyncio
import logging
import socket
import subprocess
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

import aiomqtt
import pytest

from gateway.config import Mqtt
from gateway.mqtt import connect_session, utc_now
from gateway.mqtt_five import FiveLink
from gateway.mqtt_link import Delivery, Terms
from gateway.mqtt_paho import PahoFiveLink, PahoLink
from gateway.mqtt_session import Backoff, BrokerSession, MakeLink
from tests.servers import Amqtt, Mosquitto, Server, need

pytestmark = pytest.mark.real

TOPICS = "wildlife/v1/#"
STATUS = "shishigaki/v1/site/gateway/status"
DEADLINE_S = 20.0
FAST = Backoff(first_s=0.05, cap_s=0.2, slow_s=0.2)
UNLIMITED = "max_inflight_messages 0\n"


# What the demo's amqtt does not promise: it holds nothing for a client without a password.
HOLDS = ["five@mosquitto", "paho-5@mosquitto", "paho-3.1.1@mosquitto"]
holding_brokers = pytest.mark.parametrize("rig", HOLDS, indirect=True)


class Rig(NamedTuple):
    """A way to connect, and a broker to connect to."""

    make: MakeLink
    server: Server

    @property
    def is_mosquitto(self) -> bool:
        return isinstance(self.server, Mosquitto)


RIGS: dict[str, tuple[MakeLink, type[Server]]] = {
    "five@mosquitto": (FiveLink, Mosquitto),
    "paho-5@mosquitto": (PahoFiveLink, Mosquitto),
    "paho-3.1.1@mosquitto": (PahoLink, Mosquitto),
    "paho-3.1.1@amqtt": (PahoLink, Amqtt),
}


@pytest.fixture(params=RIGS)
def rig(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Rig]:
    make, kind = RIGS[request.param]
    with kind(tmp_path / "broker") as server:
        yield Rig(make, server)


class AutoAck(PahoLink):
    """The control: acknowledges at once, as most clients do."""

    def _make_client(self) -> Any:
        client = super()._make_client()
        client.manual_ack_set(False)
        return client


def terms(port: int, **settings: Any) -> Terms:
    return Terms(
        settings=Mqtt(port=port, **settings),
        client_id="shishigaki-site",
        status_topic=STATUS,
        subscriptions=((TOPICS, 1),),
    )


def session_of(rig: Rig, port: int | None = None, **settings: Any) -> BrokerSession:
    return BrokerSession(terms(port or rig.server.port, **settings), [rig.make], utc_now, FAST)


def run(scenario: Coroutine[Any, Any, None]) -> None:
    async def within_the_deadline() -> None:
        async with asyncio.timeout(DEADLINE_S):
            await scenario

    asyncio.run(within_the_deadline())


async def until(condition: Callable[[], object], what: str, deadline_s: float = 10.0) -> None:
    end = time.monotonic() + deadline_s
    while not condition():
        assert time.monotonic() < end, f"waited {deadline_s} s in vain for {what}"
        await asyncio.sleep(0.01)


@asynccontextmanager
async def running(
    session: BrokerSession, *, connected: bool = True
) -> AsyncIterator[BrokerSession]:
    """The session at work; ended in good order."""
    task = asyncio.create_task(session.run(), name="session")
    try:
        if connected:
            await until(lambda: session.counters.connected or task.done(), "the connection")
        yield session
    finally:
        task.cancel()
        await asyncio.wait([task], timeout=5)
        assert task.cancelled(), "the session must end when cancelled, and only then"


class Cable:
    """A TCP relay before the broker: pulled out, the client dies without a last word."""

    def __init__(self, to_port: int) -> None:
        self._to_port = to_port
        self._ends: list[asyncio.StreamWriter] = []
        self.port = 0
        self.sent = 0  # chunks from the client

    async def __aenter__(self) -> "Cable":
        self._server = await asyncio.start_server(self._relay, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        self.pull()

    def pull(self) -> None:
        """All connections end at once."""
        for end in self._ends:
            end.transport.abort()
        self._ends.clear()

    async def _relay(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            far_reader, far = await asyncio.open_connection("127.0.0.1", self._to_port)
        except OSError:
            writer.transport.abort()
            return
        self._ends += [writer, far]
        with suppress(OSError, asyncio.CancelledError):
            await asyncio.gather(self._pump(reader, far, 1), self._pump(far_reader, writer, 0))
        writer.transport.abort()
        far.transport.abort()

    async def _pump(
        self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, count: int
    ) -> None:
        while data := await source.read(65_536):
            self.sent += count
            sink.write(data)
            await sink.drain()
        sink.close()


async def publish(port: int, numbers: range, qos: int = 1, size: int = 0) -> None:
    """One message for each number, in order; returns when the broker has them all."""
    async with aiomqtt.Client("127.0.0.1", port) as client:
        for number in numbers:
            payload = str(number).encode().ljust(size)
            await client.publish("wildlife/v1/site/dev/event", payload, qos=qos)


def numbers(deliveries: list[Delivery]) -> list[int]:
    return [int(d.message.payload) for d in deliveries]


async def take(session: BrokerSession, count: int, *, ack: bool = True) -> list[Delivery]:
    """Receive `count` deliveries."""
    taken: list[Delivery] = []
    while len(taken) < count:
        batch = await session.receive(count - len(taken))
        taken += batch
        if ack:
            session.ack(batch)
    return taken


async def retained(port: int, topic: str) -> bytes:
    """The retained message of `topic`."""
    async with aiomqtt.Client("127.0.0.1", port) as client:
        await client.subscribe(topic)
        message = await anext(aiter(client.messages))
        assert isinstance(message.payload, bytes)
        return message.payload


async def becomes(read: Callable[[], Awaitable[bytes]], value: bytes) -> None:
    """Return when `read` gives `value`; the scenario's deadline ends it."""
    while await read() != value:
        pass


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


def test_the_last_will_tells_of_a_crash(rig: Rig) -> None:
    async def scenario() -> None:
        async with Cable(rig.server.port) as cable, running(session_of(rig, cable.port)):
            await becomes(lambda: retained(rig.server.port, STATUS), b"online")
            cable._server.close()  # nobody comes back
            cable.pull()
            await becomes(lambda: retained(rig.server.port, STATUS), b"offline")

    run(scenario())


def test_a_retained_message_is_marked_and_a_fresh_one_is_not(rig: Rig) -> None:
    async def scenario() -> None:
        async with aiomqtt.Client("127.0.0.1", rig.server.port) as client:
            await client.publish("wildlife/v1/site/dev/status", b"1", qos=1, retain=True)
        async with running(session_of(rig)) as session:
            assert (await take(session, 1))[0].message.retain
            await publish(rig.server.port, range(1))
            assert not (await take(session, 1))[0].message.retain

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
    monkeypatch.setattr("gateway.mqtt_session.PUBLISH_S", 0.05)

    async def scenario() -> None:
        session = BrokerSession(terms(9), [FiveLink], utc_now, FAST)
        with pytest.raises(TimeoutError, match="some/topic: not taken"):
            await session.publish("some/topic", b"")

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


# -- logging in, TLS, choosing the version ----------------------------------------------------


@pytest.mark.parametrize("make", [FiveLink, PahoFiveLink, PahoLink])
def test_a_wrong_password_is_said_once_in_words(
    make: MakeLink, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    passwords = tmp_path / "passwords"
    passwords.touch()
    program = need("/usr/bin/mosquitto_passwd", "mosquitto")
    subprocess.run([program, "-b", passwords, "gateway", "right"], check=True, capture_output=True)
    passwords.chmod(0o600)

    async def scenario(server: Mosquitto) -> None:
        rig = Rig(make, server)
        good = session_of(rig, username="gateway", password="right")
        async with running(good):
            assert good.counters.connected
        bad = session_of(rig, username="gateway", password="wrong")
        caplog.clear()
        async with running(bad, connected=False):
            await until(lambda: bad._generation >= 4, "four attempts")

    extra = f"password_file {passwords}\n"
    server = Mosquitto(tmp_path / "broker", anonymous=False, extra=extra)
    with caplog.at_level(logging.INFO), server:
        run(scenario(server))
    said = [r.getMessage() for r in caplog.records if r.levelno >= logging.WARNING]
    assert len(said) == 1
    assert "mqtt.username and mqtt.password" in said[0]
    assert "パスワード" in said[0]
    assert "wrong" not in caplog.text


@pytest.fixture
def tls_server(certificates: Path, tmp_path: Path) -> Iterator[Mosquitto]:
    names = {"cafile": "ca.pem", "certfile": "server.pem", "keyfile": "server.key"}
    lines = [f"{key} {certificates / name}" for key, name in names.items()]
    server = Mosquitto(tmp_path, extra="\n".join([*lines, "require_certificate true", ""]))
    with server:
        yield server


def _tls(certificates: Path, ca: str = "ca.pem") -> dict[str, Any]:
    return {
        "tls": True,
        "ca_file": str(certificates / ca),
        "cert_file": str(certificates / "client.pem"),
        "key_file": str(certificates / "client.key"),
    }


@pytest.mark.parametrize("make", [FiveLink, PahoFiveLink, PahoLink])
def test_tls_with_an_own_ca_carries_messages(
    make: MakeLink, tls_server: Mosquitto, certificates: Path
) -> None:
    async def scenario() -> None:
        session = session_of(Rig(make, tls_server), max_uncommitted=50, **_tls(certificates))
        async with running(session), asyncio.TaskGroup() as group:
            for number in range(300):
                payload = str(number).encode().ljust(1_000)
                group.create_task(session.publish("wildlife/v1/own", payload))
            assert sorted(numbers(await take(session, 300))) == list(range(300))

    run(scenario())


# paho leaves the socket of a failed handshake to the garbage collector.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("make", [FiveLink, PahoLink])
@pytest.mark.parametrize(
    ("ca", "words"), [("other.pem", "not trusted"), ("absent.pem", "cannot use the TLS files")]
)
def test_a_certificate_problem_is_said_in_words(
    make: MakeLink, ca: str, words: str, tls_server: Mosquitto, certificates: Path
) -> None:
    async def scenario() -> None:
        session = session_of(Rig(make, tls_server), **_tls(certificates, ca))
        async with running(session, connected=False):
            await until(lambda: words in session.counters.trouble, f"{words!r} to be said")

    run(scenario())


@pytest.mark.parametrize(("kind", "version"), [(Mosquitto, "FiveLink"), (Amqtt, "PahoLink")])
def test_auto_finds_the_version_that_the_broker_speaks(
    kind: type[Server], version: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.mqtt_five.ANSWER_S", 0.5)

    async def scenario(server: Server) -> None:
        session = connect_session(Mqtt(port=server.port), "site", [(TOPICS, 1)])
        async with running(session):
            assert session.counters.version == version
            await session.publish("other/topic", b"")
            await publish(server.port, range(5))
            assert numbers(await take(session, 5)) == list(range(5))

    with kind(tmp_path) as server:
        run(scenario(server))


@pytest.mark.parametrize("make", [FiveLink, PahoFiveLink])
def test_a_forbidden_publish_is_said_and_ends_nothing(make: MakeLink, tmp_path: Path) -> None:
    rules = tmp_path / "rules"
    rules.write_text("topic read #\ntopic write shishigaki/#\n")
    rules.chmod(0o600)

    async def scenario(server: Mosquitto) -> None:
        async with running(session_of(Rig(make, server))) as session:
            with pytest.raises(PermissionError, match="wildlife/v1/forged"):
                await session.publish("wildlife/v1/forged", b"")
            await session.publish("shishigaki/v1/site/alert/1", b"")
            assert session.counters.connections == 1

    with Mosquitto(tmp_path / "broker", extra=f"acl_file {rules}\n") as server:
        run(scenario(server))


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


GARBAGE = [
    b"\x00\x00\x00\x00",
    b"\x30\x05\x00\x02\xff\xfe\x00",  # a topic that is not UTF-8
    b"\x36\x04\x00\x01a\x00",  # QoS 3
    b"\x30\xff\xff\xff\xff\xff",  # an endless length
    b"\x32\x03\x00\x09a",  # a topic longer than its packet
    b"\xff" * 50,
]


# mqtt5 0.8 panics on a topic that is not UTF-8 and complains beside raising.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("make", [FiveLink, PahoFiveLink, PahoLink])
def test_garbage_from_a_broker_never_ends_the_session(make: MakeLink) -> None:
    connack = b"\x20\x02\x00\x00" if make is PahoLink else b"\x20\x03\x00\x00\x00"
    served: list[bytes] = []

    async def broker(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1_000)
        garbage = GARBAGE[len(served) % len(GARBAGE)]
        served.append(garbage)
        writer.write(connack + garbage)
        with suppress(OSError):
            await writer.drain()
            await reader.read()
        writer.close()

    async def scenario() -> None:
        async with await asyncio.start_server(broker, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            session = BrokerSession(terms(port, keepalive_s=1), [make], utc_now, FAST)
            async with running(session, connected=False):
                await until(lambda: len(served) > len(GARBAGE), "all garbage to be served", 15)
            assert session.counters.trouble

    run(scenario())


def test_the_broker_may_come_up_after_the_gateway(rig: Rig) -> None:
    async def scenario() -> None:
        rig.server.kill()
        async with running(session_of(rig), connected=False) as session:
            await until(lambda: "no broker listens" in session.counters.trouble, "the reason")
            await asyncio.to_thread(rig.server.restart)
            await until(lambda: session.counters.connected, "the connection")

    run(scenario())
