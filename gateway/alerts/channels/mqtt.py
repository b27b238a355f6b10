"""MQTT: retained alerts for sirens, displays and hubs. URL: ``mqtt:`` or ``mqtt:PREFIX/``.

Owns the topic and the JSON. One topic per alert under ``shishigaki/v1/SITE/alert/``, retained while the
alert is open and deleted (an empty retained message) when it has ended.
"""

import msgspec

from gateway.alerts.channels import ChannelOptions, Notification, Send, UndeliveredError


def open_mqtt(url: str, options: ChannelOptions) -> Send:
    """`url` may name another prefix. Raises ValueError if it could match sensors' topics."""
    prefix = url.split(":", 1)[1] or f"shishigaki/v1/{options.site}/alert/"
    if not prefix.startswith("shishigaki/") or "#" in prefix or "+" in prefix:
        raise ValueError("the prefix must begin with shishigaki/ and hold no wildcard")

    async def send(notification: Notification) -> str:
        if options.publish is None:
            raise UndeliveredError("no broker here: only the running gateway can publish")
        for alert in notification.alerts:
            body = {
                "v": 1,
                "id": alert.id,
                "rule": alert.rule,
                "level": alert.level,
                "subject": alert.subject,
                "observed_at": alert.observed_at,
                "title": notification.title,
                "text": notification.text,
            }
            payload = b"" if notification.over else msgspec.json.encode(body)
            try:
                await options.publish(prefix + alert.id, payload, qos=1, retain=True)
            except (TimeoutError, ConnectionError) as error:
                raise UndeliveredError(f"the broker did not take it: {error}") from None
        return "taken by the broker"

    return send
