"""MQTT: retained alerts for sirens, displays and hubs. URL: ``mqtt:`` or ``mqtt:PREFIX/``.

Owns the topic and the JSON. One topic an alert, under ``shishigaki/v1/SITE/alert/``: present while the
alert stands, cleared (an empty retained message) when it is over.
"""

import msgspec

from gateway.alerts.channels import Means, Notification, Send, UndeliveredError


def open_mqtt(url: str, means: Means) -> Send:
    """`url` may name another prefix; ValueError when it could reach the sensors' topics."""
    prefix = url.split(":", 1)[1] or f"shishigaki/v1/{means.site}/alert/"
    if not prefix.startswith("shishigaki/") or "#" in prefix or "+" in prefix:
        raise ValueError("the prefix must begin with shishigaki/ and hold no wildcard")

    async def send(letter: Notification) -> str:
        if means.publish is None:
            raise UndeliveredError("no broker here: only the running gateway can publish")
        for alert in letter.alerts:
            body = {"v": 1, "id": alert.id, "rule": alert.rule, "level": alert.level,
                    "subject": alert.subject, "observed_at": alert.observed_at,
                    "title": letter.title, "text": letter.text}  # fmt: skip
            payload = b"" if letter.over else msgspec.json.encode(body)
            try:
                await means.publish(prefix + alert.id, payload, qos=1, retain=True)
            except (TimeoutError, ConnectionError) as error:
                raise UndeliveredError(f"the broker did not take it: {error}") from None
        return "taken by the broker"

    return send
