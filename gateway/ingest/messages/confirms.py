"""Confirms: tells native devices which ids are stored, so that they may forget them.

Owns the bounded queue of ids to confirm. Must not decide what is durable (`intake`).
"""

import asyncio
import logging
from collections.abc import Mapping, Sequence

from gateway.dialects import native_protocol
from gateway.mqtt import Session

log = logging.getLogger(__name__)
WAITING = 40_000  # ids; beyond this a device sends its messages again
IDS = 100  # in one confirm, because a sensor has little memory
AT_ONCE = 50  # confirms sent at the same time, so that no device waits for another


class Confirms:
    """The confirms of one gateway."""

    def __init__(self) -> None:
        self._durable: dict[str, list[str]] = {}  # topic -> ids
        self._waiting = 0  # ids in it
        self._committed = asyncio.Event()

    def promise(self, durable: Mapping[str, Sequence[str]]) -> None:
        """Queue durable ids (by topic); ids of the same device are confirmed together."""
        for topic, ids in durable.items():
            if self._waiting < WAITING:  # else the device sends again and is confirmed then
                self._durable.setdefault(topic, []).extend(ids)
                self._waiting += len(ids)
        if self._durable:
            self._committed.set()

    async def run(self, session: Session) -> None:
        """Send the confirms, until cancelled."""
        room = asyncio.Semaphore(AT_ONCE)

        async def tell(topic: str, ids: list[str]) -> None:
            async with room:
                try:
                    await session.publish(topic, native_protocol.encode_confirm(ids))
                except (TimeoutError, ConnectionError, PermissionError) as error:
                    log.debug("not confirmed on %s: %s", topic, error)

        while True:
            await self._committed.wait()
            self._committed.clear()
            durable, self._durable, self._waiting = self._durable, {}, 0
            async with asyncio.TaskGroup() as group:
                for topic, ids in durable.items():
                    for start in range(0, len(ids), IDS):
                        work = tell(topic, ids[start : start + IDS])
                        group.create_task(work, name=f"confirm {topic}")
