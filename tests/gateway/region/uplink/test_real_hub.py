"""A town's uplink against the real receiver on a real PostgreSQL: equal whatever happens on the way."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import closing
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest
from msgspec.structs import replace

from gateway.domain.model import Kind
from gateway.region.uplink.asking import ask_digest
from gateway.region.uplink.connection import Connection
from gateway.region.verify import RegionReport, mend, verify
from gateway.store import Store
from gateway.store.recovery import backup
from gateway.store.recovery.restore import put_back
from gateway.store.recovery.salvage import salvage
from gateway.store.setting_keys import SettingKey
from tests.gateway.export.influx.kit import LATER, absorb_all, filled
from tests.gateway.region.uplink.kit import (
    TOWN,
    is_drained,
    make_uplink,
    sending,
    settings,
)
from tests.gateway.region.uplink.test_uplink import ACTION, ALERT
from tests.support.pace import Deadline
from tests.support.region.hub import SERIAL, RunningHub, running_hub
from tests.support.region.servers.door import Door, door
from tests.support.region.servers.postgres import Postgres
from tests.support.samples import TOKYO, at, message, reading

pytestmark = pytest.mark.real
Scenario = Callable[[RunningHub, Door], Awaitable[None]]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with closing(filled(tmp_path)) as opened:
        opened.write_now(lambda tx: tx.acts.add(replace(ACTION, count=2)))
        opened.write_now(lambda tx: tx.alerts.open(ALERT, timedelta(0)))
        yield opened


def with_hub(database: str, scenario: Scenario) -> None:
    """Run a scenario with an enrolled town before a hub."""

    async def run() -> None:
        async with running_hub(database) as hub:
            await hub.enrol(TOWN)
            async with door(hub.url, TOWN, SERIAL) as entrance:
                await scenario(hub, entrance)

    asyncio.run(run())


async def drain(store: Store, entrance: Door) -> None:
    """Run an uplink until the hub has everything."""
    uplink = make_uplink(store, settings(entrance.url))
    async with sending(uplink):
        deadline = Deadline(15)
        while not (uplink.rounds and await store.read(is_drained)):
            assert not deadline.has_passed(), uplink.alarm.fault
            await asyncio.sleep(0.02)


async def compared(store: Store, entrance: Door) -> RegionReport:
    journal = await store.read(lambda r: r.region.get(SettingKey.JOURNAL))
    with Connection(settings(entrance.url)) as connection:
        ask = partial(ask_digest, connection, TOWN, journal or "")
        return await verify(store, ask, TOKYO, None, LATER)


async def check_equal(store: Store, hub: RunningHub, entrance: Door) -> None:
    """Counts and sums of every day are equal, and no event is double."""
    report = await compared(store, entrance)
    assert (report.differences, report.waiting) == ([], 0)
    rows = await hub.owner.fetchrow(
        "SELECT count(*), count(DISTINCT (device, id)) FROM region.event"
    )
    assert rows is not None
    assert rows[0] == rows[1] >= await store.read(lambda r: r.region.head())


def test_all_arrives_over_a_line_that_loses_a_third_of_the_requests(
    store: Store, region: str
) -> None:
    async def scenario(hub: RunningHub, entrance: Door) -> None:
        entrance.cut = 0.33
        await drain(store, entrance)
        entrance.cut = 0.0
        await check_equal(store, hub, entrance)
        await asyncio.to_thread(
            absorb_all, store, [message(reading("dev-001", Kind.DETECTION, 65, species="bear"))]
        )
        await drain(store, entrance)
        await check_equal(store, hub, entrance)
        found = await hub.owner.fetchval("SELECT count(*) FROM region.event WHERE species = 'bear'")
        assert found == 1

    with_hub(region, scenario)


def test_rows_deleted_by_hand_are_found_and_mended(store: Store, region: str) -> None:
    async def scenario(hub: RunningHub, entrance: Door) -> None:
        await drain(store, entrance)
        for what, table in (("event", "event"), ("day", "roll_day"), ("alert", "alert")):
            await hub.owner.execute(
                f"DELETE FROM region.{table} WHERE ctid IN (SELECT ctid FROM region.{table} LIMIT 1)"
            )
            report = await compared(store, entrance)
            assert {one.what.split(".")[0] for one in report.differences} == {what}
            await mend(store, report, TOKYO)
            await drain(store, entrance)
            await check_equal(store, hub, entrance)

    with_hub(region, scenario)


def test_a_hub_rebuilt_empty_gets_all_from_its_town(
    store: Store, region: str, postgres: Postgres
) -> None:
    async def scenario(hub: RunningHub, entrance: Door) -> None:
        await drain(store, entrance)
        await check_equal(store, hub, entrance)

    with_hub(region, scenario)
    name = region.rsplit("/", 1)[-1].split("?")[0]
    postgres.execute("DROP SCHEMA region CASCADE", database=name)
    with_hub(region, scenario)


@pytest.mark.parametrize("way", ["restored", "salvaged"])
def test_a_town_with_another_life_is_equal_again_and_no_event_is_double(
    store: Store, region: str, tmp_path: Path, way: str
) -> None:
    async def scenario(hub: RunningHub, entrance: Door) -> None:
        backup.save(store.path, tmp_path / "copy.db")
        lost = [message(reading("dev-001", Kind.HEARTBEAT, 60 * 40 + n * 30)) for n in range(60)]
        absorb_all(store, lost)
        await drain(store, entrance)
        before = await hub.owner.fetchval("SELECT count(*) FROM region.event")
        store.close()
        if way == "restored":
            put_back(tmp_path / "copy.db", store.path, LATER, force=True)
        else:
            salvage(store.path, "a test", at(0), lambda: None)
        with closing(Store(store.path, TOKYO)) as again:
            await drain(again, entrance)
            await check_equal(again, hub, entrance)
            assert await hub.owner.fetchval("SELECT count(*) FROM region.event") == before
            alive = await hub.owner.fetchval("SELECT sum(alive_ms) FROM region.device_hour")
            sql = "SELECT sum(alive_ms) FROM effort_hour"
            assert again.write_now(lambda tx: tx.execute(sql).fetchall()) == [(int(alive),)]

    with_hub(region, scenario)


def test_a_revoked_certificate_is_a_fault_at_once_and_costs_nothing(
    store: Store, region: str
) -> None:
    async def scenario(hub: RunningHub, entrance: Door) -> None:
        await hub.owner.execute("UPDATE region.certificate SET revoked_at = now()")
        uplink = make_uplink(store, settings(entrance.url))
        async with sending(uplink):
            deadline = Deadline(30)
            while not uplink.alarm.fault:
                assert not deadline.has_passed()
                await asyncio.sleep(0.02)
            assert "revoked" in uplink.alarm.fault
        await hub.owner.execute("UPDATE region.certificate SET revoked_at = NULL")
        await drain(store, entrance)
        await check_equal(store, hub, entrance)

    with_hub(region, scenario)
