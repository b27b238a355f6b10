"""One connection with paho-mqtt and manual acknowledgement: MQTT 3.1.1, in tests also 5.

Owns paho's client and its socket in the event loop. Must not reconnect, count or queue (`session`). Uses
documented calls of paho only, so that paho can be updated.
"""

import asyncio
import socket
import ssl
from collections.abc import Sequence
from typing import Any

from paho.mqtt.client import Client, MQTTMessage, MQTTv5, MQTTv311
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from gateway.domain.model import Message
from gateway.mqtt.link import (
    CONNECT_S,
    FAILED,
    OFFLINE,
    ONLINE,
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
from gateway.mqtt.subscription.options import paho_filters
from gateway.mqtt.subscription.replay import Replays

_CHUNK = 500  # messages read before other tasks run
_LOST = 128  # paho's code for a connection that the broker closed


class PahoLink:
    """A `Link` to a broker with MQTT 3.1.1, the version that every broker supports."""

    version: MQTTProtocolVersion = MQTTv311

    def __init__(self, terms: Terms, wire: Wire) -> None:
        self._terms = terms
        self._settings = terms.settings
        self._wire = wire
        self._loop = asyncio.get_running_loop()
        self._connected: asyncio.Future[bool] = self._loop.create_future()
        self._sent: dict[int, asyncio.Future[int]] = {}  # reason code by packet id
        self._ending = LinkEnd(self._connected, self._sent)
        self._batch: list[Delivery] = []
        self._now = wire.clock()
        self._paused = False
        self._socket: Any = None  # while the loop watches it
        self._ping_timer: asyncio.TimerHandle | None = None
        self._replays = Replays(self._loop.time)
        self._client = self._make_client()

    # -- Link ---------------------------------------------------------------------------------

    async def open(self) -> bool:
        """Send CONNECT, then SUBSCRIBE; its answer is not awaited, as messages may come before it."""
        context = await asyncio.to_thread(tls_context, self._settings)
        if context:
            self._client.tls_set_context(context)
        try:
            async with asyncio.timeout(CONNECT_S):
                await asyncio.to_thread(self._connect)
                self._watch(self._client.socket())
                remembered = await self._connected
        except OSError as error:
            raise unreachable(self._settings, error) from None
        if self._terms.subscriptions:
            self._replays.expect()
            self._client.subscribe(paho_filters(self._terms, is_five=self.version == MQTTv5))
        self._keep_alive()
        return remembered

    async def lasting(self) -> None:
        await self._ending.wait()

    def ack(self, packet_ids: Sequence[int]) -> None:
        """Acknowledge; the socket is corked, so that paho's single packets become one segment."""
        self._cork(on=True)
        for number in packet_ids:
            self._client.ack(number, 1)
        self._cork(on=False)
        self._flush()

    async def publish(self, topic: str, payload: bytes, qos: int, *, retain: bool) -> None:
        info = self._client.publish(topic, payload, qos, retain)
        self._flush()
        if info.rc == MQTTErrorCode.MQTT_ERR_NO_CONN or self._ending.is_over:
            raise ConnectionResetError("the connection has ended")
        if not qos:
            return
        answer = self._sent[info.mid] = self._loop.create_future()
        code = await answer
        if code >= FAILED:
            raise not_taken(topic, f"reason code {code}")

    def pause(self, *, paused: bool) -> None:
        if self._socket is None or paused == self._paused:
            return
        self._paused = paused
        if paused:
            self._loop.remove_reader(self._socket)
        else:
            self._replays.expect()
            self._loop.add_reader(self._socket, self._on_readable)
            self._loop.call_soon(self._on_readable)  # TLS may have buffered data

    async def close(self) -> None:
        self._end(ConnectionFailedError("closed by ourselves"))
        self._client.disconnect()
        self._flush()
        if (rest := self._client.socket()) is not None:
            self._unwatch(rest)
            rest.close()

    # -- paho's callbacks ---------------------------------------------------------------------

    def _make_client(self) -> Client:
        settings = self._settings
        is_five = self.version == MQTTv5
        client = Client(
            CallbackAPIVersion.VERSION2,
            self._terms.client_id,
            clean_session=None if is_five else False,
            protocol=self.version,
            reconnect_on_failure=False,
            manual_ack=True,
        )
        client.connect_timeout = CONNECT_S / 2  # once for TCP, once for TLS
        client.will_set(self._terms.status_topic, OFFLINE, 1, retain=True)
        if settings.username:
            client.username_pw_set(settings.username, settings.password or None)
        client.on_socket_open = self._on_socket_open
        client.on_socket_close = self._on_socket_close
        client.on_connect = self._on_connect
        client.on_disconnect = self._on_disconnect
        client.on_subscribe = self._on_subscribe
        client.on_publish = self._on_publish
        client.on_message = self._on_message
        return client

    def _connect(self) -> None:
        """Resolve, connect, do the TLS handshake and send CONNECT; blocks, so it runs in a thread."""
        settings = self._settings
        if self.version != MQTTv5:
            self._client.connect(settings.host, settings.port, settings.keepalive_s)
            return
        properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
        properties.SessionExpiryInterval = settings.session_expiry_s
        properties.MaximumPacketSize = settings.max_packet_bytes
        self._client.connect(
            settings.host,
            settings.port,
            settings.keepalive_s,
            clean_start=False,
            properties=properties,
        )

    @staticmethod
    def _on_socket_open(_client: Client, _data: Any, sock: Any) -> None:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def _on_socket_close(self, _client: Client, _data: Any, sock: Any) -> None:
        self._unwatch(sock)

    def _on_connect(self, _client: Client, _data: Any, flags: Any, code: Any, _props: Any) -> None:
        if code.is_failure:
            self._end(refusal(self._settings, code.value, str(code)))
        elif not self._connected.done():
            self._connected.set_result(bool(flags.session_present))

    def _on_disconnect(
        self, _client: Client, _data: Any, flags: Any, code: Any, _props: Any
    ) -> None:
        if flags.is_disconnect_packet_from_server:
            self._end(refusal(self._settings, code.value, str(code)))
        elif not self._connected.done():
            self._end(no_answer(self._settings))
        else:
            self._end(connection_broken(self._settings, "" if code == _LOST else code))

    def _on_subscribe(
        self, _client: Client, _data: Any, _mid: int, codes: list[Any], _props: Any
    ) -> None:
        log_refused(self._terms, (str(code) if code.is_failure else "" for code in codes))

    def _on_publish(self, _client: Client, _data: Any, mid: int, code: Any, _props: Any) -> None:
        answer = self._sent.pop(mid, None)
        if answer and not answer.done():
            answer.set_result(code.value)

    def _on_message(self, _client: Client, _data: Any, got: MQTTMessage) -> None:
        payload = bytes(got.payload)
        kept = got.retain and self._replays.is_replay(got.topic, payload)
        message = Message(got.topic, payload, self._now, got.qos, kept)
        number = got.mid if got.qos else 0
        self._batch.append(Delivery(message, number, self._wire.generation))

    # -- the socket in the event loop ---------------------------------------------------------

    def _watch(self, sock: Any) -> None:
        if sock is None:
            raise ConnectionResetError("closed while connecting")
        self._socket = sock
        self._loop.add_reader(sock, self._on_readable)
        self._flush()

    def _unwatch(self, sock: Any) -> None:
        if self._socket is not None:
            self._socket = None
            self._loop.remove_reader(sock)
            self._loop.remove_writer(sock)

    def _on_readable(self) -> None:
        """Read what has arrived. Never raises for bad content."""
        if self._socket is None or self._paused:
            return
        self._now = self._wire.clock()
        self._batch = []
        try:
            self._read()
        except Exception as error:  # paho raises various exceptions on malformed packets
            what = f"{type(error).__name__}: {error}"
            self._end(invalid_packet(self._settings, what, answered=self._connected.done()))
        self._wire.deliver(self._batch)
        self._flush()

    def _read(self) -> None:
        """paho reads one packet per call; repeat while messages come."""
        taken = -1
        while taken < len(self._batch) < _CHUNK:
            taken = len(self._batch)
            self._client.loop_read()
        if isinstance(self._socket, ssl.SSLSocket) and self._socket.pending():
            self._loop.call_soon(self._on_readable)

    def _flush(self) -> None:
        """Let the event loop write what the socket did not accept at once."""
        if self._socket is None:
            return
        if self._client.want_write():
            self._loop.add_writer(self._socket, self._on_writable)
        else:
            self._loop.remove_writer(self._socket)

    def _on_writable(self) -> None:
        self._client.loop_write()
        self._flush()

    def _cork(self, *, on: bool) -> None:
        if self._socket is not None:
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_CORK, int(on))

    def _keep_alive(self) -> None:
        """paho pings and checks the answers; while reading is paused, publish our status instead."""
        if self._ending.is_over:
            return
        interval_s = self._settings.keepalive_s / 4
        if self._paused:
            self._client.publish(self._terms.status_topic, ONLINE, 0, retain=True)
        else:
            self._client.loop_misc()
        self._flush()
        self._ping_timer = self._loop.call_later(interval_s, self._keep_alive)

    def _end(self, reason: ConnectionFailedError) -> None:
        """End this connection; the first reason counts."""
        if self._ending.end(reason) and self._ping_timer:
            self._ping_timer.cancel()


class PahoFiveLink(PahoLink):
    """The same over MQTT 5, to compare our own `FiveLink` with."""

    version = MQTTv5
