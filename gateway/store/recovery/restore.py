"""Restores a copy: afterwards the database holds the data of the copy and nothing else.

Owns what happens to existing files: all are moved aside together, never deleted, because SQLite would replay
a -wal or -journal that was left into the copy. Must not run beside a gateway.
"""

import contextlib
import os
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path

import apsw

from gateway.store.connection import StoreError, open_reader
from gateway.store.file.gateway_lock import GatewayLock
from gateway.store.recovery.backup import check, differ
from gateway.store.recovery.backup import copy as make
from gateway.store.recovery.exchange import RESCUED, SALVAGED, SIDES, beside, sync

ENDS = ("", *SIDES)  # suffixes of a database's files
LEFTOVERS = (
    RESCUED,
    SALVAGED,
)  # suffixes of files that the next start would rename to the database


def put_back(copy: Path, database: Path, now: datetime, *, force: bool = False) -> Path | None:
    """Make `database` what `copy` holds and nothing else; returns the name of the former files, or None.

    Raises StoreError when the copy is not sound or too new, when a database exists and not `force`,
    or when somebody is using it. Then nothing has changed.
    """
    differ(copy, database)
    database = database.resolve()  # its side files lie beside the real file
    source = open_reader(copy)
    try:
        check(source, copy)
        if database.exists() and not force:
            raise StoreError(f"{database}: exists; --force replaces it and keeps it beside")
        with GatewayLock(database).held(), _unused(database):
            aside = _free_name(database, now)
            moved = [*_move(database, aside, LEFTOVERS), *_exchange(source, copy, database, aside)]
    finally:
        source.close()
    return aside if moved else None


def _exchange(source: apsw.Connection, copy: Path, database: Path, aside: Path) -> list[str]:
    """Replace the files by the copy. After a crash the next start finds one or the other, complete."""
    fresh = beside(database, ".restoring")
    differ(copy, fresh)
    make(source, copy, fresh)
    ready = fresh.replace(beside(database, RESCUED))  # from now on the next start finishes this
    try:
        moved = _move(database, aside, ENDS)
        ready.replace(database)
        sync(database.parent)
        _compare(source, database)
    except BaseException:
        ready.unlink(missing_ok=True)
        if _present(aside, ENDS):
            _remove(database)
            _move(aside, database, ENDS)
        raise
    return moved


def _free_name(database: Path, now: datetime) -> Path:
    """An unused name for the former files."""
    name = f"{database.name}.before-{now:%Y%m%dT%H%M%SZ}"
    names = (name, *(f"{name}-{number}" for number in range(2, 1_000)))
    return next(
        path
        for name in names
        if not _present(path := database.with_name(name), (*ENDS, *LEFTOVERS))
    )


def _compare(source: apsw.Connection, database: Path) -> None:
    """Raises StoreError unless the database, opened in its place, is sound and has the copy's rows."""
    result = open_reader(database)
    try:
        check(result, database)
        if _counts(source) != _counts(result):
            raise StoreError(f"{database}: not the rows of the copy; nothing was restored")
    finally:
        result.close()


def _counts(connection: apsw.Connection) -> dict[str, int]:
    counts = {}
    for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'"):
        [(rows,)] = connection.execute(f'SELECT count(*) FROM "{name}"')  # noqa: S608 - a name of the schema
        counts[str(name)] = int(str(rows))
    return counts


@contextlib.contextmanager
def _unused(database: Path) -> Iterator[None]:
    """Hold the file while nobody else has it open. Raises StoreError when somebody has.

    Uses SQLite's lock without a connection, which would replay or delete the side files.
    """
    if not database.exists():
        yield
        return
    flags = [apsw.SQLITE_OPEN_MAIN_DB | apsw.SQLITE_OPEN_READWRITE, 0]
    file = apsw.VFSFile("", str(database), flags)
    try:
        for level in (
            apsw.SQLITE_LOCK_SHARED,
            apsw.SQLITE_LOCK_RESERVED,
            apsw.SQLITE_LOCK_EXCLUSIVE,
        ):
            file.xLock(level)
        yield
    except apsw.BusyError:
        raise StoreError(
            f"{database}: in use; stop the gateway first: sudo systemctl stop shishigaki"
        ) from None
    finally:
        file.xUnlock(apsw.SQLITE_LOCK_NONE)
        file.xClose()


def _present(database: Path, ends: Sequence[str]) -> list[str]:
    """The suffixes of those files of a database that exist."""
    return [end for end in ends if os.path.lexists(f"{database}{end}")]


def _move(database: Path, to: Path, ends: Sequence[str]) -> list[str]:
    present = _present(database, ends)
    for end in present:
        Path(f"{database}{end}").rename(f"{to}{end}")
    return present


def _remove(database: Path) -> None:
    """Only of files that we have made ourselves."""
    for end in _present(database, ENDS):
        Path(f"{database}{end}").unlink()
