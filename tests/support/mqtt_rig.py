"""Ways to connect to real brokers, and what tests of the session do there."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from typing import Any, NamedTuple

import aiomqtt

from gateway.clock import utc_now
from gateway.config import Mqtt
from gateway.mqtt.link import Delivery, Terms
from gateway.mqtt.link_paho import PahoFiveLink, PahoLink
from gateway.mqtt.link_v5 import FiveLink
from gateway.mqtt.reconnect_delay import Backoff
from gateway.mqtt.session import BrokerSession, MakeLink
from tests.support.pace import Deadline, slowness
from tests.support.servers import Amqtt, Mosquitto, Server

TOPICS = "wildlife/v1/#"
STATUS = "shishigaki/v1/site/gateway/status"
DEADLINE_S = 20.0
FAST = Backoff(first_s=0.05, cap_s=0.2, slow_s=0.2)
UNLIMITED = "max_inflight_messages 0\n"


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


class AutoAck(PahoLink):
    """For controls: acknowledges at once, as most clients do."""

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
        async with asyncio.timeout(DEADLINE_S * slowness()):
            await scenario

    asyncio.run(within_the_deadline())


async def until(condition: Callable[[], object], what: str, deadline_s: float = 10.0) -> None:
    deadline = Deadline(deadline_s)
    while not condition():
        assert not deadline.has_passed(), f"waited {deadline} in vain for {what}"
        await asyncio.sleep(0.01)


@asynccontextmanager
async def running(
    session: BrokerSession, *, connected: bool = True
) -> AsyncIterator[BrokerSession]:
    """The running session, cancelled at the end."""
    task = asyncio.create_task(session.run(), name="session")
    try:
        if connected:
            await until(lambda: session.counters.connected or task.done(), "the connection")
        yield session
    finally:
        task.cancel()
        await asyncio.wait([task], timeout=5 * slowness())
        assert task.cancelled(), "the session must end when cancelled, and only then"


class Cable:
    """A TCP relay before the broker, which can cut all connections without a DISCONNECT."""

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
