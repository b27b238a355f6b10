"""Shared by these tests: an uplink that runs until the region has everything, and what a town has."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from datetime import datetime
from typing import Any

from prometheus_client import CollectorRegistry

from gateway.config.region import RegionSettings
from gateway.domain.errors import BadInputError
from gateway.domain.outcome import Outcome
from gateway.following import retry
from gateway.region.uplink.metrics import UplinkMeters
from gateway.region.uplink.requests import Requests
from gateway.region.uplink.uplink import TownNames, Uplink
from gateway.store import Reader, Store, Transaction
from gateway.store.feed import Feed
from gateway.store.followers.follower import RecordKind
from tests.gateway.export.influx.kit import LATER
from tests.support.pace import Deadline
from tests.support.samples import TOKYO

TOWN = "aso"


def settings(url: str, **changes: Any) -> RegionSettings:
    """Settings that hurry."""
    named = {"url": url, "town": TOWN, "interval_s": 0.05, "timeout_s": 10.0, **changes}
    return RegionSettings(**named)


def nobody(_: Transaction, alert: str, by: str, now: datetime) -> Outcome:
    """No alert can be acknowledged here."""
    raise BadInputError(f"{alert}: no such alert for {by} at {now:%H:%M}")


def make_uplink(
    store: Store,
    chosen: RegionSettings,
    now: Callable[[], datetime] = lambda: LATER,
    acknowledge: Callable[[Transaction, str, str, datetime], Outcome] = nobody,
) -> Uplink:
    """An uplink of a town; its clock stands still unless told otherwise."""
    names = TownNames("goto", "五島", TOKYO, "1.0", 0)
    requests = Requests(store, Feed(), now, chosen.requests, acknowledge)
    return Uplink(store, chosen, names, requests, UplinkMeters(CollectorRegistry()), now)


@contextlib.asynccontextmanager
async def sending(uplink: Uplink) -> AsyncIterator[None]:
    """The uplink at work."""
    task = asyncio.create_task(uplink.run(), name="uplink")
    try:
        yield
        assert not task.done(), task.exception()
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def until(condition: Callable[[], object], what: str, deadline_s: float = 30.0) -> None:
    """Wait until something holds."""
    deadline = Deadline(deadline_s)
    while not condition():
        assert not deadline.has_passed(), f"waited {deadline} in vain for {what}"
        await asyncio.sleep(0.01)


def is_drained(reader: Reader, closed: int = 1 << 40) -> bool:
    """Whether the region has everything, of roll-ups those before the hour `closed`, by the town's book."""
    region = reader.region
    place = region.walk()
    walked = place is not None and reader.walk.step(place, 1, lambda *_: ()) is None
    return (
        walked
        and region.upto() == region.head()
        and not region.waiting(closed)
        and not region.records_waiting()
        and not any(region.due_records(kind, 1) for kind in RecordKind)
    )


async def drain(uplink: Uplink, store: Store, deadline_s: float = 30.0) -> None:
    """Run until the region has everything."""
    async with sending(uplink):
        await until(lambda: uplink.rounds and store.read_now(is_drained), "all", deadline_s)


@contextlib.contextmanager
def hurried(monkeypatch: Any) -> Any:
    """Short pauses between attempts."""
    monkeypatch.setattr(retry, "FIRST_RETRY_S", 0.02)
    monkeypatch.setattr(retry, "LONGEST_RETRY_S", 0.1)
    monkeypatch.setattr(retry, "RETRY_HALTED_S", 0.05)
    yield
