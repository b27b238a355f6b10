"""Two hubs, one above the other, and what sends the lower one's sums. Owns starting them and their rows."""

import contextlib
import secrets
from collections.abc import AsyncIterator, Iterator

import aiohttp
from msgspec import Struct

from gateway.region.hub.settings import ParentSettings
from gateway.region.hub.squares import make_due
from gateway.region.records import DeviceRecord, PeriodRecord
from gateway.region.upward.sender import Upward
from tests.support.region.hub import RunningHub, Town, running_hub
from tests.support.region.servers.postgres import Postgres

DAY = 20_000
CROWDED, LONELY = "4931123", "4930123"
ALL = "SELECT day, code, devices, alive_ms, armed_ms FROM region.square_day ORDER BY day, code"
SEEN = (
    "SELECT code, species, independent, animals FROM region.square_day_seen ORDER BY code, species"
)


class Levels(Struct, frozen=True):
    """The two hubs, a town of the lower one, and what sends its sums."""

    below: RunningHub
    above: RunningHub
    town: Town
    upward: Upward

    async def fill(self, seen: int, days: tuple[int, ...] = (DAY, DAY + 40)) -> None:
        """Seven detectors in one square, four in another, each with so many sightings on these days."""
        registry = [
            DeviceRecord(f"c{no}", "detector", "approved", mesh5km=CROWDED if no < 7 else LONELY)
            for no in range(11)
        ]
        periods = [
            PeriodRecord(one.id, day, 10, 0, (("boar", seen, seen, seen),))
            for one in registry
            for day in days
        ]
        await self.town.send(self.town.block(devices=tuple(registry), days=tuple(periods)))
        while await self.below.owner.fetchval("SELECT count(*) FROM region.square_due"):
            await make_due(self.below.hub.receivers)

    async def told(self) -> dict[tuple[int, str], tuple[object, ...]]:
        """What the hub above has."""
        return {(row[0], row[1]): tuple(row[2:]) for row in await self.above.owner.fetch(ALL)}


@contextlib.asynccontextmanager
async def levels(below_url: str, above_url: str) -> AsyncIterator[Levels]:
    """Both hubs at work."""
    async with running_hub(below_url) as below, running_hub(above_url) as above:
        sender = await above.enrol("kumamoto", "B2", is_hub=True)
        async with aiohttp.ClientSession(headers=sender.headers) as http:
            parent = ParentSettings(url=above.url, town="kumamoto")
            upward = Upward(below.hub.receivers, parent, http)
            yield Levels(below, above, await below.enrol("aso"), upward)


@contextlib.contextmanager
def two_databases(postgres: Postgres, template: str) -> Iterator[tuple[str, str]]:
    """Two fresh databases with the hub's tables."""
    names = [f"region_{place}_{secrets.token_hex(4)}" for place in ("below", "above")]
    for name in names:
        postgres.execute(f'CREATE DATABASE "{name}" TEMPLATE {template}')
    try:
        yield postgres.url(names[0]), postgres.url(names[1])
    finally:
        for name in names:
            postgres.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
