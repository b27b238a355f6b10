"""Opening the database: durability settings, migrations, and the kinds of its errors.

Owns pragmas, the schema version and the kinds of errors. Must not know what the rows mean.
WAL with synchronous=FULL: a commit is on the disk when it returns; readers never block the writer.
"""

import contextlib
import logging
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import apsw

from gateway.domain.errors import UnreachableError
from gateway.store.schema import MIGRATIONS

log = logging.getLogger(__name__)
BUSY_MS = 10_000
PAGE_BYTES = 512  # a commit writes whole pages, and a heartbeat changes some bytes on each of six
CHECKPOINT_BYTES = 24_000_000  # of the -wal: pages that change often are copied back once for all
WAL_LIMIT_BYTES = 33_000_000  # a longer -wal is cut when it starts again
FUTURE = 1_000  # a newer program may have written so many later schema versions

# The disk does not read or write now; later it may.
DISK = (
    apsw.FullError,
    apsw.IOError,
    apsw.BusyError,
    apsw.LockedError,
    apsw.ReadOnlyError,
    apsw.CantOpenError,
    apsw.NoMemError,
)
# The file is not what was written: a damaged text may not be UTF-8, a damaged length may be gigabytes.
DAMAGE = (apsw.CorruptError, apsw.NotADBError, apsw.TooBigError, UnicodeDecodeError)
ROW_MEMORY_BYTES = 64 << 20  # more than any row that this program writes needs


class StoreError(UnreachableError):
    """The database cannot be used; the text says why and what to do."""


class DiskError(StoreError):
    """The disk did not read or write: nothing was changed, a later attempt may succeed."""


class LockedFileError(DiskError):
    """Another program has a transaction open that writes."""


class DamagedFileError(StoreError):
    """The content of the file is damaged: the file has to be moved aside and salvaged."""


def open_writer(path: Path, vfs: str | None = None) -> apsw.Connection:
    """Open for writing, creating and migrating as needed. `vfs`: a file layer for tests."""
    flags = apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_CREATE
    connection = _connect(path, flags, vfs)
    try:
        if vfs:
            connection.pragma("locking_mode", "EXCLUSIVE")  # such file layers have no shared memory
        connection.pragma("page_size", PAGE_BYTES)  # of a new file only
        # A checkpoint costs three more syncs: so few are needed that under 1 % of the commits wait for one.
        for pragma in (
            "journal_mode = WAL",
            "synchronous = FULL",
            "foreign_keys = ON",
            "cache_size = -2000",
            f"wal_autocheckpoint = {CHECKPOINT_BYTES // connection.pragma('page_size')}",
            f"journal_size_limit = {WAL_LIMIT_BYTES}",
        ):
            connection.pragma(*pragma.split(" = "))
        _migrate(connection, path)
    except BaseException:
        connection.close(True)
        raise
    return connection


def open_reader(path: Path) -> apsw.Connection:
    """Open for reading only."""
    return _connect(path, apsw.SQLITE_OPEN_READONLY)


def _connect(path: Path, flags: int, vfs: str | None = None) -> apsw.Connection:
    try:
        connection = apsw.Connection(str(path), flags=flags, vfs=vfs)
    except apsw.CantOpenError:
        raise StoreError(
            f"{path}: cannot be opened; does the folder exist, is it writable?"
        ) from None
    connection.set_busy_timeout(BUSY_MS)
    return connection


def _migrate(connection: apsw.Connection, path: Path) -> None:
    version = connection.pragma("user_version")
    if not 0 <= version <= len(MIGRATIONS) + FUTURE:
        raise DamagedFileError(f"{path}: no program ever wrote schema {version}")
    if version > len(MIGRATIONS):
        raise StoreError(
            f"{path}: written by a newer Shishigaki (schema {version}, this one knows "
            f"{len(MIGRATIONS)}); install that version or restore a backup"
        )
    if 0 < version < len(MIGRATIONS):
        log.info(
            "%s: schema %d becomes %d; with millions of events this takes a minute",
            path,
            version,
            len(MIGRATIONS),
        )
    new = not version and not connection.execute("SELECT 1 FROM sqlite_schema").fetchall()
    for becomes in [len(MIGRATIONS)] if new else range(version + 1, len(MIGRATIONS) + 1):
        _apply(connection, path, version, becomes)
        version = becomes
    check_columns(connection, path)


def _apply(connection: apsw.Connection, path: Path, version: int, becomes: int) -> None:
    """One migration, or all of them for a new file, in one transaction.

    Nothing when another program did it meanwhile.
    """
    try:
        one = becomes == version + 1
        script = MIGRATIONS[version] if one else _newest(MIGRATIONS).script
        with transaction(connection):
            if connection.pragma("user_version") == version:
                connection.execute(script)
                connection.pragma("user_version", becomes)
    except apsw.SQLError as error:
        raise DamagedFileError(
            f"{path}: migration {becomes} finds another schema: {error}"
        ) from None


def check_columns(connection: apsw.Connection, path: Path) -> None:
    """Raises DamagedFileError when the columns differ: a flipped bit may leave another valid schema."""
    found, wanted = _columns(connection), _newest(MIGRATIONS).columns
    for table, columns in wanted.items():
        if found.get(table) != columns:
            raise DamagedFileError(
                f"{path}: the columns of {table} are not those of schema {len(MIGRATIONS)}"
            )


class _Newest(NamedTuple):
    """The schema after every migration."""

    script: str  # makes it in a new file, in one step and with one wait for the disk
    columns: dict[str, list[str]]


@cache
def _newest(migrations: tuple[str, ...]) -> _Newest:
    with contextlib.closing(apsw.Connection(":memory:")) as fresh:
        for script in migrations:
            fresh.execute(script)
        made = fresh.execute("SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY rowid")
        return _Newest(";\n".join(str(sql) for (sql,) in made), _columns(fresh))


def _columns(connection: apsw.Connection) -> dict[str, list[str]]:
    rows = connection.execute(
        "SELECT s.name, c.name FROM sqlite_schema s JOIN pragma_table_info(s.name) c "
        "WHERE s.type = 'table' ORDER BY s.name, c.cid"
    )
    columns: dict[str, list[str]] = {}
    for table, column in rows:
        columns.setdefault(str(table), []).append(str(column))
    return columns


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


def is_damage(error: BaseException) -> bool:
    """Whether an error of SQLite or of decoding shows that the content of the file is damaged.

    SQLite asks for as much memory as a row's length says, up to the size of the file. Where that fails
    although any row of ours would fit into memory, the length is damaged.
    """
    if isinstance(error, apsw.NoMemError):
        return _has_row_memory()
    return isinstance(error, DAMAGE)


def _has_row_memory() -> bool:
    try:
        bytearray(ROW_MEMORY_BYTES)
    except MemoryError:
        return False
    return True


@contextlib.contextmanager
def store_errors() -> Iterator[None]:
    """SQLite's errors as DamagedFileError or DiskError."""
    try:
        yield
    except apsw.BusyError as error:
        raise LockedFileError(f"{type(error).__name__}: {error}") from error
    except (*DAMAGE, *DISK) as error:
        text = f"{type(error).__name__}: {error}"
        raise (DamagedFileError if is_damage(error) else DiskError)(text) from error
