"""The tables of a store as they are, for tests.

Owns the reaches into private connections: the program has no public way to read whole tables or to change
pragmas, and must not get one for tests.
"""

from typing import Any

import apsw

from gateway.store import Reader, Store


def stored_rows(reader: Reader, sql: str) -> list[tuple[Any, ...]]:
    """The rows of a statement."""
    return list(reader._execute(sql))


def writing_connection(store: Store) -> apsw.Connection:
    """The connection that the store writes with."""
    return store._file._writer.connection
