"""Opening the database: durability settings and migrations.

Owns pragmas and the schema version. Must not know what the rows mean.
WAL with synchronous=FULL: a commit is on the disk when it returns; readers never block the writer.
"""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import apsw

from gateway.store.schema import MIGRATIONS

BUSY_MS = 10_000


class StoreError(Exception):
    """The database cannot be used; the text says why and what to do."""


def open_writer(path: Path) -> apsw.Connection:
    """Open for writing, creating and migrating as needed."""
    connection = _connect(path, apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_CREATE)
    for pragma in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON",
                   "cache_size = -8000", "wal_autocheckpoint = 1000"):  # fmt: skip
        connection.pragma(*pragma.split(" = "))
    _migrate(connection, path)
    return connection


def open_reader(path: Path) -> apsw.Connection:
    """Open for reading only."""
    return _connect(path, apsw.SQLITE_OPEN_READONLY)


def _connect(path: Path, flags: int) -> apsw.Connection:
    try:
        connection = apsw.Connection(str(path), flags=flags)
    except apsw.CantOpenError:
        raise StoreError(
            f"{path}: cannot be opened; does the folder exist, is it writable?"
        ) from None
    connection.set_busy_timeout(BUSY_MS)
    return connection


def _migrate(connection: apsw.Connection, path: Path) -> None:
    version = connection.pragma("user_version")
    if version > len(MIGRATIONS):
        raise StoreError(
            f"{path}: written by a newer Shishigaki (schema {version}, this one knows "
            f"{len(MIGRATIONS)}); install that version or restore a backup"
        )
    for number, script in enumerate(MIGRATIONS[version:], start=version + 1):
        with transaction(connection):
            connection.execute(script)
            connection.pragma("user_version", number)


@contextlib.contextmanager
def transaction(connection: apsw.Connection) -> Iterator[None]:
    """BEGIN IMMEDIATE ... COMMIT, or ROLLBACK on any exception."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if not connection.getautocommit():
            connection.execute("ROLLBACK")
        raise
