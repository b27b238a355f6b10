"""The notifier: outbox to people, at least once, until each delivery has an answer.

Owns claiming, retries and their timing. Must not decide who is told what (that stands in the outbox)
nor know a provider (`channels`).
"""

import asyncio
import logging
import random
from collections.abc import Mapping
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from gateway import wording
from gateway.channels import Letter, Send, Undelivered
from gateway.clock import Clock, utc_now
from gateway.config import Person
from gateway.feed import Feed
from gateway.model import Device, Level
from gateway.store import Store
from gateway.store.outbox import Parcel

log = logging.getLogger(__name__)

AT_ONCE = 16  # deliveries under way
FIRST_RETRY = timedelta(seconds=5)
LONGEST_RETRY = timedelta(minutes=30)
GIVE_UP = timedelta(hours=72)  # after the alert: a capture older than this is for the office
LOOK_S = 5.0  # how long a due retry may wait to be noticed


class Notifier:
    """Delivers the outbox of one store."""

    def __init__(
        self,
        store: Store,
        feed: Feed,
        people: Mapping[str, Person],
        channels: Mapping[tuple[str, str], Send],
        zone: ZoneInfo,
        clock: Clock = utc_now,
    ) -> None:
        self._store, self._feed, self._people, self._channels = store, feed, people, channels
        self._zone, self._clock = zone, clock

    async def run(self) -> None:
        """Until cancelled: at once when an alert opens, else every LOOK_S."""
        wake = asyncio.Event()
        async with asyncio.TaskGroup() as group:
            group.create_task(self._watch(wake), name="notifier-watch")
            while True:
                while await self.deliver_due():
                    pass
                wake.clear()
                try:
                    async with asyncio.timeout(LOOK_S):
                        await wake.wait()
                except TimeoutError:
                    continue

    async def deliver_due(self) -> int:
        """Claim and attempt what is due; gives how many."""
        parcels = await self._store.write(lambda tx: tx.outbox.claim(self._clock(), AT_ONCE))
        if not parcels:
            return 0
        devices = await self._store.read(lambda r: {d.id: d for d in r.devices()})
        async with asyncio.TaskGroup() as group:
            for parcel in parcels:
                group.create_task(self._deliver(parcel, devices), name=f"deliver {parcel.no}")
        return len(parcels)

    async def _watch(self, wake: asyncio.Event) -> None:
        with self._feed.listen() as outcomes:
            async for outcome in outcomes:
                if outcome.opened:
                    wake.set()

    async def _deliver(self, parcel: Parcel, devices: Mapping[str, Device]) -> None:
        send = self._channels.get((parcel.person, parcel.channel))
        if send is None:
            await self._settle(parcel, "dead", "this person or channel is no longer configured")
            return
        try:
            answer = await send(self._letter(parcel, devices))
        except Undelivered as failure:
            await self._failed(parcel, failure.answer, permanent=failure.permanent)
        except Exception as error:
            await self._failed(parcel, f"{type(error).__name__}: {error}", permanent=False)
        else:
            await self._settle(parcel, "sent", answer)

    def _letter(self, parcel: Parcel, devices: Mapping[str, Device]) -> Letter:
        alert, language = parcel.alert, self._people[parcel.person].language
        line = wording.text(alert, devices.get(alert.subject), language, self._zone, self._clock())
        urgent = alert.level in {Level.CAPTURE, Level.DANGER}
        return Letter(f"{alert.id}-{parcel.person}-{parcel.channel}",
                      wording.title(alert, language), line, urgent)  # fmt: skip

    async def _failed(self, parcel: Parcel, answer: str, *, permanent: bool) -> None:
        now = self._clock()
        due = now + backoff(parcel.attempts, random.random())  # noqa: S311 - jitter
        if permanent or due - parcel.alert.opened_at > GIVE_UP:
            log.warning("alert %s not delivered to %s: %s", parcel.alert.id, parcel.person, answer)
            await self._settle(parcel, "dead", answer)
        else:
            await self._settle(parcel, "waiting", answer, due)

    async def _settle(
        self, parcel: Parcel, status: str, answer: str, due: datetime | None = None
    ) -> None:
        await self._store.write(
            lambda tx: tx.outbox.settle(parcel.no, status, answer, self._clock(), due)
        )


def backoff(attempts: int, luck: float) -> timedelta:
    """How long to wait after the failed attempt number `attempts` (from 0); `luck` in [0, 1)."""
    whole: timedelta = min(FIRST_RETRY * 2 ** min(attempts, 20), LONGEST_RETRY)
    return whole * (0.5 + 0.5 * luck)
