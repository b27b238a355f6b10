"""Writes a database again whose files were deleted or replaced while the program runs.

The open connection still reads all committed data, from files without a name. Owns the copy and the
replacement: files that stand under the database's names now are moved aside, never deleted. Must not decide
whether that is needed (`live_file`, `witness`).
"""

import contextlib
from datetime import datetime

import apsw

from gateway.atomic_file import sync
from gateway.store.file.live_file import LiveFile
from gateway.store.recovery.exchange import RESCUED, beside, free_folder, put_in_place, remove
from gateway.store.recovery.file_report import FileReport, remember
from gateway.store.recovery.salvage import OnSalvageStep

STEP_PAGES = 500


def rescue(
    connection: apsw.Connection, live: LiveFile, fault: str, now: datetime, progress: OnSalvageStep
) -> FileReport:
    """Write a copy of what `connection` reads under the database's name.

    The caller then opens a new connection and closes this one.
    """
    path = live.path
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh, folder = beside(path, ".rescuing"), free_folder(path, now)
    remove(fresh)
    report = FileReport(now, fault, str(folder), {}, 0)
    target = apsw.Connection(str(fresh))
    try:
        with contextlib.closing(target.backup("main", connection, "main")) as backup:
            while not backup.done:
                backup.step(STEP_PAGES)
                progress()
        target.pragma("journal_mode", "DELETE")  # one file to move
        remember(target, report)
    finally:
        target.close(True)
    sync(fresh)
    whole = fresh.replace(beside(path, RESCUED))
    put_in_place(path, whole, folder, live.ours())
    return report
