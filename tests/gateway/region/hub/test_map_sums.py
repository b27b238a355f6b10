"""A map and a comparison of any months are the sums of these months, by whichever parts they are read."""

from typing import Any

import pytest

from gateway.domain.epoch import month_number
from tests.gateway.region.hub.test_sums import DAY, NORTH, SOUTH, days, device, made, run
from tests.support.region.hub import RunningHub, Town

pytestmark = pytest.mark.real


async def _map(hub: RunningHub, low: int, high: int) -> list[tuple[Any, ...]]:
    async with hub.hub.pages.acquire() as connection, connection.transaction():
        await connection.execute("SELECT set_config('shishigaki.organisation', 'aso', true)")
        rows = await connection.fetch(
            "SELECT code, own_alive_ms, own_n FROM region.map_squares($1, $2, 'boar', '') ORDER BY 1",
            low,
            high,
        )
    return [tuple(row) for row in rows]


async def _town(hub: RunningHub, low: int, high: int) -> tuple[object, ...]:
    """The same of the whole town, as towns are compared."""
    async with hub.hub.pages.acquire() as connection, connection.transaction():
        await connection.execute("SELECT set_config('shishigaki.organisation', 'aso', true)")
        sql = "SELECT alive_ms, n FROM region.town_sums($1, $2, 'boar')"
        return tuple(await connection.fetchrow(sql, low, high) or ())


@pytest.mark.parametrize("begin", [DAY, -200])
def test_a_map_of_any_months_is_their_sum_also_where_it_reads_whole_quarters(
    region: str, begin: int
) -> None:
    """The second begins in 1969: quarters before 1970 are whole too."""
    by_month = (
        "SELECT m.code, sum(m.alive_ms)::bigint, coalesce(sum(s.independent), 0)::bigint "
        "FROM region.square_month m LEFT JOIN region.square_month_seen s USING (town, month, code) "
        "WHERE month >= $1 AND month < $2 GROUP BY 1 HAVING sum(m.alive_ms) > 0 ORDER BY 1"
    )

    async def scenario(hub: RunningHub, town: Town) -> None:
        await town.send(
            town.block(devices=(device("c1", "detector", NORTH), device("c2", "detector", SOUTH)))
        )
        every = range(begin, begin + 400, 13)
        sent = [("c1", day, 500 + day, 0) for day in every] + [
            ("c2", day, 7, 0) for day in every[::3]
        ]
        await town.send(town.block(days=days(*sent)))
        await made(hub)
        first = month_number(begin)
        for low in range(first - 1, first + 6):
            for high in range(low, first + 15):
                wanted = [tuple(row) for row in await hub.owner.fetch(by_month, low, high)]
                found = await _map(hub, low, high)
                assert found == wanted, (low, high)
                assert await _town(hub, low, high) == (
                    sum(row[1] for row in found),
                    sum(row[2] for row in found),
                )

    run(region, scenario)
