"""Restores a copy: afterwards the database holds the data of the copy and nothing else.

Owns what happens to existing files: all are moved aside together, never deleted, because SQLite would replay
a -wal or -journal that was left into the copy. Two things differ from the copy: the journal's name, where it
has one, for a region must not take what follows for what it knows; and no trial of a version goes on.
Must not run beside a gateway.
"""

import contextlib
import os
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path

import apsw

from gateway.atomic_file import sync
from gateway.store.connection import StoreError, open_reader, transaction
from gateway.store.file.gateway_lock import GatewayLock
from gateway.store.followers.region import RegionTable
from gateway.store.recovery.backup import check, differ
from gateway.store.recovery.backup import copy as make
from gateway.store.recovery.exchange import RESCUED, SALVAGED, SIDES, beside
from gateway.store.trial import table as trial

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
    with exclusive(database):
        return put_back_held(copy, database, now, force=force)


@contextlib.contextmanager
def exclusive(database: Path) -> Iterator[None]:
    """Nobody else uses the database, and no gateway begins to. Raises StoreError when somebody does."""
    database = database.resolve()  # its side files lie beside the real file
    with GatewayLock(database).held(), _unused(database):
        yield


def put_back_held(copy: Path, database: Path, now: datetime, *, force: bool) -> Path | None:
    """As `put_back`, within `exclusive`."""
    differ(copy, database)
    database = database.resolve()
    source = open_reader(copy)
    try:
        check(source, copy)
        if database.exists() and not force:
            raise StoreError(f"{database}: exists; --force replaces it and keeps it beside")
        aside = _free_name(database, now)
        moved = [*_move(database, aside, LEFTOVERS), *_exchange(source, copy, database, aside)]
    finally:
        source.close()
    return aside if moved else None


def check_copy(copy: Path) -> None:
    """Raises StoreError when the copy is not sound or too new."""
    source = open_reader(copy)
    try:
        check(source, copy)
    finally:
        source.close()


def _exchange(source: apsw.Connection, copy: Path, database: Path, aside: Path) -> list[str]:
    """Replace the files by the copy. After a crash the next start finds one or the other, complete."""
    fresh = beside(database, ".restoring")
    differ(copy, fresh)
    make(source, copy, fresh)
    counts = _counts(source)
    with contextlib.closing(apsw.Connection(str(fresh))) as restored:
        RegionTable(restored).renew_journal()
        if _ended_trial(restored):
            counts = _counts(restored)
    ready = fresh.replace(beside(database, RESCUED))  # from now on the next start finishes this
    try:
        moved = _move(database, aside, ENDS)
        ready.replace(database)
        sync(database.parent)
        _compare(counts, database)
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


def _ended_trial(restored: apsw.Connection) -> bool:
    """A copy that was made in the trial of a version is in none afterwards. Whether it was."""
    if not trial.under_trial(restored.execute):
        return False
    with transaction(restored):
        trial.unmark(restored.execute)
    return True


def _compare(counts: dict[str, int], database: Path) -> None:
    """Raises StoreError unless the database, opened in its place, is sound and has so many rows."""
    result = open_reader(database)
    try:
        check(result, database)
        if counts != _counts(result):
            raise StoreError(f"{database}: not the rows of the copy; nothing was restored")
    finally:
        result.close()


def _counts(connection: apsw.Connection) -> dict[str, int]:
    counts = {}
    for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'"):
        [(rows,)] = connection.execute(f'SELECT count(*) FROM "{name}"')
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
