"""The data before, during and after the trial of a new version.

Owns the copy that is made before, and the return to it with the messages that came since. The program may be
cut off at any step: each function may be called again and goes on. Must not decide whether a version is good
(`gateway.upgrade`). The gateway is stopped, except where said. A return needs next to no free disk: files
are renamed.
"""

import contextlib
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import apsw
from msgspec import Struct

from gateway.atomic_file import sync
from gateway.store.connection import BUSY_MS, StoreError, open_reader, transaction
from gateway.store.file.gateway_lock import GatewayLock
from gateway.store.followers.region import RegionTable
from gateway.store.recovery import backup, exchange
from gateway.store.setting_keys import SettingKey
from gateway.store.tables.backlog import BacklogTable
from gateway.store.trial import table

A_ROW = 500  # messages in one row of the backlog


class ReturnReport(Struct, frozen=True):
    """What a return did."""

    messages: int = 0  # that came during the trial and wait in the backlog now
    aside: str = ""  # the folder with the database of the trial; "": the data had not changed
    fault: str = ""  # why some messages of the trial could not be read


def copy_path(database: Path) -> Path:
    """Where the copy lies that is made before an upgrade: beside the database, on the same disk."""
    return database.resolve().with_name("before-upgrade.db")


def save(database: Path) -> None:
    """Copy the database before a trial, and check the copy. Raises StoreError."""
    database = database.resolve()
    with GatewayLock(database).held():
        if exchange.is_interrupted(database):
            raise StoreError(f"{database}: start the gateway once; it has a repair to finish")
        backup.save(database, copy_path(database), force=True)


def mark(database: Path, upgrade: str) -> None:
    """From now on each message is also kept as it came. Raises StoreError."""
    with _connection(database) as connection, transaction(connection):
        table.mark(connection.execute, upgrade)


def accept(database: Path) -> None:
    """The trial is over, the version good. Beside the running gateway. Raises StoreError."""
    with _connection(database) as connection:
        if table.under_trial(connection.execute):
            with transaction(connection):
                table.unmark(connection.execute)


def put_back(database: Path, upgrade: str, now: datetime, *, is_marked: bool) -> ReturnReport:
    """Return to the copy, with what came since in its backlog. Raises StoreError.

    `is_marked`: the trial had begun; otherwise only a database that carries this trial's mark is replaced.
    """
    database = database.resolve()
    copy = copy_path(database)
    with GatewayLock(database).held():
        if exchange.is_interrupted(database):
            exchange.finish(database, now)  # a cut came after the copy was complete
        if not copy.exists() or not (is_marked or carries_mark(database, upgrade)):
            return ReturnReport()
        messages, fault = _fill(copy, database, upgrade)
        folder = exchange.free_folder(database, now)
        sync(copy)
        copy.replace(exchange.beside(database, exchange.RESCUED))
        sync(database.parent)  # from now on any start finishes this
        exchange.finish(database, now)
    return ReturnReport(messages, str(folder) if folder.exists() else "", fault)


def carries_mark(database: Path, upgrade: str) -> bool:
    """Whether a database is in the trial of this upgrade."""
    try:
        with _connection(database) as connection:
            return table.under_trial(connection.execute) == upgrade
    except StoreError:
        return False


def _fill(copy: Path, database: Path, upgrade: str) -> tuple[int, str]:
    """Append to the copy's backlog what came during the trial: (messages, why some are missing)."""
    with _connection(copy) as connection, transaction(connection):
        done = _filled(connection, upgrade)
        count, last, fault = 0, done, ""
        backlog = BacklogTable(connection)
        RegionTable(connection).renew_journal()  # events get numbers again
        try:
            with _reading(database) as source:
                for part in table.kept(source, after=done, most=A_ROW):
                    backlog.put(part.messages, part.clock)
                    count, last = count + len(part.messages), part.last
        except (StoreError, apsw.Error) as error:
            fault = str(error)
        connection.execute(
            "INSERT OR REPLACE INTO setting VALUES (?, ?)",
            (SettingKey.RETURNED, f"{upgrade} {last}"),
        )
    return count, fault


def _filled(connection: apsw.Connection, upgrade: str) -> int:
    """The number of the last message that an interrupted return has appended already."""
    row = connection.execute(
        "SELECT value FROM setting WHERE key = ?", (SettingKey.RETURNED,)
    ).fetchone()
    of, _, last = str(row[0]).partition(" ") if row else ("", "", "")
    return int(last) if of == upgrade and last.isdigit() else 0


@contextlib.contextmanager
def _reading(database: Path) -> Iterator[apsw.Connection]:
    source = open_reader(database)
    try:
        yield source
    finally:
        source.close()


@contextlib.contextmanager
def _connection(path: Path) -> Iterator[apsw.Connection]:
    """A writing connection that migrates nothing. SQLite's errors become StoreError."""
    try:
        connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READWRITE)
    except apsw.Error as error:
        raise StoreError(f"{path}: {error}") from None
    try:
        connection.set_busy_timeout(BUSY_MS)
        connection.pragma("synchronous", "FULL")
        yield connection
    except apsw.Error as error:
        raise StoreError(f"{path}: {error}") from None
    finally:
        connection.close(True)
