"""How one connection ends, the same for both kinds of link.

Owns the end: its first reason counts, and every waiting call gets it. Must not close the
socket nor stop timers: that is the link's.
"""

import asyncio
from collections.abc import Mapping
from typing import Any, Never

from gateway.mqtt.link import ConnectionFailedError


class LinkEnd:
    """The end of one link. `opened`: waits for CONNACK; `answers`: wait for PUBACK, by packet id."""

    def __init__(
        self, opened: asyncio.Future[Any], answers: Mapping[int, asyncio.Future[Any]]
    ) -> None:
        self._opened, self._answers = opened, answers
        self._ended: asyncio.Future[Never] = asyncio.get_running_loop().create_future()

    @property
    def is_over(self) -> bool:
        """Whether the connection has ended."""
        return self._ended.done()

    @property
    def reason(self) -> BaseException | None:
        """Why the connection ended; None while it lasts."""
        return self._ended.exception() if self.is_over else None

    async def wait(self) -> None:
        """Wait for the end. Raises the ConnectionFailedError that is its reason."""
        await asyncio.shield(self._ended)

    def end(self, reason: ConnectionFailedError) -> bool:
        """End the connection; False if it had ended before, whose reason stays."""
        if self.is_over:
            return False
        _fail(self._ended, reason)
        _fail(self._opened, reason)
        for answer in self._answers.values():
            _fail(answer, ConnectionResetError(str(reason)))
        return True


def _fail(waiting: asyncio.Future[Any], error: Exception) -> None:
    if not waiting.done():
        waiting.set_exception(error)
        waiting.exception()  # marks it as read: asyncio logs no error if nobody waits for it
