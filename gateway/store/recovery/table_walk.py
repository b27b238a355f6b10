"""Reads a damaged table: up to a damaged range, then backwards to it from its end, then onwards.

Owns the order of reading. Must not write, nor know what rows mean.
"""

from collections.abc import Iterator
from itertools import islice
from typing import Any

import apsw

from gateway.store.connection import DAMAGE, is_damage

STEP = 500  # rows handed over at once
FAR = 2**40  # no number is beyond

TableRow = tuple[Any, ...]


class TableWalk:
    """Every readable row of one table, at least once."""

    def __init__(self, source: apsw.Connection, table: str) -> None:
        self._execute = source.execute
        info = list(source.execute(f"PRAGMA table_info({table})"))
        if not info:
            raise apsw.CorruptError(f"{table}: not in the schema")
        self.columns: list[str] = [row[1] for row in info]
        self.holes = 0
        key = sorted((row[5], row[1], row[2]) for row in info if row[5])
        self._by = [name for _, name, _ in key] or ["rowid"]
        self._is_number = len(self._by) == 1 and (not key or key[0][2] == "INTEGER")
        self._select = f"SELECT {self._by[0]}, {', '.join(self.columns)} FROM {table}"
        self._broken = False
        self._at: Any = None  # the key last read

    def steps(self) -> Iterator[list[TableRow]]:
        """Rows in steps of at most STEP."""
        low = 0
        yield from self._read("")
        while self._broken:
            self.holes += 1
            fault = max(self._at, low) if isinstance(self._at, int) else low
            far = self._beyond(fault) if self._is_number else None
            if far is None:
                yield from self._read("", descending=True)
                return
            low = far + 1
            yield from self._read(f"{self._by[0]} BETWEEN {fault} AND {far}", descending=True)
            yield from self._read(f"{self._by[0]} > {far}")

    def _read(self, where: str, *, descending: bool = False) -> Iterator[list[TableRow]]:
        """Rows up to damage. Conditions on keys only after damage: a damaged key must not end the walk."""
        turn = " DESC" if descending else ""
        order = ", ".join(f"{column}{turn}" for column in self._by)
        condition = f" WHERE {where}" if where else ""
        self._at, self._broken = None, False
        rows = self._rows(f"{self._select}{condition} ORDER BY {order}")
        while step := list(islice(rows, STEP)):
            self._at = step[-1][0]
            yield [row[1:] for row in step]

    def _rows(self, sql: str) -> Iterator[TableRow]:
        try:
            yield from self._execute(sql)
        except (*DAMAGE, apsw.NoMemError) as error:
            if not is_damage(error):
                raise
            self._broken = True

    def _beyond(self, at: int) -> int | None:
        """A number after a damaged range, found by doubling the step; None when no row follows."""
        stride = 1
        while stride < FAR:
            probe = f"{self._select} WHERE {self._by[0]} > ? ORDER BY {self._by[0]} LIMIT 1"
            try:
                row = self._execute(probe, (at + stride,)).fetchone()
            except (*DAMAGE, apsw.NoMemError) as error:
                if not is_damage(error):
                    raise
                stride *= 2
                continue
            return at + stride if row else None
        return None
