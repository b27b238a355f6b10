"""A month of the region as GeoParquet for analysts: effort by 5 km squares, and counts by species.

Owns the two files, their columns and their metadata. Reads what an organisation may read, hidden counts too,
so that a file tells nobody more than the pages do. pyarrow is imported when a file is written.

    effort-2026-10.parquet   month, town, code, devices, camera_days, trap_nights, geometry (WKB, OGC:CRS84)
    counts-2026-10.parquet   month, town, code, species, events, animals, captures

A count is null where it is too small to be told; code "" stands for devices without a place.
"""

import json
import struct
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from msgspec import Struct

from gateway.domain.geo.mesh_code import bounds
from gateway.region.hub.database import Connection

DAY_MS = 86_400_000
_EFFORT = """
SELECT o.id, s.code, s.devices, s.alive_ms, s.armed_ms
FROM region.shown_month s JOIN region.organisation o ON o.no = s.town WHERE s.month = $1 ORDER BY o.id, s.code
"""
_COUNTS = """
SELECT o.id, code, species, s.independent, s.animals, c.captures, s.town IS NULL, c.town IS NULL
FROM (SELECT * FROM region.shown_month_seen WHERE month = $1) s
FULL JOIN (SELECT * FROM region.shown_month_caught WHERE month = $1) c USING (town, code, species)
JOIN region.organisation o ON o.no = town ORDER BY o.id, code, species
"""


class MonthSums(Struct, frozen=True):
    """What was read of one month (months since 1970)."""

    month: int
    effort: Sequence[Any]
    counts: Sequence[Any]


async def read_month(connection: Connection, organisation: str, month: int) -> MonthSums:
    """The month's sums as `organisation` may read them."""
    async with connection.transaction(readonly=True, isolation="repeatable_read"):
        await connection.execute("SET LOCAL ROLE shishigaki_reader")
        await connection.execute(
            "SELECT set_config('shishigaki.organisation', $1, true)", organisation
        )
        effort = await connection.fetch(_EFFORT, month)
        return MonthSums(month, effort, await connection.fetch(_COUNTS, month))


def write_month(sums: MonthSums, folder: Path) -> list[Path]:
    """Write the two files of a month; their paths."""
    name = f"{1970 + sums.month // 12}-{sums.month % 12 + 1:02}"
    folder.mkdir(parents=True, exist_ok=True)
    return [
        _write(_effort_table(name, sums.effort), folder / f"effort-{name}.parquet"),
        _write(_counts_table(name, sums.counts), folder / f"counts-{name}.parquet"),
    ]


def _effort_table(month: str, rows: Sequence[Any]) -> Any:
    import pyarrow as pa

    fields = {
        "month": pa.array([month] * len(rows), pa.string()),
        "town": pa.array([row[0] for row in rows], pa.string()),
        "code": pa.array([row[1] for row in rows], pa.string()),
        "devices": pa.array([row[2] for row in rows], pa.int64()),
        "camera_days": pa.array([_days(row[3]) for row in rows], pa.float64()),
        "trap_nights": pa.array([_days(row[4]) for row in rows], pa.float64()),
        "geometry": pa.array([_square(row[1]) for row in rows], pa.binary()),
    }
    geometry = {"encoding": "WKB", "geometry_types": ["Polygon"]}
    about = {"version": "1.1.0", "primary_column": "geometry", "columns": {"geometry": geometry}}
    return pa.table(fields).replace_schema_metadata({"geo": json.dumps(about)})


def _counts_table(month: str, rows: Sequence[Any]) -> Any:
    import pyarrow as pa

    return pa.table(
        {
            "month": pa.array([month] * len(rows), pa.string()),
            "town": pa.array([row[0] for row in rows], pa.string()),
            "code": pa.array([row[1] for row in rows], pa.string()),
            "species": pa.array([row[2] for row in rows], pa.string()),
            "events": pa.array([0 if row[6] else row[3] for row in rows], pa.int64()),
            "animals": pa.array([0 if row[6] else row[4] for row in rows], pa.int64()),
            "captures": pa.array([0 if row[7] else row[5] for row in rows], pa.int64()),
        }
    )


def _days(milliseconds: int | None) -> float | None:
    return None if milliseconds is None else milliseconds / DAY_MS


def _square(code: str) -> bytes | None:
    """A square as WKB polygon, longitude first; None for devices without a place."""
    if not code:
        return None
    edges = bounds(code)
    west, east, south, north = edges.west, edges.east, edges.south, edges.north
    ring = (west, south, east, south, east, north, west, north, west, south)
    return struct.pack("<BIII10d", 1, 3, 1, 5, *ring)


def _write(table: Any, path: Path) -> Path:
    """The whole file or none."""
    import pyarrow.parquet as parquet

    new = path.with_suffix(".new")
    parquet.write_table(table, new, compression="zstd")
    new.replace(path)
    return path
