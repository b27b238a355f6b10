"""Nobody reads a place more exactly than a town gives it, whatever is asked of which table and by whom.

The long form asks 10,000 random questions (`pytest -m long tests/gateway/region/hub/rights -s`).
"""

import asyncio
import contextlib
import random
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from typing import Any

import asyncpg
import pytest

from tests.support.region.hub import RunningHub, running_hub
from tests.support.region.rights import GIVEN, TOWNS, Questions, Secret, leaks

pytestmark = pytest.mark.real

_COLUMNS = """
SELECT c.relname, coalesce(array_agg(a.attname::text) FILTER (
    WHERE has_column_privilege('shishigaki_pages', c.oid, a.attnum, 'SELECT')), array_agg(a.attname::text))
FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace AND n.nspname = 'region'
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
WHERE c.relkind IN ('r', 'p', 'v', 'm') GROUP BY 1
"""
WIDE = (
    "ALTER POLICY exact ON region.device USING (true)",
    "ALTER POLICY exact ON region.alert USING (true)",
    "ALTER POLICY exact ON region.event USING (true)",
    "ALTER POLICY exact ON region.action USING (true)",
    "ALTER POLICY squares ON region.place_square USING (true)",
    "ALTER POLICY sums ON region.square_day USING (true)",
    "ALTER POLICY sums ON region.square_month USING (true)",
    """GRANT SELECT ON region.place_exact TO shishigaki_pages, shishigaki_reader;
    ALTER TABLE region.place_exact DISABLE ROW LEVEL SECURITY""",
    """CREATE OR REPLACE FUNCTION region.givers(level int) RETURNS int[] LANGUAGE sql STABLE SECURITY DEFINER
    AS 'SELECT array_agg(no) FROM region.organisation'""",
)


class Asker:
    """Asks as one organisation: through the role of the pages, or with an SQL log-in of its own."""

    def __init__(
        self, connection: "asyncpg.Connection[Any]", reader: str, *, as_page: bool
    ) -> None:
        self.connection, self.reader, self.as_page = connection, reader, as_page

    async def ask(self, statement: str) -> Sequence[Any] | None:
        """The rows; None: PostgreSQL refused the statement."""
        transaction = self.connection.transaction()
        await transaction.start()
        try:
            await self.connection.execute("SET LOCAL statement_timeout = '20s'")
            if self.as_page:
                await self.connection.execute("SET LOCAL ROLE shishigaki_pages")
            claimed = (
                self.reader if self.as_page else "aso"
            )  # a log-in of its own may claim anything
            await self.connection.execute(
                "SELECT set_config('shishigaki.organisation', $1, true)", claimed
            )
            if statement.startswith(("SELECT", "WITH")):  # whole rows as text: no type is unknown
                statement = f"SELECT x::text FROM ({statement}) x"
            return await self.connection.fetch(statement)
        except asyncpg.PostgresError:
            return None
        finally:
            await transaction.rollback()


@contextlib.asynccontextmanager
async def askers(hub: RunningHub, url: str) -> AsyncIterator[list[Asker]]:
    """For every organisation the pages, and for those that are no town SQL too."""
    await hub.owner.execute(
        "DROP ROLE IF EXISTS hub_login; CREATE ROLE hub_login LOGIN NOINHERIT; "
        "GRANT shishigaki_receiver, shishigaki_pages TO hub_login"
    )
    pages = await asyncpg.connect(url.replace("postgres@", "hub_login@"))
    found = [Asker(pages, reader, as_page=True) for reader in GIVEN]
    for reader in ("pref", "nation", "university", "stranger"):
        own = await asyncpg.connect(url.replace("postgres@", f"sql_{reader}@"))
        found.append(Asker(own, reader, as_page=False))
    try:
        yield found
    finally:
        for connection in {asker.connection for asker in found}:
            await connection.close()


def pages_trick(asker: Asker, statement: str) -> bool:
    """Pages trust their own code: statements that change the role are tried by log-ins only."""
    return asker.as_page and statement.startswith(("RESET", "SET SESSION"))


async def search(
    hub: RunningHub, url: str, questions: int, seed: int
) -> tuple[Counter[str], list[tuple[str, str, Secret]]]:
    """Ask so many random questions; what became of them, and what was read that may not be."""
    columns = dict(await hub.owner.fetch(_COLUMNS))
    dice = random.Random(seed)
    source = Questions(dice, columns)
    counts: Counter[str] = Counter()
    found = []
    async with askers(hub, url) as asking:
        for _ in range(questions):
            asker, statement = dice.choice(asking), source.next()
            if pages_trick(asker, statement):
                statement = "SELECT * FROM region.device"
            rows = await asker.ask(statement)
            counts["refused" if rows is None else "answered" if rows else "empty"] += 1
            leaked = leaks(rows or (), asker.reader)
            found += [(asker.reader, statement, secret) for secret in leaked]
    return counts, found


