"""A notification and the calls that send it by a channel."""

import asyncio
from typing import Any

from gateway.alerts.channels import ChannelOptions, Notification, UndeliveredError
from gateway.alerts.channels.table import open_channel
from gateway.domain.model import Alert, AlertLevel
from tests.gateway.alerts.channels.provider import (
    Answer,
    providing,
)
from tests.gateway.alerts.site import T0

ALERT = Alert(
    id="a1b2",
    rule="trap_sprung",
    subject="trap-01",
    level=AlertLevel.CAPTURE,
    observed_at=T0,
    opened_at=T0,
)
NOTIFICATION = Notification(
    "key-1",
    "わなが作動",
    "三井楽-01 11月1日9:00",
    urgent=True,
    link="https://x/a/t",
    alerts=(ALERT,),
)
TO = "U" + "0" * 32


def send(url: str, means: ChannelOptions, notification: Notification = NOTIFICATION) -> str:
    async def run() -> str:
        return await open_channel(url, means).send(notification)

    return asyncio.run(run())


def line(answer: Answer, timeout_s: float = 3.0) -> tuple[Any, list[Any]]:
    with providing(lambda _: answer) as provider:
        means = ChannelOptions(line_url=provider.url, timeout_s=timeout_s)
        try:
            return send(f"line:TOKEN@{TO}", means), provider.calls
        except UndeliveredError as failure:
            return failure, provider.calls


def ntfy(answer: Answer, timeout_s: float = 3.0) -> tuple[Any, list[Any]]:
    with providing(lambda _: answer) as provider:
        try:
            url = f"ntfy://127.0.0.1:{provider.port}/topic"
            return send(url, ChannelOptions(timeout_s=timeout_s)), provider.calls
        except UndeliveredError as failure:
            return failure, provider.calls


class Broker:
    """Takes publishes as a session does."""

    def __init__(self, error: Exception | None = None) -> None:
        self.taken: list[tuple[str, bytes, bool]] = []
        self._error = error

    async def publish(
        self, topic: str, payload: bytes, *, qos: int = 1, retain: bool = False
    ) -> None:
        if self._error:
            raise self._error
        self.taken.append((topic, payload, retain))
