"""Salvage: copies the readable rows of a damaged database into a new one; the damaged one is kept.

Owns the order: the registry first, history last. Must not delete anything: the damaged file and its -wal
stay in `broken-<time>/` (`exchange`).
"""

import contextlib
import logging
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

import apsw

from gateway.atomic_file import sync
from gateway.domain.model import Device, Role, Standing
from gateway.store.connection import (
    DAMAGE,
    DamagedFileError,
    check_columns,
    open_writer,
    transaction,
)
from gateway.store.file import raw_file
from gateway.store.followers.influx import InfluxTable
from gateway.store.followers.region import RegionTable
from gateway.store.recovery import schema_copy
from gateway.store.recovery.exchange import (
    SALVAGED,
    beside,
    free_folder,
    put_in_place,
    remove,
)
from gateway.store.recovery.file_report import FileReport, remember
from gateway.store.recovery.table_walk import TableRow, TableWalk
from gateway.store.rollups.months import MonthTable
from gateway.store.rows import to_alert, to_json, to_person

log = logging.getLogger(__name__)

# First the tables that people need to continue, then tables not named here, then the long ones.
FIRST_TABLES = ("device", "setting", "person", "person_change", "alert", "outbox", "quarantine")
LAST_TABLES = ("effort_day", "sighting_day", "effort_hour", "sighting_hour", "event")

READ_BODY: dict[str, Callable[[bytes], object]] = {"alert": to_alert, "person": to_person}

OnSalvageStep = Callable[[], None]


def salvage(path: Path, fault: str, now: datetime, progress: OnSalvageStep) -> FileReport:
    """Make `path` a sound database with its readable rows; `progress` is called at every step."""
    fresh, folder = beside(path, ".salvaging"), free_folder(path, now)
    remove(fresh)
    report = FileReport(now, fault, str(folder), *_copy_all(path, fresh, progress))
    with contextlib.closing(apsw.Connection(str(fresh))) as target:
        remember(target, report)
    sync(fresh)
    put_in_place(path, fresh.replace(beside(path, SALVAGED)), folder)
    return report


def _copy_all(path: Path, fresh: Path, progress: OnSalvageStep) -> tuple[dict[str, int], int]:
    target = open_writer(fresh)
    target.pragma("synchronous", "OFF")  # synced once, at the end
    target.pragma("foreign_keys", "OFF")
    rows: dict[str, int] = {}
    holes = 0
    try:
        with _readable(path) as source:
            for table in _tables(target):
                rows[table], missed = _copy(source, target, table, progress)
                holes += missed
        _add_lost_devices(target)
        InfluxTable(target).forget_lost()
        RegionTable(target).renew_journal()
        MonthTable(target).forget()
        target.pragma("synchronous", "FULL")
        target.pragma("journal_mode", "DELETE")  # checkpoints, and leaves one file to move
    finally:
        target.close(True)
    return rows, holes


def _tables(target: apsw.Connection) -> list[str]:
    names = [
        name
        for (name,) in target.execute(
            "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
        )
    ]
    middle = [name for name in names if name not in FIRST_TABLES + LAST_TABLES]
    return [name for name in (*FIRST_TABLES, *middle, *LAST_TABLES) if name in names]


@contextlib.contextmanager
def _readable(path: Path) -> Iterator[apsw.Connection]:
    """A reading connection to the damaged file, or to a copy whose schema was restored."""
    copy = beside(path, ".repaired")
    connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
    try:
        if not _has_schema(connection, path) and (pages := schema_copy.load(path)):
            connection.close(True)
            connection = _repaired(path, copy, pages)
        yield connection
    finally:
        connection.close(True)
        remove(copy)


def _has_schema(connection: apsw.Connection, path: Path) -> bool:
    try:
        check_columns(connection, path)
    except (apsw.Error, UnicodeDecodeError, DamagedFileError):
        return False
    return True


def _repaired(path: Path, copy: Path, pages: schema_copy.SchemaPages) -> apsw.Connection:
    raw_file.copy(path, copy)
    schema_copy.restore(pages, copy)
    if (wal := beside(path, "-wal")).exists():
        raw_file.copy(wal, beside(copy, "-wal"))
    return apsw.Connection(str(copy), flags=apsw.SQLITE_OPEN_READONLY)


def _copy(
    source: apsw.Connection, target: apsw.Connection, table: str, progress: OnSalvageStep
) -> tuple[int, int]:
    """(rows kept, damaged ranges) of one table."""
    kept, holes = 0, 0
    try:
        walk = TableWalk(source, table)
        names, marks = ", ".join(walk.columns), ", ".join("?" * len(walk.columns))
        insert = f"INSERT OR IGNORE INTO {table} ({names}) VALUES ({marks})"
        for rows in walk.steps():
            with transaction(target):
                kept += sum(_makes_sense(table, row) and _put(target, insert, row) for row in rows)
            holes = walk.holes
            progress()
        holes = walk.holes
    except (apsw.SQLError, *DAMAGE) as error:
        log.warning("%s: nothing more can be read: %s", table, error)
        holes += 1
    return kept, holes


def _makes_sense(table: str, row: TableRow) -> bool:
    """Whether a row can be decoded: a damaged alert or person must not stop the gateway."""
    try:
        if read := READ_BODY.get(table):
            read(row[-1])
    except DamagedFileError:
        return False
    return True


def _put(target: apsw.Connection, insert: str, row: TableRow) -> bool:
    """Whether the row fits the schema: a damaged one may not."""
    try:
        target.execute(insert, row)
    except (apsw.ConstraintError, apsw.MismatchError):
        return False
    return target.changes() > 0


def _add_lost_devices(target: apsw.Connection) -> None:
    """Insert a pending device for events whose device row is lost; a person has to say what it was."""
    lost = target.execute(
        "SELECT DISTINCT device FROM event EXCEPT SELECT no FROM device"
    ).fetchall()
    for (no,) in lost:
        device = Device(id=f"salvaged-{no}", role=Role.DETECTOR, standing=Standing.PENDING)
        target.execute(
            "INSERT INTO device (no, id, role, standing, body) VALUES (?, ?, ?, ?, ?)",
            (no, device.id, device.role.value, device.standing.value, to_json(device)),
        )
