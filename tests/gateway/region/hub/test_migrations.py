"""The tables of a hub are made once, step by step, and never by another program than the one that can."""

import asyncio

import asyncpg
import pytest

from gateway.region.hub.migrations import MigrationError, Step, migrate, remaining, steps

pytestmark = pytest.mark.real


async def _twice(url: str) -> tuple[list[Step], list[Step], int]:
    connection = await asyncpg.connect(url)
    try:
        first, second = await migrate(connection), await migrate(connection)
        await connection.fetchval("SELECT region.make_partitions(now())")
        open_tables = await connection.fetchval(
            "SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
            "WHERE n.nspname = 'region' AND relkind IN ('r', 'p') AND NOT relispartition "
            "AND relname <> 'migration' AND NOT relrowsecurity"
        )
    finally:
        await connection.close()
    return first, second, open_tables


def test_each_step_is_done_once_and_every_table_has_its_rows_protected(empty_region: str) -> None:
    first, second, without_rights = asyncio.run(_twice(empty_region))
    assert first == steps()
    assert second == []
    assert without_rights == 0


async def _at_once(url: str) -> list[list[Step]]:
    connections = [await asyncpg.connect(url) for _ in range(3)]
    try:
        return await asyncio.gather(*(migrate(one) for one in connections))
    finally:
        for one in connections:
            await one.close()


def test_three_programs_that_start_together_make_the_tables_once(empty_region: str) -> None:
    done = asyncio.run(_at_once(empty_region))
    assert sorted(len(one) for one in done) == [0, 0, len(steps())]


async def _by_its_owner(url: str) -> int:
    superuser = await asyncpg.connect(url)
    name = await superuser.fetchval("SELECT current_database()")
    await superuser.execute(
        "DROP ROLE IF EXISTS region_owner; CREATE ROLE region_owner LOGIN CREATEROLE;"
        f'ALTER DATABASE "{name}" OWNER TO region_owner'
    )
    owner = await asyncpg.connect(url.replace("postgres@", "region_owner@"))
    try:
        await migrate(owner)
        await superuser.execute("SET ROLE shishigaki_receiver")
        return int(await superuser.fetchval("SELECT region.make_partitions(now())"))
    finally:
        await owner.close()
        await superuser.close()


def test_an_owner_without_the_superusers_rights_makes_the_tables(empty_region: str) -> None:
    assert asyncio.run(_by_its_owner(empty_region)) == 3


def test_a_newer_database_and_an_edited_step_are_refused() -> None:
    ours = [Step(1, "0001_tables", "SELECT 1"), Step(2, "0002_more", "SELECT 2")]
    assert remaining(ours, {1: ours[0].hash}) == [ours[1]]
    with pytest.raises(MigrationError, match="step 3"):
        remaining(ours, {3: "x"})
    with pytest.raises(MigrationError, match="0001_tables"):
        remaining(ours, {1: "of another text"})
