"""An intake on a session without a broker, on a loop whose time the test moves."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from gateway.domain.model import Kind, Message
from gateway.ingest.messages.intake import Intake, IntakeLimits
from gateway.ingest.messages.judging import Judging
from gateway.metrics import Health
from gateway.store import DiskError, Store
from gateway.store.feed import Feed
from tests.support.clocks import manual_loop
from tests.support.clocks.manual_loop import ManualLoop, until
from tests.support.samples import at, decode, message, reading
from tests.support.session import FakeSession

WAIT_S = 30.0


class Rig:
    """`commits`: transactions that stored events. `refuses`: whether the disk does."""

    def __init__(self, store: Store, wait_s: float = WAIT_S) -> None:
        self.session, self.store = FakeSession(), store
        judging = Judging(decode, clock=lambda: at(99))
        limits = IntakeLimits(routine_wait_s=wait_s)
        self.intake = Intake(store, judging, Feed(), Health(), limits)
        self.commits = 0
        self.refuses = False
        store_write = store.write

        async def counted(act: Any) -> Any:
            if self.refuses:
                raise DiskError("full")
            before = self.events
            result = await store_write(act)
            self.commits += self.events > before
            return result

        store.write = counted  # type: ignore[method-assign]

    @property
    def events(self) -> int:
        """How many are stored."""
        return self.store.read_now(lambda r: r.influx.head())

    async def settled(self) -> None:
        """All that was sent is gathered or committed: only a message or time can change something."""
        await until(lambda: self.session.is_awaited and self.session.inbox.empty())

    def run(self, story: Callable[[ManualLoop], Coroutine[Any, Any, None]]) -> None:
        """Run `story` beside the intake, which is cancelled at its end."""

        async def both(loop: ManualLoop) -> None:
            task = asyncio.create_task(self.intake.run(self.session))
            try:
                await self.settled()  # it has looked whether something waits on the disk
                await story(loop)
            finally:
                task.cancel()
                await asyncio.wait([task])

        manual_loop.run(both)


def beats(count: int, start: int = 0) -> list[Message]:
    """Heartbeats of the trap, a minute apart."""
    return [
        message(reading("trap-01", Kind.HEARTBEAT, n), received=n)
        for n in range(start, start + count)
    ]
