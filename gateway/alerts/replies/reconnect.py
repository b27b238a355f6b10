"""Connects again after a failure, with longer and longer pauses, and says what is wrong.

Owns pauses and the fault. Must not know what is connected to.
"""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable
from datetime import timedelta

from gateway.clock import Clock
from gateway.domain.errors import UnreachableError

log = logging.getLogger(__name__)
FIRST_S, LONGEST_S = 2.0, 300.0
STEADY_S = 60.0
FAULT_AFTER = timedelta(minutes=15)


class WayUnreachableError(UnreachableError):
    """The mailbox or the server that replies come through does not answer, or refuses the login."""


class Connection:
    """One connection that is made again until cancelled. `steady_s`: a shorter one counts as a failure."""

    def __init__(
        self,
        name: str,
        clock: Clock,
        first_s: float = FIRST_S,
        steady_s: float = STEADY_S,
        brings: str = "replies by",
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._title, self._sleep = f"{brings} {name}", sleep
        self._name, self._clock, self._first_s, self._steady_s = name, clock, first_s, steady_s
        self._error, self._since = "", clock()
        self._began_s: float | None = None  # when the present connection stood, by the loop's time
        self._is_failing = False  # since `_since` no connection was steady

    async def keep(self, session: Callable[[], Awaitable[None]]) -> None:
        """Run `session` again and again; it calls `works` once it is connected."""
        pause = self._first_s
        while True:
            self._began_s = None
            try:
                await session()
            except WayUnreachableError as error:
                if self._was_steady():
                    pause, self._is_failing = self._first_s, False
                self._failed(str(error))
            await self._sleep(pause * (0.75 + random.random() / 2))  # noqa: S311 - jitter
            pause = min(pause * 2, LONGEST_S)

    def works(self) -> None:
        """The connection stands."""
        if self._error:
            log.info("%s: connected again", self._title)
        self._error = ""
        if self._began_s is None:
            self._began_s = asyncio.get_running_loop().time()

    def fault(self) -> str:
        """What is wrong for so long that a person should know; "" if nothing."""
        if self._error and self._clock() - self._since >= FAULT_AFTER:
            return f"{self._name}: {self._error}"
        return ""

    def _was_steady(self) -> bool:
        now_s = asyncio.get_running_loop().time()
        return self._began_s is not None and now_s - self._began_s >= self._steady_s

    def _failed(self, error: str) -> None:
        if not self._is_failing:
            self._since, self._is_failing = self._clock(), True
        if error != self._error:
            log.warning("%s: %s", self._title, error)
        self._error = error
