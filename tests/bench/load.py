"""Messages for the benchmarks, put into mosquitto as fast as it takes them.

Owns the packets of a raw MQTT 3.1.1 publisher, so that the sender costs as little as possible.
"""

import json
import socket
import threading
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

Packet = tuple[str, bytes]
WINDOW = 65_535  # packet ids


def detections(
    count: int, devices: int, start: int = 0, run: str = "", total: int = 0
) -> list[Packet]:
    """(topic, payload) of native detections, in turn from `devices` devices, a second apart.

    The last of `total` (0: of these) happened just now.
    """
    since = timedelta(seconds=(total or count) // devices + 1)
    base = datetime.now(UTC).replace(microsecond=0) - since
    return [_detection(n, devices, base, run) for n in range(start, start + count)]


def _detection(n: int, devices: int, base: datetime, run: str) -> Packet:
    at = base + timedelta(seconds=n // devices)
    body = {
        "v": 1,
        "id": f"01JD{run}{n:016}",
        "boot": 7,
        "seq": n,
        "kind": "detection",
        "ts": f"{at:%Y-%m-%dT%H:%M:%S}.000Z",
        "ts_src": "ntp",
        "species": "boar",
        "count": 2,
        "confidence": 0.91,
        "battery": {"v": 3.01},
    }
    topic = f"wildlife/v1/goto/cam-{n % devices:04}/event"
    return topic, json.dumps(body, separators=(",", ":")).encode()


class Publisher:
    """One connection that publishes with QoS 1."""

    def __init__(self, port: int, name: str = "load") -> None:
        self._sock = socket.create_connection(("127.0.0.1", port))
        self._sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        text = name.encode()
        connect = b"\x00\x04MQTT\x04\x02\x00\x00" + len(text).to_bytes(2, "big") + text
        self._sock.sendall(b"\x10" + bytes([len(connect)]) + connect)
        assert self._sock.recv(4) == b"\x20\x02\x00\x00"
        self._no = 0

    def send_all(self, packets: Iterable[Packet]) -> None:
        """As fast as the broker takes it; returns when it has all."""
        data = [self._encode(*packet) for packet in packets]
        sender = threading.Thread(target=self._sock.sendall, args=(b"".join(data),))
        sender.start()
        answered = 0
        while answered < len(data) * 4:
            answered += len(self._sock.recv(65_536))
        sender.join()

    def send(self, packet: Packet) -> None:
        """One, and wait for the broker's answer."""
        self._sock.sendall(self._encode(*packet))
        left = 4
        while left:
            left -= len(self._sock.recv(left))

    def close(self) -> None:
        """Say goodbye."""
        self._sock.sendall(b"\xe0\x00")
        self._sock.close()

    def _encode(self, topic: str, payload: bytes) -> bytes:
        self._no = self._no % WINDOW + 1
        body = len(topic).to_bytes(2, "big") + topic.encode() + self._no.to_bytes(2, "big")
        size = len(body) + len(payload)
        return b"\x32" + _length(size) + body + payload


def _length(size: int) -> bytes:
    out = bytearray()
    while True:
        size, low = divmod(size, 128)
        out.append(low | (128 if size else 0))
        if not size:
            return bytes(out)
