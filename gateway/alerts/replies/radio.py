"""Follows the texts that Meshtastic nodes send, beside the gateway's own session.

Owns reading a text packet. What is sent while there is no connection is not read: the node gets no
confirmation and sends again. Must not treat a text as a sign of life (`dialects.meshtastic`).
"""

from collections import deque
from typing import Any

import msgspec
from msgspec import Struct

from gateway.alerts.replies import Deliver, IncomingReply, Way
from gateway.clock import Clock
from gateway.config import Mqtt
from gateway.dialects.meshtastic import FILTERS
from gateway.mqtt.traffic import tail

MAX_BYTES = 4_096
REMEMBERED = 200  # packets: several radio gateways repeat each


class _Packet(Struct, rename={"sender_id": "from"}):
    """A packet as the radio's MQTT module writes it."""

    sender_id: int
    id: int = 0
    type: str = ""
    payload: Any = None


_packet = msgspec.json.Decoder(_Packet)


class RadioTexts:
    """The texts of one broker."""

    def __init__(self, settings: Mqtt, site: str, clock: Clock) -> None:
        self._settings, self._site, self._clock = settings, site, clock
        self._seen: deque[tuple[str, int]] = deque(maxlen=REMEMBERED)

    async def follow(self, deliver: Deliver) -> None:
        """Hand on the texts until cancelled."""
        async for message in tail.follow(
            self._settings, self._site, FILTERS, lambda _: None, self._clock
        ):
            if message.retain:
                continue
            reply = read(message.payload)
            if reply and not self._is_repeated(reply):
                await deliver(reply)

    def _is_repeated(self, reply: IncomingReply) -> bool:
        key = (reply.sender, int(reply.place))
        if key in self._seen and key[1]:
            return True
        self._seen.append(key)
        return False


def read(payload: bytes) -> IncomingReply | None:
    """The text of a packet; None for any other packet, and for what cannot be read."""
    if len(payload) > MAX_BYTES:
        return None
    try:
        packet = _packet.decode(payload)
    except msgspec.MsgspecError:
        return None
    inner = packet.payload
    text = inner.get("text") if isinstance(inner, dict) else inner
    if packet.type != "text" or not isinstance(text, str) or not 0 < packet.sender_id < 1 << 32:
        return None
    place = str(packet.id if 0 <= packet.id < 1 << 32 else 0)
    return IncomingReply(Way.MESHTASTIC, f"!{packet.sender_id:08x}", text[:200], place=place)
