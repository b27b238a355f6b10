"""Shared by these tests: a filled store, a database of their own, a forwarder that runs until all is sent."""

import asyncio
import contextlib
import os
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path

import msgspec
from prometheus_client import CollectorRegistry

from gateway.config import Influx
from gateway.domain.model import Device, Kind, Message, Reading, Role
from gateway.export.influx.forward.delivery import Write
from gateway.export.influx.forward.forwarder import Forwarder
from gateway.export.influx.forward.metrics import Meters
from gateway.export.influx.server import Server, connect
from gateway.export.influx.setup import create_database
from gateway.ingest.messages.batch import absorb
from gateway.store import Reader, Store
from tests.support.pace import Deadline
from tests.support.samples import TOKYO, at, decode, message, open_store, reading
from tests.support.servers import Influxd

SITE = "goto"
LATER = at(60 * 24 * 40)  # every hour of the tests is closed by then
SPECIES = ("boar", "deer", None, "raccoon_dog")


def settings(influxd: Influxd | None = None, **changes: object) -> Influx:
    """Settings for the given server, or for the one the environment names."""
    named: dict[str, object] = {
        "url": influxd.url if influxd else os.environ.get("INFLUX_URL", ""),
        "database": "test" if influxd else os.environ.get("INFLUX_DATABASE", "test"),
        "token": "" if influxd else os.environ.get("INFLUX_TOKEN", ""),
        "interval_s": 0.05,
        "backlog_per_s": 0,
        "batch": 500,
    }
    return Influx(**{**named, **changes})  # type: ignore[arg-type]


def new_site() -> str:
    """A site of its own: on a server that is shared, tests do not see each other."""
    return f"t-{uuid.uuid4().hex[:12]}"


def devices(count: int) -> list[Device]:
    """Traps and detectors in turn."""
    roles = (Role.TRAP, Role.DETECTOR)
    return [Device(id=f"dev-{n:03}", role=roles[n % 2], heartbeat_s=3600) for n in range(count)]


def story(fleet: Sequence[Device], hours: int) -> list[Message]:
    """Some days of a small fleet: heartbeats with facts, detections by species, traps set and sprung."""
    found: list[Reading] = []
    for number, device in enumerate(fleet):
        for hour in range(hours):
            minute = hour * 60 + number % 60
            found.append(_beat(device, minute, number))
            if device.role is Role.TRAP and hour % 9 == 0:
                kind = Kind.SPRUNG if hour % 18 else Kind.SET
                found.append(reading(device.id, kind, minute + 0.5, seq=hour))
            if device.role is Role.DETECTOR and (hour + number) % 3 == 0:
                found.append(_seen(device, minute + 0.25, (hour + number) % len(SPECIES)))
    return [message(one) for one in found]


def _beat(device: Device, minute: float, number: int) -> Reading:
    known = {
        "battery_v": 3.0 - number / 100,
        "rssi_dbm": -100.0,
        "lat": 32.7,
        "lon": 128.8 + number / 1000,
    }
    base = reading(device.id, Kind.HEARTBEAT, minute, seq=int(minute))
    return _with(base, **known, battery_pct=71.0, external_power=number % 2 == 0)


def _seen(device: Device, minute: float, which: int) -> Reading:
    base = reading(device.id, Kind.DETECTION, minute, species=SPECIES[which], seq=int(minute))
    return _with(base, count=which or None, confidence=0.91, media='a "b"\\c, d=e')


def _with(base: Reading, **facts: object) -> Reading:
    return msgspec.structs.replace(base, **facts)


def absorb_all(store: Store, messages: Sequence[Message], now: datetime = LATER) -> None:
    """Take messages in as the gateway does, in batches."""
    for start in range(0, len(messages), 500):
        step = messages[start : start + 500]
        store.write_now(partial(absorb, messages=step, decode=decode, now=now))


def filled(folder: Path, count: int = 6, hours: int = 30) -> Store:
    """A store with a story in it."""
    folder.mkdir(exist_ok=True)
    fleet = devices(count)
    store = open_store(folder, *fleet)
    absorb_all(store, story(fleet, hours))
    return store


@contextlib.asynccontextmanager
async def database(chosen: Influx) -> AsyncIterator[Server]:
    """A server whose database exists."""
    async with connect(chosen) as server:
        await create_database(server, chosen)
        yield server


async def until(
    condition: Callable[[], Awaitable[bool]], what: str, deadline_s: float = 30.0
) -> None:
    """Wait until an asynchronous condition holds."""
    deadline = Deadline(deadline_s)
    while not await condition():
        assert not deadline.has_passed(), f"waited {deadline} in vain for {what}"
        await asyncio.sleep(0.01)


def make_forwarder(store: Store, chosen: Influx, site: str, now: datetime = LATER) -> Forwarder:
    """A forwarder with a clock that stands still."""
    return Forwarder(store, chosen, site, TOKYO, Meters(CollectorRegistry()), clock=lambda: now)


async def is_drained(store: Store) -> bool:
    """Whether everything committed has been forwarded."""

    def ask(reader: Reader) -> bool:
        follower = reader.influx
        head, done = follower.head(), follower.done()
        return (done == [(0, head)] or not head) and not follower.waiting()

    return await store.read(ask) and await is_walked(store)


async def is_walked(store: Store) -> bool:
    """Whether the roll-ups that were there at first have been forwarded."""

    def ask(reader: Reader) -> bool:
        place = reader.influx.walk()
        return place is not None and reader.walk.step(place, 1, lambda *_: ()) is None

    return await store.read(ask)


@contextlib.asynccontextmanager
async def following(forwarder: Forwarder, write: Write | None = None) -> AsyncIterator[None]:
    """The forwarder at work."""
    work = forwarder.run() if write is None else forwarder.follow(write)
    task = asyncio.create_task(work, name="forwarder")
    try:
        yield
        assert not task.done(), task.exception()
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def forward_all(store: Store, chosen: Influx, site: str, now: datetime = LATER) -> None:
    """Forward until nothing waits."""
    forwarder = make_forwarder(store, chosen, site, now)

    async def is_whole() -> bool:
        return forwarder.marked_complete_at is not None and await is_drained(store)

    async with following(forwarder):
        await until(is_whole, "everything to be forwarded")
