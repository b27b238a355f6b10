"""Evaluates the rules at regular times, and requests the heartbeat URL of an outside monitor.

Owns the two timers. Must not decide what changes (`evaluation`).
"""

import asyncio
import logging
from collections.abc import Callable, Mapping
from datetime import datetime

from gateway.alerts.evaluation import tick
from gateway.alerts.policy import Policy
from gateway.clock import Clock, utc_now
from gateway.domain.outcome import Outcome
from gateway.domain.refused.no_events import NoEventCounts
from gateway.store import DiskError, Store, Transaction
from gateway.store.feed import Feed

log = logging.getLogger(__name__)
BEAT_TIMEOUT_S = 20.0


class AlertScheduler:
    """The timers of one gateway.

    `faults`: part of the gateway -> what is wrong with it now; `listening`: since when messages arrive,
    None while there is no connection; `no_events`: counts to be written.
    """

    def __init__(
        self,
        store: Store,
        feed: Feed,
        policy: Policy,
        faults: Callable[[], Mapping[str, str]],
        listening: Callable[[], datetime | None],
        clock: Clock = utc_now,
        no_events: NoEventCounts | None = None,
    ) -> None:
        self._store, self._feed, self._policy = store, feed, policy
        self._no_events = no_events or NoEventCounts()
        self._faults, self._listening, self._clock = faults, listening, clock
        self.ticked = False  # the last evaluation succeeded

    async def run(self) -> None:
        """Evaluate the rules every `tick_s` until cancelled."""
        while True:
            await self.once()
            await asyncio.sleep(self._policy.alerts.tick_s)

    async def once(self) -> None:
        """Evaluate once; after a disk error the next evaluation tries again."""
        now, faults, listening = self._clock(), self._faults(), self._listening()
        counts = self._no_events.take()

        def act(tx: Transaction) -> Outcome:
            tx.no_events.add(counts, now)
            return tick(tx, now, self._policy, faults, listening)

        try:
            outcome = await self._store.write(act)
        except DiskError as error:
            self._no_events.give_back(counts)
            self.ticked = False
            log.warning("rules were not evaluated: %s", error)
            return
        self.ticked = True
        if outcome.opened or outcome.ended or outcome.changed:
            self._feed.tell(outcome)

    async def beat(self) -> None:
        """Request the heartbeat URL while evaluations succeed, until cancelled."""
        alerts = self._policy.alerts
        while alerts.heartbeat_url:
            if self.ticked:
                await request_url(alerts.heartbeat_url)
            await asyncio.sleep(alerts.heartbeat_s)


async def request_url(url: str) -> bool:
    """GET `url`; True if it answered. No retries: the outside monitor alerts when requests are missing."""
    import aiohttp  # imported here: only a heartbeat URL needs it

    limit = aiohttp.ClientTimeout(total=BEAT_TIMEOUT_S)
    try:
        async with (
            aiohttp.ClientSession(timeout=limit) as session,
            session.get(url, allow_redirects=False) as answer,
        ):
            return answer.status < 300
    except (TimeoutError, aiohttp.ClientError) as error:
        log.info("the heartbeat URL did not answer: %s", type(error).__name__)
        return False
