"""Gives an older database the page size of today: each commit writes whole pages, so small ones wear less.

Owns when that is done: at a start of the gateway, once, for a file small enough for some seconds, with room
for a copy, and while nobody else reads. Must not fail a start: a file that cannot be changed stays as it is.
SQLite does it in one transaction (VACUUM): a kill or a power cut leaves the old file or the new one.
"""

import contextlib
import logging
import shutil
import time
from pathlib import Path

import apsw

from gateway.store.connection import PAGE_BYTES
from gateway.store.setting_keys import SettingKey

log = logging.getLogger(__name__)
MAX_BYTES = 100_000_000  # of a longer file a board would have to write for minutes
FREE_TIMES = 3  # the file's size: for the copy, the journal, and something left
LONGEST_S = 20.0  # for copying the rows; writing them back takes up to four times as long
PROGRESS_STEPS = 20_000  # steps of SQLite between two looks at the time


def renew(path: Path) -> bool:
    """Change the page size of the file at `path` if that is due and possible now; True: changed."""
    try:
        if not path.exists() or not _has_room(path):
            return False
        with contextlib.closing(
            apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READWRITE)
        ) as connection:
            return _is_due(connection) and _renewed(connection, path)
    except (apsw.Error, OSError) as error:
        log.info("%s keeps its page size: %s", path, error)
        return False


def _has_room(path: Path) -> bool:
    size = path.stat().st_size
    return 0 < size <= MAX_BYTES and shutil.disk_usage(path.parent).free >= FREE_TIMES * size


def _is_due(connection: apsw.Connection) -> bool:
    """Whether the pages have another size, and the change was not tried before."""
    if connection.pragma("page_size") == PAGE_BYTES or not connection.pragma("user_version"):
        return False
    tried = connection.execute(
        "SELECT value FROM setting WHERE key = ?", (SettingKey.PAGE_SIZE_TRIED,)
    ).fetchone()
    return tried != (str(PAGE_BYTES),)


def _renewed(connection: apsw.Connection, path: Path) -> bool:
    """Nobody is waited for: with a reader beside us SQLite refuses to leave the -wal.

    That it is tried is noted first, so that no start after a kill or an error takes that long again.
    """
    before = connection.pragma("page_size")
    connection.pragma("journal_mode", "DELETE")
    connection.execute(
        "INSERT OR REPLACE INTO setting VALUES (?, ?)",
        (SettingKey.PAGE_SIZE_TRIED, str(PAGE_BYTES)),
    )
    connection.pragma("page_size", PAGE_BYTES)
    end_s = time.monotonic() + LONGEST_S
    connection.set_progress_handler(lambda: time.monotonic() > end_s, PROGRESS_STEPS)
    connection.execute("VACUUM")
    connection.set_progress_handler(None)
    connection.pragma("journal_mode", "WAL")
    log.info("%s: pages of %d bytes became pages of %d", path, before, PAGE_BYTES)
    return True
