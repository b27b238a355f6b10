"""MQTT: retained alerts for sirens, displays and hubs. URL: ``mqtt:`` or ``mqtt:PREFIX/``.

Owns the JSON. One topic per person and alert under ``shishigaki/v1/SITE/notice/`` or the prefix, retained
while the alert is open and deleted (an empty retained message) when it has ended. What is left when a
channel is removed is deleted by `export.topics`.
"""

from datetime import datetime

import msgspec

from gateway.alerts.channels import ChannelOptions, Notification, Send, UndeliveredError
from gateway.domain.model import Alert
from gateway.mqtt.own_topics.names import notice_prefix

VERSION = 1


class Notice(msgspec.Struct, frozen=True, kw_only=True):
    """The payload; its fields are documented in TOPICS.md."""

    v: int = VERSION
    id: str
    rule: str
    level: str
    subject: str
    observed_at: datetime
    title: str
    text: str


def open_mqtt(url: str, options: ChannelOptions) -> Send:
    """Raises ValueError if the prefix could match topics of sensors or of the gateway itself."""
    prefix = notice_prefix(url, options.site, options.recipient)

    async def send(notification: Notification) -> str:
        if options.publish is None:
            raise UndeliveredError("no broker here: only the running gateway can publish")
        for alert in notification.alerts:
            payload = b"" if notification.over else _payload(alert, notification)
            try:
                await options.publish(prefix + alert.id, payload, qos=1, retain=True)
            except (TimeoutError, ConnectionError) as error:
                raise UndeliveredError(f"the broker did not take it: {error}") from None
        return "taken by the broker"

    return send


def _payload(alert: Alert, notification: Notification) -> bytes:
    return msgspec.json.encode(
        Notice(
            id=alert.id,
            rule=alert.rule,
            level=alert.level,
            subject=alert.subject,
            observed_at=alert.observed_at,
            title=notification.title,
            text=notification.text,
        )
    )
