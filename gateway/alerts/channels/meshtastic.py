"""Meshtastic text downlink, for places without a telephone network. URL: ``meshtastic:!NODE?from=!GATEWAY``.

Owns the JSON that the radio gateway's MQTT module transmits (``sendtext``). `from` must be the number of
that radio; ``meshtastic:^all`` sends to everybody on the channel (``&channel=N``). Only the broker
acknowledges: whether the radio reached anybody is unknown.
"""

from urllib.parse import parse_qsl

import msgspec

from gateway.alerts.channels import ChannelOptions, Notification, Send, UndeliveredError

EVERYBODY = 0xFFFF_FFFF
MAX_BYTES = 200  # text in one radio packet, with a margin


def open_meshtastic(url: str, means: ChannelOptions) -> Send:
    """Raises ValueError if the address or the radio's own number is missing."""
    node, _, query = url.split(":", 1)[1].partition("?")
    options = dict(parse_qsl(query))
    to, sender = _number(node), _number(options.get("from", ""))
    channel = int(options.get("channel", "0"))

    async def send(notification: Notification) -> str:
        if means.publish is None:
            raise UndeliveredError("no broker here: only the running gateway can publish")
        text = cut(f"{notification.title} {notification.text}")
        body = {"from": sender, "to": to, "channel": channel, "type": "sendtext", "payload": text}
        try:
            await means.publish(means.meshtastic_topic, msgspec.json.encode(body), qos=1)
        except (TimeoutError, ConnectionError) as error:
            raise UndeliveredError(f"the broker did not take it: {error}") from None
        return "given to the radio; whether it arrived is not known"

    return send


def node_of(url: str) -> int:
    """The number of the node that a channel sends to. Raises ValueError."""
    return _number(url.split(":", 1)[1].partition("?")[0])


def size(text: str) -> int:
    """Bytes, as the radio counts."""
    return len(text.encode())


def cut(text: str) -> str:
    """The beginning of a text that fits into one packet, never half a character."""
    return text.encode()[:MAX_BYTES].decode("utf-8", "ignore")


def _number(node: str) -> int:
    if node == "^all":
        return EVERYBODY
    try:
        return int(node.removeprefix("!"), 16) if node.startswith("!") else int(node)
    except ValueError:
        raise ValueError("needs meshtastic:!NODE?from=!GATEWAY_NODE") from None
