"""The private PostgreSQL of the tests: it holds PostGIS, outlives kills with its data, and leaves nothing."""

import asyncio

import asyncpg
import pytest

from tests.support.region.servers.postgres import Postgres


async def _value(url: str, query: str) -> object:
    connection = await asyncpg.connect(url, timeout=20)
    try:
        return await connection.fetchval(query)
    finally:
        await connection.close()


@pytest.mark.real
def test_a_fresh_database_has_postgis(empty_region: str) -> None:
    query = "SELECT round(ST_Distance('POINT(129 33)'::geography, 'POINT(129 34)'::geography))"
    assert asyncio.run(_value(empty_region, query)) == pytest.approx(110_908, abs=200)


@pytest.mark.real
def test_a_killed_server_starts_again_with_what_was_committed_and_leaves_no_folder() -> None:
    with Postgres() as server:
        server.execute("CREATE TABLE told (no int)", "INSERT INTO told VALUES (7)")
        server.kill()
        assert not server.answers()
        server.restart()
        assert asyncio.run(_value(server.url(), "SELECT no FROM told")) == 7
        folder = server.directory
    assert not folder.exists()
