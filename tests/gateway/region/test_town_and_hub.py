"""A real town and a real hub with PostgreSQL: both have the same, and what is lost at the hub comes back."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace

from gateway.region.protocol import Digest
from gateway.store import Store
from gateway.store.setting_keys import SettingKey
from tests.gateway.export.influx.kit import filled
from tests.gateway.region.uplink.kit import TOWN, drain, hurried, make_uplink, settings
from tests.gateway.region.uplink.test_uplink import ACTION
from tests.gateway.region.uplink.test_verify import ALERT, compared
from tests.support.processes.nginx import Nginx
from tests.support.region.hub import SERIAL, RunningHub, running_hub

pytestmark = pytest.mark.real
AS_THE_PROXY = (
    f"proxy_set_header X-Shishigaki-Town {TOWN}; proxy_set_header X-Shishigaki-Serial {SERIAL};"
)
DELETED = {  # what is deleted by hand -> the kind of record that must differ
    "DELETE FROM region.event WHERE ctid = (SELECT min(ctid) FROM region.event WHERE kind = 'detection')": (
        "event"
    ),
    "DELETE FROM region.roll_hour WHERE hour = (SELECT min(hour) FROM region.roll_hour)": "hour",
    "DELETE FROM region.roll_day WHERE day = (SELECT min(day) FROM region.roll_day)": "day",
    "DELETE FROM region.action": "action",
    "DELETE FROM region.alert": "alert",
    "UPDATE region.event SET observed_ms = observed_ms + 1 WHERE kind = 'detection'": "event",
}


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with hurried(monkeypatch):
        yield


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with closing(filled(tmp_path)) as opened:
        opened.write_now(lambda tx: tx.acts.add(replace(ACTION, count=2)))
        opened.write_now(lambda tx: tx.alerts.open(ALERT, timedelta(0)))
        yield opened


@contextlib.asynccontextmanager
async def joined(database: str, folder: Path) -> AsyncIterator[tuple[RunningHub, str]]:
    """A hub behind a proxy that vouches for one town, and the proxy's address."""
    async with running_hub(database) as hub:
        await hub.enrol(TOWN)
        proxy = Nginx(folder / "nginx", hub.url, AS_THE_PROXY)
        await asyncio.to_thread(proxy.start)
        try:
            yield hub, proxy.url
        finally:
            await asyncio.to_thread(proxy.kill)


async def _deleted(database: str, store: Store, folder: Path) -> None:
    async with joined(database, folder) as (hub, url):
        await drain(make_uplink(store, settings(url)), store)
        assert (await compared(store, url)).differences == []
        for statement, kind in DELETED.items():
            assert not (await hub.owner.execute(statement)).endswith(" 0"), statement
            found = await compared(store, url, mended=True)
            assert {one.what.partition(".")[0] for one in found.differences} == {kind}, statement
            await drain(make_uplink(store, settings(url)), store)
            again = await compared(store, url)
            assert (again.differences, again.waiting) == ([], 0), statement


def test_a_row_deleted_or_changed_by_hand_is_found_and_comes_back(
    region: str, store: Store, tmp_path: Path
) -> None:
    asyncio.run(_deleted(region, store, tmp_path))


async def _rebuilt(database: str, store: Store, folder: Path) -> tuple[Digest, Digest, int, int]:
    async with joined(database, folder) as (hub, url):
        town = hub.town(TOWN)
        town.journal = await _sent(store, url)
        days = await _days(hub)
        before, rows = await town.digest(*days), await _events(hub)
        await hub.owner.execute(
            "UPDATE region.town SET journal = NULL, version = 0; TRUNCATE region.event, region.alert, "
            "region.action, region.roll_day, region.roll_hour, region.place_square, region.place_exact, "
            "region.device CASCADE; DELETE FROM region.journal"
        )
        assert await _events(hub) == 0
        await _sent(store, url)
        return before, await town.digest(*days), rows, await _events(hub)


async def _sent(store: Store, url: str) -> str:
    """Everything is sent; the journal's id."""
    await drain(make_uplink(store, settings(url)), store)
    return await store.read(lambda r: r.region.get(SettingKey.JOURNAL)) or ""


async def _events(hub: RunningHub) -> int:
    return int(await hub.owner.fetchval("SELECT count(*) FROM region.event"))


async def _days(hub: RunningHub) -> tuple[int, int]:
    row = await hub.owner.fetchrow("SELECT min(day), max(day) + 1 FROM region.roll_day")
    assert row is not None
    return row[0], row[1]


def test_a_hub_rebuilt_empty_gets_everything_from_its_town_again(
    region: str, store: Store, tmp_path: Path
) -> None:
    before, after, rows, again = asyncio.run(_rebuilt(region, store, tmp_path))
    assert after == before
    assert rows == again > 0
