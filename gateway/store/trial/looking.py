"""Reads a database in a trial: what has come, and whether what was there before still is.

Owns these readings. They use only what the database of every version has. Must not migrate anything.
"""

from contextlib import closing
from pathlib import Path

import apsw

from gateway.store.connection import StoreError, open_reader
from gateway.store.trial.data import copy_path

NEWEST = 100  # events of before that must still be there
Arrived = tuple[str, bytes]  # topic, payload


def look(database: Path, after: int) -> tuple[list[Arrived], int]:
    """(messages kept after number `after`, number of the last). Raises StoreError when events are missing."""
    try:
        with closing(open_reader(database)) as reader:
            rows: list[tuple[int, str, bytes]] = reader.execute(
                "SELECT no, topic, payload FROM trial_message WHERE no > ? ORDER BY no", (after,)
            ).fetchall()  # type: ignore[assignment]
            missing = _missing(reader, copy_path(database))
    except apsw.Error as error:
        raise StoreError(f"{database}: {error}") from None
    if missing:
        raise StoreError(f"{database}: {missing} of the newest events of before are missing")
    return [(topic, payload) for _, topic, payload in rows], rows[-1][0] if rows else after


def _missing(reader: apsw.Connection, copy: Path) -> int:
    with closing(open_reader(copy)) as before:
        newest = {
            no
            for (no,) in before.execute("SELECT no FROM event ORDER BY no DESC LIMIT ?", (NEWEST,))
        }
    first = min(newest, default=0)
    found = {no for (no,) in reader.execute("SELECT no FROM event WHERE no >= ?", (first,))}
    return len(newest - found)
