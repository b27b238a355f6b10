"""Meshtastic text downlink, for places without a telephone network. URL: ``meshtastic:!NODE?from=!GATEWAY``.

Owns the JSON that the radio gateway's MQTT module sends out (``sendtext``). `from` must be the number
of that radio; ``meshtastic:^all`` speaks to everybody on the channel (``&channel=N``).
The broker's yes is all there is: whether the radio reached anybody, nobody tells.
"""

from urllib.parse import parse_qsl

import msgspec

from gateway.alerts.channels import Means, Notification, Send, UndeliveredError

EVERYBODY = 0xFFFF_FFFF
LONGEST = 200  # bytes of text in one radio packet, with room to spare


def open_meshtastic(url: str, means: Means) -> Send:
    """ValueError when the address or the radio's own number is missing."""
    node, _, query = url.split(":", 1)[1].partition("?")
    options = dict(parse_qsl(query))
    to, sender = _number(node), _number(options.get("from", ""))
    channel = int(options.get("channel", "0"))

    async def send(letter: Notification) -> str:
        if means.publish is None:
            raise UndeliveredError("no broker here: only the running gateway can publish")
        text = cut(f"{letter.title} {letter.text}")
        body = {"from": sender, "to": to, "channel": channel, "type": "sendtext", "payload": text}
        try:
            await means.publish(means.meshtastic_topic, msgspec.json.encode(body), qos=1)
        except (TimeoutError, ConnectionError) as error:
            raise UndeliveredError(f"the broker did not take it: {error}") from None
        return "given to the radio; whether it arrived is not known"

    return send


def size(text: str) -> int:
    """Bytes, as the radio counts."""
    return len(text.encode())


def cut(text: str) -> str:
    """As much of a text as one packet holds, never half a character."""
    return text.encode()[:LONGEST].decode("utf-8", "ignore")


def _number(node: str) -> int:
    if node == "^all":
        return EVERYBODY
    try:
        return int(node.removeprefix("!"), 16) if node.startswith("!") else int(node)
    except ValueError:
        raise ValueError("needs meshtastic:!NODE?from=!GATEWAY_NODE") from None
