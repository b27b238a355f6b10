"""What a transaction would give, without its effects: for while nothing can be committed.

Owns where it is tried: in the database, and in a copy while another program has the right to write.
"""

import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar
from zoneinfo import ZoneInfo

import apsw

from gateway.store.file.temporary_copy import temporary_copy
from gateway.store.file.wal import without_waiting
from gateway.store.writer import Transaction, Writer

T = TypeVar("T")


class _RehearsalOverError(Exception):
    """Rolls the transaction back."""


def rehearse(writer: Writer, path: Path, zone: ZoneInfo, act: Callable[[Transaction], T]) -> T:
    """The result of `act` in a transaction that is rolled back."""
    try:
        with without_waiting(writer.connection):
            return _rolled_back(writer, act)
    except apsw.BusyError:
        with temporary_copy(path) as copy:
            return _rolled_back(Writer(copy, zone), act)


def _rolled_back(writer: Writer, act: Callable[[Transaction], T]) -> T:
    results: list[T] = []
    with contextlib.suppress(_RehearsalOverError), writer.transaction() as tx:
        results.append(act(tx))
        raise _RehearsalOverError
    return results[0]
