"""A town that was cut off for a month sends all of it; its live springs are in the region within seconds."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest
from msgspec import Struct, field

from gateway.domain.model import Device, Kind, Role
from gateway.ingest.messages.batch import absorb
from gateway.region.uplink.uplink import Uplink
from gateway.store import Store
from tests.gateway.export.influx.kit import LATER, absorb_all
from tests.gateway.region.uplink.kit import is_drained, make_uplink, sending, settings
from tests.support.pace import Deadline, slowness
from tests.support.region.hub import SERIAL, RunningHub, running_hub
from tests.support.region.servers.door import door
from tests.support.samples import decode, message, open_store, reading

pytestmark = pytest.mark.real
DEVICES = 200
MONTH_MIN = 30 * 24 * 60
GOAL_S = 10.0
LIVE_EVERY_S = 0.5


class Live(Struct):
    """Springs that happen while a town sends: when they were committed, and when the region had them."""

    town: str
    store: Store
    committed: dict[str, float] = field(default_factory=dict)
    heard: dict[str, float] = field(default_factory=dict)

    async def spring(self) -> None:
        """One more spring, committed as the gateway does it."""
        id_ = f"live-{self.town}-{len(self.committed)}"
        one = reading("dev-000", Kind.SPRUNG, MONTH_MIN + len(self.committed), id_=id_)
        await self.store.write(partial(absorb, messages=[message(one)], decode=decode, now=LATER))
        self.committed[id_] = time.monotonic()

    async def look(self, hub: RunningHub) -> None:
        """Which of them the region has by now."""
        rows = await hub.owner.fetch(
            "SELECT id FROM region.event WHERE id LIKE $1", f"live-{self.town}-%"
        )
        now = time.monotonic()
        for (id_,) in rows:
            self.heard.setdefault(str(id_), now)

    @property
    def slowest_s(self) -> float:
        """The longest time from the commit at the town to the region."""
        return max(self.heard[id_] - at for id_, at in self.committed.items())


def fleet() -> list[Device]:
    roles = (Role.TRAP, Role.DETECTOR)
    return [Device(id=f"dev-{n:03}", role=roles[n % 2]) for n in range(DEVICES)]


def month(store: Store, beats: int) -> None:
    """A month of 200 devices, each with so many signs of life, springs among them."""
    step = MONTH_MIN / beats
    for beat in range(beats):
        kinds = [
            Kind.SPRUNG if n % 2 == 0 and (beat + n) % 97 == 0 else Kind.HEARTBEAT
            for n in range(DEVICES)
        ]
        absorb_all(
            store,
            [
                message(reading(f"dev-{n:03}", kind, beat * step + n / 100, seq=beat))
                for n, kind in enumerate(kinds)
            ],
            LATER,
        )


@pytest.fixture
def away(tmp_path: Path) -> Iterator[Store]:
    with closing(open_store(tmp_path, *fleet())) as opened:
        yield opened


@pytest.fixture
def neighbour(tmp_path: Path) -> Iterator[Store]:
    folder = tmp_path / "neighbour"
    folder.mkdir()
    with closing(open_store(folder, *fleet())) as opened:
        yield opened


@contextlib.asynccontextmanager
async def town(hub: RunningHub, name: str, serial: str, store: Store) -> AsyncIterator[Uplink]:
    """A town that sends with the settings as shipped."""
    await hub.enrol(name, serial)
    async with door(hub.url, name, serial) as entrance:
        uplink = make_uplink(store, settings(entrance.url, town=name, interval_s=5.0))
        async with sending(uplink):
            yield uplink


async def resume(database: str, away: Store, neighbour: Store) -> tuple[Live, Live, float]:
    """Both towns send; springs happen at both until the month is sent, then all is sent."""
    events = await away.read(lambda r: r.region.head())
    live, other = Live("aso", away), Live("iki", neighbour)
    async with running_hub(database) as hub:
        began = time.monotonic()
        async with (
            town(hub, "iki", "B2", neighbour),
            town(hub, "aso", SERIAL, away) as uplink,
        ):
            deadline = Deadline(900)
            while await away.read(lambda r: r.region.upto()) < events or len(live.committed) < 5:
                assert not deadline.has_passed(), uplink.alarm.fault
                await live.spring()
                await other.spring()
                await live.look(hub)
                await other.look(hub)
                await asyncio.sleep(LIVE_EVERY_S)
            took_s = time.monotonic() - began
            while (
                not await away.read(is_drained)
                or live.committed.keys() - live.heard.keys()
                or other.committed.keys() - other.heard.keys()
            ):
                assert not deadline.has_passed(), uplink.alarm.fault
                await live.look(hub)
                await other.look(hub)
                await asyncio.sleep(0.1)
        await check_arrived(hub, away)
    return live, other, took_s


async def check_arrived(hub: RunningHub, store: Store) -> None:
    """Every event of the town that was away is there once."""
    head = await store.read(lambda r: r.region.head())
    sql = """
        SELECT count(*), count(DISTINCT (device, id)) FROM region.event
        WHERE town = (SELECT no FROM region.organisation WHERE id = 'aso')"""
    rows = await hub.owner.fetchrow(sql)
    assert rows is not None
    assert rows[0] == rows[1] == head


def run_away(database: str, away: Store, neighbour: Store, beats: int) -> None:
    month(away, beats)
    events = away.read_now(lambda r: r.region.head())
    live, other, took_s = asyncio.run(resume(database, away, neighbour))
    print(
        f"\n{events} events of {DEVICES} devices sent in {took_s:.0f} s; {len(live.committed)} live "
        f"springs in the region after at most {live.slowest_s:.1f} s, those of the other town after "
        f"{other.slowest_s:.1f} s"
    )
    assert live.slowest_s < GOAL_S * slowness()
    assert other.slowest_s < GOAL_S * slowness()


def test_a_month_is_sent_while_live_springs_are_there_within_seconds(
    empty_region: str, away: Store, neighbour: Store
) -> None:
    run_away(empty_region, away, neighbour, 20)


@pytest.mark.long
def test_a_month_of_two_hundred_devices_is_sent_while_live_springs_are_there_within_seconds(
    empty_region: str, away: Store, neighbour: Store
) -> None:
    """A sign of life each half hour: 288,000 events."""
    run_away(empty_region, away, neighbour, 1_440)
