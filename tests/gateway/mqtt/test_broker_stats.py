"""What the broker says of itself is followed until the gateway stops, and no longer."""

import asyncio
from collections.abc import AsyncIterator
from typing import Self

import pytest

from gateway.config import Mqtt
from gateway.mqtt import broker_stats


class Swallowing:
    """A client that takes a cancellation while it subscribes for the broker's answer."""

    def __init__(self) -> None:
        self.asked, self.messages = asyncio.Event(), self._nothing()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None: ...

    async def subscribe(self, _: object) -> None:
        self.asked.set()
        try:
            await asyncio.sleep(3600)
        except asyncio.CancelledError:
            return

    async def _nothing(self) -> AsyncIterator[None]:
        await asyncio.sleep(3600)
        yield


def test_a_stop_amid_subscribing_is_heeded(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario() -> None:
        client = Swallowing()
        monkeypatch.setattr(broker_stats, "_client", lambda *_: client)
        task = asyncio.create_task(broker_stats.follow_broker(Mqtt(), "goto", lambda *_: None))
        await client.asked.wait()
        task.cancel()
        done, _ = await asyncio.wait([task], timeout=2)
        assert done == {task}
        assert task.cancelled()

    asyncio.run(scenario())
