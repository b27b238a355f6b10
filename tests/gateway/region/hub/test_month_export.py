"""The monthly files: what an organisation may read, no more; other programs compute our rates from them."""

import asyncio
import csv
import io
import json
import subprocess
import sys
from pathlib import Path

import asyncpg
import pyarrow.parquet as parquet
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from dashboard.analysis.rate import rai
from gateway.domain.geo.mesh_code import bounds, code
from gateway.region.hub.enrolment import add_organisation, enrol
from gateway.region.hub.migrations import migrate
from gateway.region.hub.month_export import DAY_MS, _square, read_month, write_month
from tests.deploy.folder import DEPLOY
from tests.support.region.hub import FAR

MONTH = 681  # October 2026
CODES = (code(32.75, 128.69, "5km"), code(33.75, 129.69, "5km"))
AGREEMENT = """
INSERT INTO region.agreement (giver, id, version, taker, level_km, from_day,
    starts_ms, ends_ms, made_ms, heard_at)
VALUES ($1, 'a', 1, 'prefecture', $2, 0, 0, 4000000000000, 0, now())
"""


async def fill(database: str) -> None:
    """Three towns: one gives exact places to the prefecture, one 5 km squares, one nothing."""
    link = await asyncpg.connect(database)
    try:
        await migrate(link)
        await add_organisation(link, "prefecture")
        for number, (town, level) in enumerate((("goto", 0), ("iki", 5), ("saza", None))):
            no = await enrol(link, town, f"A{number}", FAR)
            if level is not None:
                await link.execute(AGREEMENT, no, level)
            await squares(link, no, number)
    finally:
        await link.close()


async def squares(link: "asyncpg.Connection[asyncpg.Record]", town: int, number: int) -> None:
    """Effort and counts of two months in two squares and without a place."""
    for month in (MONTH - 1, MONTH):
        for at, place in enumerate((*CODES, "")):
            effort = (7 + at + month % 5) * DAY_MS + number * 3_600_000
            await link.execute(
                "INSERT INTO region.square_month VALUES ($1, $2, $3, 9, $4, $5)",
                *(town, month, place, effort, 2 * effort),
            )
            await link.execute(
                "INSERT INTO region.square_month_seen VALUES ($1, $2, $3, 'boar', $4, 40), "
                "($1, $2, $3, 'deer', 3, 3)",
                *(town, month, place, 11 + at + number),
            )
            await link.execute(
                "INSERT INTO region.square_month_caught VALUES ($1, $2, $3, 'boar', 6)",
                *(town, month, place),
            )


@pytest.fixture
def folder(empty_region: str, tmp_path: Path) -> Path:
    """Two months as the prefecture may read them."""

    async def write() -> None:
        await fill(empty_region)
        link = await asyncpg.connect(empty_region)
        try:
            for month in (MONTH - 1, MONTH):
                write_month(await read_month(link, "prefecture", month), tmp_path)
        finally:
            await link.close()

    asyncio.run(write())
    return tmp_path


@pytest.mark.real
def test_the_files_hold_what_the_organisation_may_read_and_hide_small_counts(folder: Path) -> None:
    rows = parquet.read_table(folder / "counts-2026-10.parquet").to_pylist()
    assert {row["town"] for row in rows} == {"goto", "iki"}
    told = {(row["town"], row["species"]): row for row in rows if row["code"] == CODES[0]}
    assert [told["goto", kind]["events"] for kind in ("boar", "deer")] == [11, 3]
    assert [told["iki", kind]["events"] for kind in ("boar", "deer")] == [10, None]
    assert told["iki", "boar"]["captures"] == 5
    assert told["goto", "deer"]["captures"] == 0


@pytest.mark.real
def test_effort_is_geoparquet_that_other_programs_place_rightly(folder: Path) -> None:
    table = parquet.read_table(folder / "effort-2026-10.parquet")
    about = json.loads(table.schema.metadata[b"geo"])
    assert about["columns"][about["primary_column"]]["encoding"] == "WKB"
    for row in table.to_pylist():
        if row["code"]:
            edges = bounds(row["code"])
            wanted = (edges.west, edges.south, edges.east, edges.north)
            assert shapely.from_wkb(row["geometry"]).bounds == wanted
        else:
            assert row["geometry"] is None


@pytest.mark.real
@pytest.mark.parametrize("program", ["rates_duckdb.py", "rates_dask.py"])
def test_another_program_computes_our_rates_from_the_files(folder: Path, program: str) -> None:
    run = [sys.executable, str(DEPLOY / "region/examples" / program), str(folder)]
    text = subprocess.run(run, check=True, capture_output=True, text=True, timeout=300).stdout
    rows = list(csv.DictReader(io.StringIO(text)))
    assert len(rows) == 4
    for row in rows:
        at = CODES.index(row["code"])
        parts = [(number, month) for number in (0, 1) for month in (MONTH - 1, MONTH)]
        days = sum(7 + at + month % 5 + number / 24 for number, month in parts)
        boar = 2 * (11 + at) + 2 * ((12 + at) // 5 * 5)
        ours = rai(boar if row["species"] == "boar" else 6, days)
        assert int(row["events"]) == ours.n
        assert float(row["camera_days"]) == pytest.approx(ours.effort)
        assert float(row["per100"]) == pytest.approx(ours.per100)
        assert int(row["hidden"]) == (0 if row["species"] == "boar" else 2)


@pytest.mark.real
def test_control_the_owner_of_the_tables_reads_the_small_counts(
    folder: Path, empty_region: str
) -> None:
    async def read() -> int:
        link = await asyncpg.connect(empty_region)
        try:
            query = "SELECT count(*) FROM region.square_month_seen WHERE independent < 5"
            return int(await link.fetchval(query))
        finally:
            await link.close()

    assert asyncio.run(read()) > 0


@given(st.floats(20.5, 45.5), st.floats(123.0, 145.0))
def test_a_square_as_polygon_has_the_square_s_edges(lat: float, lon: float) -> None:
    square = code(lat, lon, "5km")
    edges = bounds(square)
    shape = shapely.from_wkb(_square(square))
    assert shape is not None
    assert shape.equals(shapely.box(edges.west, edges.south, edges.east, edges.north))
