"""Confirms: which ids native devices may forget, told soon and together.

Owns what waits to be confirmed, in a bound. Must not decide what is durable (`intake`).
"""

import asyncio
import logging
from collections.abc import Mapping, Sequence

from gateway.dialects import native_protocol
from gateway.mqtt import Session

log = logging.getLogger(__name__)
WAITING = 10_000  # ids; one more only means that a device repeats
IDS = 100  # in one confirm: a sensor has little memory
AT_ONCE = 50  # on their way, so that no device waits for another's


class Confirms:
    """Of one gateway."""

    def __init__(self) -> None:
        self._durable: dict[str, list[str]] = {}  # topic -> ids
        self._waiting = 0  # ids in it
        self._committed = asyncio.Event()

    def promise(self, durable: Mapping[str, Sequence[str]]) -> None:
        """These ids (by topic) are durable: to be confirmed together with others of the same device."""
        for topic, ids in durable.items():
            if self._waiting < WAITING:  # else the device repeats and is confirmed then
                self._durable.setdefault(topic, []).extend(ids)
                self._waiting += len(ids)
        if self._durable:
            self._committed.set()

    async def run(self, session: Session) -> None:
        """Tell the devices, until cancelled."""
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
