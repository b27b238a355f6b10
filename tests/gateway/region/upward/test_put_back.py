"""A hub above that was put back to an earlier state, or made anew, gets again what it has lost."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from gateway.region.protocol import Answer
from gateway.region.upward import sender
from gateway.region.upward.sender import ParentAwayError
from tests.gateway.region.upward.levels import (
    CROWDED,
    DAY,
    Levels,
    levels,
    two_databases,
)
from tests.support.region.servers.postgres import Postgres

pytestmark = pytest.mark.real
KEPT = ("organisation", "town", "journal", "square_day", "square_day_seen", "square_due")


def run(postgres: Postgres, template: str, scenario: Callable[[Levels], Awaitable[None]]) -> None:
    """A scenario with two hubs."""

    async def started(below: str, above: str) -> None:
        async with levels(below, above) as two:
            await scenario(two)

    with two_databases(postgres, template) as urls:
        asyncio.run(started(*urls))


async def back_up(two: Levels) -> None:
    """Copy what the hub above has now."""
    for table in KEPT:
        await two.above.owner.execute(f"CREATE TABLE {table}_copy AS TABLE region.{table}")


async def put_back(two: Levels) -> None:
    """The hub above is as it was when it was copied."""
    columns = "version = c.version, journal = c.journal, heard_at = c.heard_at"
    await two.above.owner.execute(
        f"UPDATE region.town t SET {columns} FROM town_copy c WHERE c.no = t.no; "
        "UPDATE region.journal j SET upto = c.upto FROM journal_copy c WHERE c.no = j.no; "
        "DELETE FROM region.journal WHERE no NOT IN (SELECT no FROM journal_copy)"
    )
    for table in ("square_day", "square_day_seen"):
        await two.above.owner.execute(
            f"TRUNCATE region.{table}; INSERT INTO region.{table} SELECT * FROM {table}_copy"
        )


async def _from_a_backup(two: Levels) -> None:
    await two.fill(1)
    await two.upward.send_changes()
    await back_up(two)
    await two.fill(3, (DAY, DAY + 80))
    await two.below.owner.execute(f"DELETE FROM region.square_day WHERE day = {DAY + 40}")
    await two.upward.send_changes()
    whole = await two.told()
    await put_back(two)
    assert await two.told() != whole, "control: the backup is older"
    # What it kept is not sent again: the lonely square of the first day.
    assert await two.upward.send_changes() == 5
    assert await two.told() == whole
    assert whole[DAY + 40, CROWDED] == (0, 0, 0), "what is no more is zero again"
    assert await two.upward.send_changes() == 0


def test_a_hub_above_that_was_restored_from_a_backup_gets_again_what_came_later(
    postgres: Postgres, region_template: str
) -> None:
    run(postgres, region_template, _from_a_backup)


async def _made_anew(two: Levels) -> None:
    await two.fill(1)
    await two.upward.send_changes()
    whole = await two.told()
    await two.above.owner.execute(
        "UPDATE region.town SET journal = NULL, version = 0; DELETE FROM region.journal; "
        "TRUNCATE region.square_day, region.square_day_seen"
    )
    assert await two.upward.send_changes() == len(whole)
    assert await two.told() == whole


def test_a_hub_above_that_was_made_anew_gets_everything(
    postgres: Postgres, region_template: str
) -> None:
    run(postgres, region_template, _made_anew)


async def _amid_a_round(two: Levels, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sender, "MOST_ROWS", 1)
    await two.fill(1)
    await two.upward.send_changes()
    await back_up(two)
    await two.fill(9, (DAY, DAY + 80))
    real, posts = two.upward._exchange, []

    async def exchange(method: str, **more: object) -> Answer:
        answer = await real(method, **more)
        posts.append(method)
        if posts.count("POST") == 2:
            posts.clear()
            await put_back(two)
        return answer

    monkeypatch.setattr(two.upward, "_exchange", exchange)
    with pytest.raises(ParentAwayError, match="gap"):
        await two.upward.send_changes()
    monkeypatch.setattr(two.upward, "_exchange", real)
    await two.upward.send_changes()
    told = await two.told()
    assert {day for day, _ in told} == {DAY, DAY + 40, DAY + 80}
    seen = "SELECT independent FROM region.square_day_seen WHERE code = $1 ORDER BY day"
    assert [row[0] for row in await two.above.owner.fetch(seen, CROWDED)] == [60, 5, 60]
    assert await two.upward.send_changes() == 0


@pytest.mark.long
def test_also_when_it_is_put_back_amid_a_round(
    postgres: Postgres, region_template: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(postgres, region_template, lambda two: _amid_a_round(two, monkeypatch))


async def _unconfirmed(two: Levels, monkeypatch: pytest.MonkeyPatch) -> None:
    """The answer to a block is lost; what it said is no longer so when it is sent again."""
    await two.fill(1)
    await two.upward.send_changes()
    await two.fill(9, (DAY,))
    monkeypatch.setattr(
        sender, "_CONFIRMED", "SELECT 1 / 0, $1::int, $2::text, $3::bytea, $4::int8"
    )
    with pytest.raises(Exception, match="division by zero"):
        await two.upward.send_changes()
    monkeypatch.undo()
    await two.fill(1, (DAY,))
    assert await two.upward.send_changes() == 4
    seen = "SELECT independent FROM region.square_day_seen WHERE code = $1 ORDER BY day"
    assert [row[0] for row in await two.above.owner.fetch(seen, CROWDED)] == [5, 5]


def test_a_block_that_was_taken_without_our_hearing_of_it_is_made_good(
    postgres: Postgres, region_template: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(postgres, region_template, lambda two: _unconfirmed(two, monkeypatch))
