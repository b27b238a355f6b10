"""Copies of the database: made while the gateway writes, checked before they count, put back whole.

Owns the files of a copy: it exists complete and checked under its name, or not at all.
Must not be used on a database in use, except to read it (`save`).
"""

import contextlib
import os
import re
from datetime import datetime
from pathlib import Path

import apsw

from gateway.store.connection import StoreError, open_reader
from gateway.store.schema import MIGRATIONS

_NAME = re.compile(r"shishigaki-\d{8}T\d{6}Z\.db")
_COMPANIONS = ("", "-wal", "-shm")  # of a database file, which only mean something together


def file_name(now: datetime) -> str:
    """What a copy made at `now` (UTC) is called in a folder of copies."""
    return f"shishigaki-{now:%Y%m%dT%H%M%SZ}.db"


def save(database: Path, target: Path, *, force: bool = False) -> None:
    """Copy a database, also one in use, to the file `target`.

    Raises StoreError when `target` exists and not `force`, or when the copy is not sound.
    """
    if target.exists() and not force:
        raise StoreError(f"{target}: exists; --force overwrites it")
    source = open_reader(database)
    try:
        _copy(source, database, target)
    finally:
        source.close()


def trim(folder: Path, keep: int) -> list[Path]:
    """Delete the oldest copies of `folder` beyond `keep`, nothing else; gives what was deleted."""
    copies = sorted(path for path in folder.iterdir() if _NAME.fullmatch(path.name))
    old = copies[:-keep]
    for path in old:
        path.unlink()
    return old


def put_back(copy: Path, database: Path, now: datetime, *, force: bool = False) -> Path | None:
    """Make `database` what `copy` holds; gives where the database before it now lies, if there was one.

    Raises StoreError when the copy is not sound or too new, when a database exists and not `force`,
    or when somebody is using it.
    """
    source = open_reader(copy)
    try:
        _check(source, copy)
        if not database.exists():
            _copy(source, copy, database)
            return None
        if not force:
            raise StoreError(f"{database}: exists; --force replaces it and keeps it beside")
        _unused(database)
        aside = database.with_name(f"{database.name}.before-{now:%Y%m%dT%H%M%SZ}")
        _move(database, aside)
        try:
            _copy(source, copy, database)
        except BaseException:
            _move(aside, database)
            raise
        return aside
    finally:
        source.close()


def _copy(source: apsw.Connection, origin: Path, target: Path) -> None:
    """Write beside the target, check, then rename: a power cut leaves no half copy under its name."""
    part = target.with_name(target.name + ".part")
    try:
        part.unlink(missing_ok=True)
        part.touch(mode=0o640)
        _fill(source, origin, part)
        _sync(part)
        part.replace(target)
        _sync(target.parent)
    except (apsw.Error, OSError) as error:
        raise StoreError(f"{target}: the copy could not be made: {error}") from None
    finally:
        part.unlink(missing_ok=True)


def _fill(source: apsw.Connection, origin: Path, part: Path) -> None:
    connection = apsw.Connection(str(part), flags=apsw.SQLITE_OPEN_READWRITE)
    try:
        with connection.backup("main", source, "main") as backup:
            backup.step(-1)  # at once: one consistent moment, and the writer goes on meanwhile
        connection.pragma("journal_mode", "DELETE")  # one file, readable from read-only media
        _check(connection, origin)
    finally:
        connection.close()


def _check(connection: apsw.Connection, path: Path) -> None:
    try:
        verdict = [text for (text,) in connection.execute("PRAGMA integrity_check(3)")]
        version = connection.pragma("user_version")
        tables = connection.execute("SELECT count(*) FROM sqlite_master WHERE name = 'event'")
        is_ours = version > 0 and tables.fetchone() == (1,)
    except apsw.Error as error:
        raise StoreError(f"{path}: not a sound database: {error}") from None
    if verdict != ["ok"]:
        raise StoreError(f"{path}: not a sound database: {'; '.join(verdict)}")
    if not is_ours:
        raise StoreError(f"{path}: not a database of Shishigaki")
    if version > len(MIGRATIONS):
        raise StoreError(
            f"{path}: written by a newer Shishigaki (schema {version}); install that first"
        )


def _unused(database: Path) -> None:
    """Leaving WAL needs the file for oneself alone: so SQLite itself tells whether it is in use."""
    connection = apsw.Connection(str(database))
    try:
        connection.pragma("journal_mode", "DELETE")
    except apsw.BusyError:
        raise StoreError(
            f"{database}: in use; stop the gateway first: sudo systemctl stop shishigaki"
        ) from None
    except apsw.Error:
        return  # broken: that may be why somebody restores; it is kept beside
    finally:
        connection.close()


def _move(database: Path, to: Path) -> None:
    for end in _COMPANIONS:
        with contextlib.suppress(FileNotFoundError):
            Path(f"{database}{end}").rename(f"{to}{end}")


def _sync(path: Path) -> None:
    number = os.open(path, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)
