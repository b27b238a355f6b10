"""An event loop whose time stands still until a test moves it: timers run when the test says so.

Owns the loop's clock. Must not be used for what talks to other processes, whose time goes on.
"""

import asyncio
import time
from collections.abc import Callable, Coroutine
from contextvars import Context
from typing import Any, TypeVarTuple

from tests.support.pace import Deadline

Parts = TypeVarTuple("Parts")
WITHIN_S = 20.0  # of real time, on a quiet machine


class ManualLoop(asyncio.SelectorEventLoop):
    """Its time is `now_s`."""

    def __init__(self) -> None:
        self.now_s = 0.0
        self.timers_s: list[float] = []  # for when something was planned, in this order
        super().__init__()

    def time(self) -> float:
        """The time that the test has set."""
        return self.now_s

    def call_at(
        self,
        when: float,
        callback: Callable[[*Parts], object],
        *args: *Parts,
        context: Context | None = None,
    ) -> asyncio.TimerHandle:
        """As any loop, and noted for the test."""
        self.timers_s.append(when)
        return super().call_at(when, callback, *args, context=context)

    def advance(self, seconds: float) -> None:
        """Let so much time pass; what is due runs when the loop has its turn."""
        self.now_s += seconds


async def until(condition: Callable[[], bool]) -> None:
    """Let everything run that needs no time, also in threads, until `condition` holds."""
    deadline = Deadline(WITHIN_S)
    while not condition():
        assert not deadline.has_passed(), f"not within {deadline}"
        time.sleep(0.0005)  # noqa: ASYNC251 - a sleep of the loop would need its time
        await asyncio.sleep(0)


def run(story: Callable[[ManualLoop], Coroutine[Any, Any, None]]) -> None:
    """Run `story` on such a loop."""
    loop = ManualLoop()
    with asyncio.Runner(loop_factory=lambda: loop) as runner:
        runner.run(story(loop))