async def _honest(url: str, questions: int) -> tuple[Counter[str], list[tuple[str, str, Secret]]]:
    async with running_hub(url) as hub:
        return await search(hub, url, questions, 18)


def check(url: str, questions: int) -> None:
    counts, found = asyncio.run(_honest(url, questions))
    print(f"{questions} questions: {dict(counts)}, places finer than agreed: {len(found)}")
    assert found[:3] == []
    assert counts["answered"] > questions / 5, "control: questions are answered"


def test_random_questions_find_no_place_finer_than_agreed(built_region: str) -> None:
    check(built_region, 300)


@pytest.mark.long
def test_ten_thousand_random_questions_find_no_place_finer_than_agreed(built_region: str) -> None:
    check(built_region, 10_000)


async def _what_each_may(url: str) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = {}
    async with running_hub(url) as hub:
        numbers = dict(await hub.owner.fetch("SELECT id, no FROM region.organisation"))
        async with askers(hub, url) as asking:
            for asker in (one for one in asking if one.as_page):
                found[asker.reader] = await _levels(asker, numbers)
    return found


async def _levels(asker: Asker, numbers: dict[str, int]) -> dict[str, int]:
    """The finest level (km) that this reader is answered, by town."""
    mine = {}
    for town in TOWNS:
        given = (
            (5, f"SELECT code FROM region.square_day WHERE town = {numbers[town]}"),
            (1, f"SELECT 1 FROM region.squares_1km(0, 90000) WHERE town = {numbers[town]}"),
            (0, f"SELECT * FROM region.exact_places({numbers[town]}, 'x', 'map')"),
        )
        for level, statement in given:
            if await asker.ask(statement):
                mine[town] = level
    return mine


def test_each_organisation_reads_exactly_what_it_is_given(built_region: str) -> None:
    assert asyncio.run(_what_each_may(built_region)) == GIVEN


async def _widened(url: str) -> list[str]:
    missed = []
    async with running_hub(url) as hub:
        for statement in WIDE:
            await hub.owner.execute(statement)
            _, found = await search(hub, url, 600, 5)
            if not found:
                missed.append(statement)
            await _restore(hub, statement)
    return missed


async def _restore(hub: RunningHub, statement: str) -> None:
    """Only the last control stays: the others are taken back by narrowing the policy again."""
    if statement.startswith("ALTER POLICY"):
        await hub.owner.execute(statement.replace("USING (true)", "USING (false)"))
    elif statement.startswith("GRANT"):
        await hub.owner.execute(
            "REVOKE ALL ON region.place_exact FROM shishigaki_pages, shishigaki_reader"
        )


@pytest.mark.long
def test_control_each_policy_that_lets_everybody_read_is_found(built_region: str) -> None:
    assert asyncio.run(_widened(built_region)) == []


async def _one_widened(url: str) -> int:
    async with running_hub(url) as hub:
        await hub.owner.execute(WIDE[0])
        return len((await search(hub, url, 200, 5))[1])


def test_control_a_policy_that_lets_everybody_read_is_found(built_region: str) -> None:
    assert asyncio.run(_one_widened(built_region)) > 0


async def _logged(url: str) -> list[tuple[Any, ...]]:
    async with running_hub(url) as hub:
        number = await hub.owner.fetchval("SELECT no FROM region.organisation WHERE id = 'aso'")
        async with hub.hub.pages.acquire() as connection:
            for reader in ("pref", "nation", "aso"):
                async with connection.transaction():
                    await connection.execute(
                        "SELECT set_config('shishigaki.organisation', $1, true)", reader
                    )
                    await connection.fetch(
                        "SELECT * FROM region.exact_places($1, '田中', 'map')", number
                    )
        rows = await hub.owner.fetch(
            "SELECT o.id, r.by_user, r.purpose, r.places FROM region.position_read r "
            "JOIN region.organisation o ON o.no = r.organisation ORDER BY r.no"
        )
        return [tuple(row) for row in rows]


def test_each_reading_of_exact_places_is_written_down(built_region: str) -> None:
    assert asyncio.run(_logged(built_region)) == [
        ("pref", "田中", "map", 6),
        ("aso", "田中", "map", 6),
    ]
