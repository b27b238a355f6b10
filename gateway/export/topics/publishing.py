"""What the publishers of topics need of the MQTT session."""

from typing import Protocol

from gateway.mqtt.session import Counters


class PublishingSession(Protocol):
    """The part of the MQTT session that publishing needs."""

    @property
    def counters(self) -> Counters:
        """The number of connections: after a new one the broker may have lost all retained topics."""

    async def publish(
        self, topic: str, payload: bytes, *, qos: int = 1, retain: bool = False
    ) -> None:
        """Publish. Raises TimeoutError or PermissionError if the broker does not accept it."""
