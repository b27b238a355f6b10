"""One MQTT 5 connection with the codec `mqtt5`, as an asyncio protocol.

Owns reading in chunks, acknowledging in one write, writing what is published in one turn of the loop
together, keep-alive and back-pressure. Must not reconnect, count or queue (`session`).
"""

import asyncio
from collections.abc import Sequence

import mqtt5

from gateway.domain.model import Message
from gateway.mqtt.link import (
    ANSWER_S,
    CONNECT_S,
    FAILED,
    GOODBYE_S,
    ConnectionFailedError,
    Delivery,
    Terms,
    Wire,
    connection_broken,
    invalid_packet,
    log_refused,
    no_answer,
    not_taken,
    refusal,
    tls_context,
    unreachable,
)
from gateway.mqtt.link_end import LinkEnd
from gateway.mqtt.packets_v5 import connect_packet
from gateway.mqtt.subscription.options import subscribe_packet as subscribe
from gateway.mqtt.subscription.replay import Replays

_PING = mqtt5.PingReqPacket().write()
_IDS = 65_535
_TOGETHER_BYTES = 16_384  # of packets that are written together; more are written at once


class FiveLink(asyncio.Protocol):
    """A `Link` to a broker with MQTT 5."""

    def __init__(self, terms: Terms, wire: Wire) -> None:
        self._terms = terms
        self._settings = terms.settings
        self._wire = wire
        loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._connack: asyncio.Future[mqtt5.ConnAckPacket] = loop.create_future()
        self._gone = asyncio.Event()  # the socket is closed
        self._writable = asyncio.Event()
        self._writable.set()
        self._rest = b""  # the beginning of an incomplete packet
        self._outgoing = bytearray()  # what was published in this turn of the loop
        self._paused = False
        self._is_silent = False  # nothing came since the last ping
        self._ping_timer: asyncio.TimerHandle | None = None
        self._sent: dict[int, asyncio.Future[mqtt5.PubAckPacket]] = {}  # by packet id
        self._ending = LinkEnd(self._connack, self._sent)
        self._last_id = 1  # 1 is the SUBSCRIBE's
        self._quota = asyncio.Semaphore(1)
        self._max_packet_bytes = 0
        self._replays = Replays(loop.time)

    # -- Link ---------------------------------------------------------------------------------

    async def open(self) -> bool:
        """Send CONNECT, then SUBSCRIBE; its answer is not awaited, as messages may come before it."""
        settings = self._settings
        tls = await asyncio.to_thread(tls_context, settings)
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(CONNECT_S):
                await loop.create_connection(lambda: self, settings.host, settings.port, ssl=tls)
        except OSError as error:
            raise unreachable(settings, error) from None
        connack = await self._handshake()
        code = connack.reason_code
        if int(code):
            raise refusal(settings, int(code), code.name)
        self._quota = asyncio.Semaphore(connack.receive_max)
        self._max_packet_bytes = connack.max_packet_size or 0
        if self._terms.subscriptions:
            self._replays.expect()
            self._write(subscribe(self._terms).write())
        self._keep_alive(connack.server_keep_alive or settings.keepalive_s)
        return connack.session_present

    async def lasting(self) -> None:
        await self._ending.wait()

    def ack(self, packet_ids: Sequence[int]) -> None:
        self._write(b"".join([mqtt5.PubAckPacket(number).write() for number in packet_ids]))

    async def publish(self, topic: str, payload: bytes, qos: int, *, retain: bool) -> None:
        await self._writable.wait()
        if not qos:
            self._send(mqtt5.PublishPacket(topic, payload, retain=retain))
            return
        await self._quota.acquire()  # released by the PUBACK only, not by a timeout
        number = self._next_id()
        answer = self._sent[number] = asyncio.get_running_loop().create_future()
        qos1 = mqtt5.QoS.AT_LEAST_ONCE
        self._send(mqtt5.PublishPacket(topic, payload, qos=qos1, retain=retain, packet_id=number))
        code = (await answer).reason_code
        if int(code) >= FAILED:  # the codec's enums compare as int() only
            raise not_taken(topic, code.name)

    def pause(self, *, paused: bool) -> None:
        if self._transport and paused != self._paused:
            self._paused = paused
            self._is_silent = False
            if paused:
                self._transport.pause_reading()
            else:
                self._replays.expect()
                self._transport.resume_reading()

    async def close(self) -> None:
        """Let the broker close first: our closing could reset the connection before it reads the acks."""
        self._end(ConnectionFailedError("closed by ourselves"))
        if self._transport is None:
            return
        self._write(mqtt5.DisconnectPacket().write())
        self.pause(paused=False)
        try:
            async with asyncio.timeout(GOODBYE_S):
                await self._gone.wait()
        except TimeoutError:
            self._transport.abort()

    # -- asyncio.Protocol ---------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport. asyncio has set TCP_NODELAY, so acknowledgements are sent at once."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - narrows the type
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Read all complete packets of the chunk. Never raises for bad content."""
        if self._ending.is_over:
            return
        chunk = memoryview(self._rest + data if self._rest else data)
        self._is_silent = False
        batch: list[Delivery] = []
        try:
            used = self._read(chunk, batch)
        except BaseException as error:  # a panic of the codec is not an Exception
            if not isinstance(error, Exception) and type(error).__name__ != "PanicException":
                raise
            used = len(chunk)
            self._fail(self._malformed(f"{type(error).__name__}: {error}"))
        self._rest = bytes(chunk[used:])
        if len(self._rest) > self._settings.max_packet_bytes:
            self._rest = b""
            self._fail(self._malformed("a packet larger than mqtt.max_packet_bytes"))
        self._wire.deliver(batch)

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        self._gone.set()
        self._end(
            connection_broken(self._settings, exc)
            if self._connack.done()
            else no_answer(self._settings)
        )

    def pause_writing(self) -> None:
        self._writable.clear()

    def resume_writing(self) -> None:
        self._writable.set()

    # -- within -------------------------------------------------------------------------------

    def _read(self, chunk: memoryview, batch: list[Delivery]) -> int:
        """Fill `batch` with the messages of `chunk`; returns the length of the complete packets."""
        read, publish, is_replay = mqtt5.read, mqtt5.PublishPacket, self._replays.is_replay
        generation, now = self._wire.generation, self._wire.clock()
        used = 0
        while True:
            try:
                packet, size = read(chunk[used:])
            except IndexError:
                return used
            used += size
            if type(packet) is not publish:
                self._handle(packet)
                continue
            number = packet.packet_id or 0
            kept = packet.retain and is_replay(packet.topic, packet.payload)
            message = Message(packet.topic, packet.payload, now, 1 if number else 0, kept)
            batch.append(Delivery(message, number, generation))

    def _handle(self, packet: mqtt5.Packet) -> None:
        match packet:
            case mqtt5.PubAckPacket():
                self._settle(packet)
            case mqtt5.PingRespPacket():
                pass
            case mqtt5.ConnAckPacket() if not self._connack.done():
                self._connack.set_result(packet)
            case mqtt5.SubAckPacket():
                self._check_granted(packet)
            case mqtt5.DisconnectPacket():
                code = packet.reason_code
                self._fail(refusal(self._settings, int(code), code.name))
            case _:
                self._fail(self._malformed(f"an unexpected {type(packet).__name__}"))

    def _settle(self, packet: mqtt5.PubAckPacket) -> None:
        answer = self._sent.pop(packet.packet_id, None)
        if answer is None:
            return
        self._quota.release()
        if not answer.done():
            answer.set_result(packet)

    def _check_granted(self, packet: mqtt5.SubAckPacket) -> None:
        codes = packet.reason_codes
        log_refused(self._terms, (code.name if int(code) >= FAILED else "" for code in codes))

    def _next_id(self) -> int:
        """A packet id that no unanswered packet has."""
        while True:
            self._last_id = self._last_id % _IDS + 1
            if self._last_id not in self._sent and self._last_id != 1:
                return self._last_id

    def _send(self, packet: mqtt5.PublishPacket) -> None:
        data = packet.write()
        if self._max_packet_bytes and len(data) > self._max_packet_bytes:
            raise PermissionError(f"{packet.topic}: {len(data)} bytes are too many for the broker")
        if self._transport is None or self._transport.is_closing():
            raise ConnectionResetError("the connection has ended")
        if not self._outgoing:
            asyncio.get_running_loop().call_soon(self._write)
        self._outgoing += data
        if len(self._outgoing) > _TOGETHER_BYTES:  # so that back-pressure is felt
            self._write()

    def _write(self, data: bytes = b"") -> None:
        """Write what was published, then `data`. Nothing once the connection has ended."""
        whole, self._outgoing = bytes(self._outgoing) + data, bytearray()
        if whole and self._transport and not self._transport.is_closing():
            self._transport.write(whole)

    async def _handshake(self) -> mqtt5.ConnAckPacket:
        self._write(connect_packet(self._terms).write())
        try:
            async with asyncio.timeout(ANSWER_S):  # wait_for may swallow a cancellation
                return await self._connack
        except TimeoutError:
            raise no_answer(self._settings) from None

    def _keep_alive(self, keepalive_s: float) -> None:
        """Ping twice per interval; the connection ends if nothing comes between two pings."""
        if self._is_silent and not self._paused:
            self._fail(
                ConnectionFailedError(f"no answer from {self._settings.host}:{self._settings.port}")
            )
            return
        self._is_silent = self._ping_timer is not None
        self._write(_PING)
        loop = asyncio.get_running_loop()
        self._ping_timer = loop.call_later(keepalive_s / 2, self._keep_alive, keepalive_s)

    def _malformed(self, what: str) -> ConnectionFailedError:
        return invalid_packet(self._settings, what, answered=self._connack.done())

    def _end(self, reason: ConnectionFailedError) -> None:
        """End this connection; the first reason counts."""
        if self._ending.end(reason):
            if self._ping_timer:
                self._ping_timer.cancel()
            self._writable.set()

    def _fail(self, reason: ConnectionFailedError) -> None:
        """End this connection without DISCONNECT."""
        self._end(reason)
        if self._transport:
            self._transport.abort()
