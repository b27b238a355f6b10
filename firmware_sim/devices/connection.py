"""One MQTT connection of a simulated device: paho-mqtt, served by the fleet's single thread.

Owns the socket, connecting with jittered back-off, last will and subscription. Must not know the content
of messages.
"""

import logging
import selectors
import socket
from collections.abc import Callable
from random import Random
from typing import Any, Literal

from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion

from firmware_sim.devices.device import OutgoingPublish
from firmware_sim.habitat.random_streams import key

log = logging.getLogger(__name__)

KEEPALIVE_S = 60
FIRST_WAIT_S, LONGEST_WAIT_S = 0.5, 60.0

ConnectionState = Literal["closed", "opening", "up"]


class Connection:
    """A connection that can be opened, cut (like a power loss) or closed with a DISCONNECT."""

    def __init__(
        self,
        client_id: str,
        address: tuple[str, int],
        selector: selectors.BaseSelector,
        *,
        will: OutgoingPublish | None = None,
        subscribe: str = "",
        clean: bool = True,
        login: tuple[str, str] | None = None,
    ) -> None:
        self.state: ConnectionState = "closed"
        self.on_up: Callable[[], None] = lambda: None
        self.on_message: Callable[[bytes], None] = lambda payload: None
        self._name, self._address = client_id, address
        self._selector, self._subscribe = selector, subscribe
        self._jitter = Random(key(client_id, "jitter"))  # noqa: S311 - spreads retries
        self._wait_s, self._not_before = FIRST_WAIT_S, 0.0
        self._client = Client(CallbackAPIVersion.VERSION2, client_id, clean_session=clean)
        if will is not None:
            self._client.will_set(will.topic, will.payload, will.qos, will.retain)
        if login is not None:
            self._client.username_pw_set(*login)
        self._unacked: set[int] = set()
        self._hook()

    def open(self, mono: float) -> None:
        """Connect unless connected or in the back-off time. `mono`: monotonic seconds."""
        if self.state != "closed" or mono < self._not_before:
            return
        self._not_before = mono + self._wait_s * (0.5 + self._jitter.random())
        self._wait_s = min(LONGEST_WAIT_S, 2 * self._wait_s)
        try:
            self.state = "opening"
            self._client.connect(*self._address, keepalive=KEEPALIVE_S)
        except OSError as error:
            self.state = "closed"
            log.debug("%s:%d does not answer: %s", *self._address, error)

    def send(self, publish: OutgoingPublish) -> None:
        """Publish; dropped if not connected (a device keeps events in its flash)."""
        if self.state == "up":
            sent = self._client.publish(publish.topic, publish.payload, publish.qos, publish.retain)
            if publish.qos:
                self._unacked.add(sent.mid)

    @property
    def idle(self) -> bool:
        """Whether the broker has acknowledged everything that was sent."""
        return not self._unacked

    def cut(self) -> None:
        """Close the socket without a DISCONNECT, so that the broker publishes the last will.

        Must not be called from a callback, see `flush`.
        """
        held = self._client.socket()
        if isinstance(held, socket.socket):
            held.shutdown(socket.SHUT_RDWR)
            self._client.loop_read()
        self.state = "closed"

    def leave(self) -> None:
        """Send a DISCONNECT: no last will."""
        if self.state != "closed":
            self._client.disconnect()

    def flush(self) -> None:
        """Write queued data now. Must not be called from a callback: paho's locks would block."""
        self._client.loop_write()

    def serve(self, events: int) -> None:
        """Read and write as the selector reports."""
        if events & selectors.EVENT_READ:
            self._client.loop_read()
        if events & selectors.EVENT_WRITE:
            self._client.loop_write()

    def tend(self) -> None:
        """Send pings when due; call about once a second."""
        if self.state != "closed":
            self._client.loop_misc()

    def _hook(self) -> None:
        client = self._client
        client.on_connect = self._connected
        client.on_disconnect = self._disconnected
        client.on_message = self._message
        client.on_publish = self._published
        client.on_socket_open = self._socket_open
        client.on_socket_close = self._socket_close
        client.on_socket_register_write = self._want_write
        client.on_socket_unregister_write = self._enough_written

    def _connected(self, client: Client, _user: Any, _flags: Any, reason: Any, _props: Any) -> None:
        if reason.is_failure:
            log.warning("the broker refuses %s: %s", self._name, reason)
            return
        self.state, self._wait_s, self._not_before = "up", FIRST_WAIT_S, 0.0
        if self._subscribe:
            client.subscribe(self._subscribe, qos=1)
        self.on_up()

    def _disconnected(self, *_: Any) -> None:
        self.state = "closed"
        self._unacked.clear()

    def _published(self, _client: Client, _user: Any, mid: int, *_: Any) -> None:
        self._unacked.discard(mid)

    def _message(self, _client: Client, _user: Any, message: MQTTMessage) -> None:
        self.on_message(bytes(message.payload))

    def _socket_open(self, _client: Client, _user: Any, sock: Any) -> None:
        self._selector.register(sock, selectors.EVENT_READ, self)

    def _socket_close(self, _client: Client, _user: Any, sock: Any) -> None:
        self._selector.unregister(sock)

    def _want_write(self, _client: Client, _user: Any, sock: Any) -> None:
        self._selector.modify(sock, selectors.EVENT_READ | selectors.EVENT_WRITE, self)

    def _enough_written(self, _client: Client, _user: Any, sock: Any) -> None:
        self._selector.modify(sock, selectors.EVENT_READ, self)
