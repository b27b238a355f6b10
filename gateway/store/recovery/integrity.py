"""Integrity check of a file, in a limited time.

Owns the header's fixed bytes and the bounded check. Must not repair (that is `salvage`).
"""

import errno
import os
import time
from collections.abc import Callable
from enum import Enum
from pathlib import Path

import apsw

from gateway.store.connection import DAMAGE, StoreError, is_damage
from gateway.store.file import raw_file

PROGRESS_STEPS = 20_000  # steps of SQLite between two checks of the time
SMALL_TABLES = ("device", "setting", "person", "alert", "outbox", "quarantine")
# Bytes of every database that this program writes: (offset, allowed values).
HEADER: tuple[tuple[int, tuple[bytes, ...]], ...] = (
    (0, (b"SQLite format 3\0",)),
    (16, (b"\x02\x00", b"\x10\x00")),  # pages of 512 bytes, or of 4,096 in older files
    (18, (b"\x01\x01", b"\x02\x02")),  # journal, or WAL
    (20, (b"\x00\x40\x20\x20",)),
    (44, (b"\x00\x00\x00\x04",)),  # schema format
    (56, (b"\x00\x00\x00\x01",)),  # UTF-8
)


class CheckResult(Enum):
    """What a check found."""

    SOUND = "sound"
    DAMAGED = "damaged"
    UNFINISHED = "unfinished"  # nothing found in the time given


def header_is_sane(path: Path) -> bool:
    """Whether the first bytes are ours; a file that is empty or not there yet is. StoreError: no file."""
    try:
        if path.is_dir():
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        if not path.stat().st_size:
            return True
        head = raw_file.read(path, 0, 100)
    except FileNotFoundError:
        return True
    except OSError as error:
        raise StoreError(f"{path}: cannot be read: {error.strerror}; set store.path") from None
    except apsw.CantOpenError as error:
        why = raw_file.last_error() or str(error)
        raise StoreError(f"{path}: cannot be read: {why}; set store.path") from None
    return all(head[at:].startswith(allowed) for at, allowed in HEADER)


def has_wal(path: Path) -> bool:
    """Whether a -wal may hold a newer first page than the file: it was not closed in good order."""
    wal = path.with_name(path.name + "-wal")
    return wal.exists() and wal.stat().st_size > 0


def check(
    connection: apsw.Connection, budget_s: float | None, stop: Callable[[], bool] = lambda: False
) -> tuple[CheckResult, str]:
    """Check the small tables, then all, for `budget_s` (None: to the end): (result, first damage).

    `stop`: called now and then, True ends the check. Damage inside a value that leaves the structure
    intact cannot be found: SQLite stores no checksums.
    """
    end = None if budget_s is None else time.monotonic() + budget_s
    connection.set_progress_handler(
        lambda: stop() or (end is not None and time.monotonic() > end), PROGRESS_STEPS
    )
    try:
        for table in (*_present(connection), None):
            fault = _quick_check(connection, table)
            if fault != "ok":
                return CheckResult.DAMAGED, fault
    except apsw.InterruptError:
        return CheckResult.UNFINISHED, ""
    except (*DAMAGE, apsw.NoMemError) as error:
        if not is_damage(error):
            raise
        return CheckResult.DAMAGED, str(error)
    finally:
        connection.set_progress_handler(None)
    return CheckResult.SOUND, ""


def _present(connection: apsw.Connection) -> list[str]:
    known = {name for (name,) in connection.execute("SELECT name FROM sqlite_schema")}
    return [table for table in SMALL_TABLES if table in known]


def _quick_check(connection: apsw.Connection, table: str | None) -> str:
    sql = f"PRAGMA quick_check({table})" if table else "PRAGMA quick_check(1)"
    first = connection.execute(sql).fetchone()
    return str(first[0]) if first else "ok"
