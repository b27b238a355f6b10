"""One sensor with a good password that does what it should not, packet by packet over TLS.

Owns the packets: a client library would not send them. Each connection lasts until the broker has answered
or ended it.
"""

import contextlib
import socket
import ssl
import struct

from tests.support.shipped_broker import ShippedBroker

ANSWER_S = 30.0


class Attacker:
    """Sends single packets under its own account."""

    def __init__(self, broker: ShippedBroker, name: str) -> None:
        self._port, self._name, self._password = broker.sensors, name, broker.password(name)
        self._tls = ssl.create_default_context(cafile=str(broker.authority))

    def publish(self, *messages: tuple[str, bytes], retain: bool = False, qos: int = 1) -> None:
        """Publish over one connection; the broker may end it at any message."""
        with contextlib.suppress(OSError), self._connection() as line:
            line.sendall(_connect(self._name, self._password))
            line.recv(4)
            for number, (topic, payload) in enumerate(messages, 1):
                line.sendall(_publish(topic, payload, number, qos, retain=retain))
            line.sendall(b"\xc0\x00")  # PINGREQ: its answer comes after all others
            while answer := line.recv(65_536):
                if answer.endswith(b"\xd0\x00"):
                    break

    def _connection(self) -> ssl.SSLSocket:
        plain = socket.create_connection(("127.0.0.1", self._port), timeout=ANSWER_S)
        return self._tls.wrap_socket(plain, server_hostname="127.0.0.1")


def _connect(name: str, password: str) -> bytes:
    return _packet(0x10, b"\0\4MQTT\4\xc2\0\x3c" + b"".join(map(_text, (name, name, password))))


def _publish(topic: str, payload: bytes, number: int, qos: int, *, retain: bool) -> bytes:
    head = _text(topic) + (struct.pack(">H", number) if qos else b"")
    return _packet(0x30 | qos << 1 | retain, head + payload)


def _packet(kind: int, body: bytes) -> bytes:
    size, rest = b"", len(body)
    while True:
        rest, low = divmod(rest, 128)
        size += bytes([low | (0x80 if rest else 0)])
        if not rest:
            return bytes([kind]) + size + body


def _text(text: str) -> bytes:
    return struct.pack(">H", len(text)) + text.encode()
