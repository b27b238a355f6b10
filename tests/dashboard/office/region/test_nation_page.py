"""The map of a whole nation: 1,700 towns, 17,000 squares, a year, six species: 300 ms and 150 kB."""

import gzip
import time
from datetime import datetime
from statistics import median
from zoneinfo import ZoneInfo

import pytest

from dashboard.web.entry.passwords import hash_password
from gateway.domain.epoch import day_number, month_number
from gateway.region.hub.enrolment import add_organisation
from tests.dashboard.client import Answer, Client
from tests.dashboard.office.region.conftest import logged_in
from tests.support.pace import slowness
from tests.support.region.hub import RunningHub, Town
from tests.support.region.pages import PASSWORD, RegionPages
from tests.support.region.served import fresh_database, served_region
from tests.support.region.servers.postgres import Postgres

pytestmark = pytest.mark.real

MAP_S, MAP_BYTES = 0.3, 150_000
SQUARES, MONTHS = 10, 12  # of each town
FILTERED = ("/region/map", "/region/compare")
SPECIES = "'{boar,deer,monkey,fox,hare,badger}'::text[]"

# Towns side by side over Honshu, each with ten squares of its own: 10 km high, 25 km wide.
TOWNS = """
WITH made AS (
    INSERT INTO region.organisation (id, title, kind) SELECT 'town-' || n, '町' || n, 'town'
    FROM generate_series(1, $1) n RETURNING no
) INSERT INTO region.town (no, heard_at) SELECT no, now() FROM made
"""
GIVEN = """
INSERT INTO region.agreement
SELECT no, 'a', 1, 'pref', 5, 0, NULL, 0, 7258118400000, 0, NULL, now() FROM region.town
"""
CODES = """
CREATE TEMP TABLE placed AS SELECT town, seed, (y / 80 * 100 + x / 80)::text || y % 80 / 10 || x % 80 / 10
    || 1 + y % 10 / 5 * 2 + x % 10 / 5 AS code
FROM (SELECT t.no AS town, t.no AS seed, 3960 + t.no % 40 * 10 + k / 5 * 5 AS y,
    2400 + t.no / 40 * 25 + k % 5 * 5 AS x FROM region.town t, generate_series(0, $1 - 1) k) grid
"""
MONTH = """
INSERT INTO region.square_month SELECT town, m, code, 58, 58::bigint * 30 * 86400000, 30::bigint * 86400000
FROM placed, generate_series($1::int, $2::int) m ON CONFLICT DO NOTHING
"""
SEEN = f"""
INSERT INTO region.square_month_seen SELECT town, m, code, s, (seed * 7 + m) % 90, (seed * 7 + m) % 120
FROM placed, generate_series($1::int, $2::int) m, unnest({SPECIES}) s ON CONFLICT DO NOTHING
"""
QUARTERS = (
    """
INSERT INTO region.square_quarter SELECT town, month + more, code, sum(alive_ms), sum(armed_ms)
FROM region.square_month, generate_series(0, 2) more GROUP BY 1, 2, 3
""",
    """
INSERT INTO region.square_quarter_seen
SELECT town, month + more, code, species, sum(independent), sum(animals), 0
FROM region.square_month_seen, generate_series(0, 2) more GROUP BY 1, 2, 3, 4
""",
)


async def nation(hub: RunningHub, towns: int) -> dict[str, Town]:
    """Sums as a hub keeps them, written into its tables."""
    owner, today = hub.owner, day_number(datetime.now(ZoneInfo("Asia/Tokyo")))
    last = month_number(today)
    office = await add_organisation(owner, "pref", operates=True)
    await owner.execute(TOWNS, towns)
    await owner.execute(GIVEN)
    await owner.execute(CODES, SQUARES)
    for statement in (MONTH, SEEN):
        await owner.execute(statement, last - MONTHS + 1, last)
    for statement in QUARTERS:
        await owner.execute(statement)
    await owner.execute("VACUUM ANALYZE")
    await owner.execute(
        "INSERT INTO region.hub_user (name, organisation, role, password_hash) "
        "VALUES ('pref', $1, 'admin', $2)",
        office,
        hash_password(PASSWORD),
    )
    return {}


def measured(client: Client, path: str) -> tuple[float, float, Answer]:
    """The median and the shortest time of an answer for each species, and the last: none was kept before."""
    took = []
    for species in ("boar", "deer", "monkey", "fox", "hare", "badger"):
        began = time.monotonic()
        query = {"species": species} if path in FILTERED else {}
        answer = client.get(path, query, headers={"accept-encoding": "gzip"})
        took.append(time.monotonic() - began)
        assert answer.status_code == 200
    return median(took), min(took), answer


def look(region: RegionPages, towns: int) -> None:
    client, slow = logged_in(region, "pref"), slowness()
    rows = region.sql(
        "SELECT (SELECT count(*) FROM region.square_month), count(*) FROM region.square_month_seen"
    )
    squares = region.sql("SELECT count(DISTINCT code) FROM region.square_month")[0][0]
    print(
        f"\n{towns} towns, {squares} squares, rows {tuple(rows[0])}; this machine is {slow:.1f} times slower"
    )
    for path in (*FILTERED, "/region/map?inside=5235", "/region/towns", "/region/alerts"):
        seconds, least, answer = measured(client, path)
        plain = gzip.decompress(answer.content)
        print(
            f"{path}: {seconds * 1e3:.0f} ms, {len(answer.content):,} bytes sent, {len(plain):,} plain"
        )
        assert least < MAP_S * slow
        if "map" in path or "compare" in path:
            assert len(plain) < MAP_BYTES


def test_the_map_of_a_prefecture_is_drawn_in_300_ms_and_150_kb(postgres: Postgres) -> None:
    with (
        fresh_database(postgres) as database,
        served_region(database, lambda hub: nation(hub, 100)) as region,
    ):
        look(region, 100)


@pytest.mark.long
def test_the_map_of_a_nation_is_drawn_in_300_ms_and_150_kb(postgres: Postgres) -> None:
    with (
        fresh_database(postgres) as database,
        served_region(database, lambda hub: nation(hub, 1_700)) as region,
    ):
        look(region, 1_700)
