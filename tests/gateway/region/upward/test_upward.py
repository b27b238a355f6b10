"""A hub tells the hub one level up sums by 5 km squares and nothing else; small counts stay below."""

import asyncio

import pytest

from gateway.region.records import SquareRecord
from gateway.region.sharing import shown_count
from gateway.region.upward.sender import ParentAwayError
from gateway.region.upward.told_sums import differences
from tests.gateway.region.upward.levels import (
    CROWDED,
    DAY,
    LONELY,
    SEEN,
    Levels,
    levels,
    two_databases,
)
from tests.support.region.hub import RunningHub, running_hub
from tests.support.region.servers.postgres import Postgres


async def _seen(two: Levels) -> set[tuple[object, ...]]:
    return {tuple(row) for row in await two.above.owner.fetch(SEEN)}


async def _two_levels(below_url: str, above_url: str) -> None:
    async with levels(below_url, above_url) as two:
        await two.fill(1)
        assert await two.upward.send_changes() == 4
        assert await two.upward.send_changes() == 0, "only what changed is sent"
        assert await two.told() == {
            (day, code): square
            for day in (DAY, DAY + 40)
            for code, square in ((LONELY, (None, None, None)), (CROWDED, (5, 70, 0)))
        }
        assert await _seen(two) == {(CROWDED, "boar", 5, 5)}
        await two.fill(3)
        assert await two.upward.send_changes() == 2, "the lonely square tells nothing new"
        assert await _seen(two) == {(CROWDED, "boar", 20, 20)}
        await _only_sums(two.above)
        await two.above.owner.execute("UPDATE region.certificate SET revoked_at = now()")
        with pytest.raises(ParentAwayError, match="revoked"):
            await two.upward.send_changes()


async def _only_sums(above: RunningHub) -> None:
    for table in ("device", "event", "roll_day", "place_exact", "place_square", "alert", "action"):
        assert await above.owner.fetchval(f"SELECT count(*) FROM region.{table}") == 0, table


@pytest.mark.real
def test_the_hub_above_gets_sums_with_small_counts_hidden_and_each_change_once(
    postgres: Postgres, region_template: str
) -> None:
    with two_databases(postgres, region_template) as urls:
        asyncio.run(_two_levels(*urls))


def test_new_changed_and_vanished_sums_are_sent_and_equal_ones_are_not() -> None:
    same, changed = SquareRecord(CROWDED, 1, 5, 1, 1), SquareRecord(CROWDED, 2, 5, 2, 2)
    sent = {key: body for key, (_, body) in differences([same, changed], {}).items()}
    sent[(3, LONELY)] = b"what is there no longer"
    newer = SquareRecord(CROWDED, 2, 10, 3, 3)
    found = [record for record, _ in differences([same, newer], sent).values()]
    assert found == [newer, SquareRecord(LONELY, 3, 0, 0, 0)]


@pytest.mark.real
def test_the_database_hides_the_same_counts_as_the_pages(region: str) -> None:
    async def told() -> list[int | None]:
        async with running_hub(region) as hub:
            count = "SELECT region.told_count($1)"
            return [await hub.owner.fetchval(count, n) for n in range(30)]

    assert asyncio.run(told()) == [shown_count(n) for n in range(30)]
