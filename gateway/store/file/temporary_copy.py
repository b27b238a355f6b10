"""A copy of the database that nobody else sees, as SQLite's own temporary file.

Owns making it, through SQLite only. It is gone when it is closed; must not be used to keep anything.
"""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import apsw

from gateway.store.connection import open_reader

PAGES_A_STEP = 1_000


@contextlib.contextmanager
def temporary_copy(path: Path) -> Iterator[apsw.Connection]:
    """The present content of a database, for reading and writing."""
    with (
        contextlib.closing(open_reader(path)) as source,
        contextlib.closing(apsw.Connection("")) as copy,
    ):
        with copy.backup("main", source, "main") as backup:
            while not backup.done:
                backup.step(PAGES_A_STEP)
        yield copy
