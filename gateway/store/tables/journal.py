"""The journal: copies of one frame, events that a later message corrects, and the end of old ones.

Owns these statements. Must not decide which correction is right.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from itertools import chain, takewhile
from typing import TypeVar

import apsw
from msgspec import Struct

from gateway.domain.device_state import Order
from gateway.domain.epoch import DAY_MS, ms
from gateway.domain.identity import Identity, identity_of
from gateway.domain.model import Event, Kind
from gateway.store.rows import (
    EVENT_COLUMNS,
    EVENT_SELECT,
    IS_TRAP_REPORT,
    facts_column,
    readable,
    to_event,
)

ROWS_A_STEP = 64  # rows in one INSERT: the interpreter lock is released once a step
COPY_MS = DAY_MS  # the same key later than this is another frame: counters begin again
STEP = 256  # values in one statement
T = TypeVar("T")


class JournalEvent(Struct, frozen=True):
    """A stored event, and the id of its last correction (None: never corrected)."""

    event: Event
    refined_by: str | None


class JournalTable:
    """Statements inside a transaction of the writer. `numbers`: the devices' short numbers."""

    def __init__(self, connection: apsw.Connection, numbers: Mapping[str, int]) -> None:
        self._execute, self._numbers = connection.execute, numbers

    def insert(self, rows: Sequence[tuple[object, ...]]) -> None:
        """Insert rows of EVENT_COLUMNS; those whose device has the id already change nothing."""
        for start in range(0, len(rows), ROWS_A_STEP):
            step = rows[start : start + ROWS_A_STEP]
            self._execute(_insert_events(len(step)), tuple(chain.from_iterable(step)))

    def purge(self, before_ms: int, sent: int, limit: int) -> int:
        """Delete the oldest `limit` events with a number up to `sent` if received before; how many.

        Never the newest: SQLite would give its number to the next event, and followers would think that
        they have that one.
        """
        sql = (
            "SELECT no, received_ms FROM event WHERE no < (SELECT max(no) FROM event) "
            "ORDER BY no LIMIT ?"
        )
        rows = self._execute(sql, (limit,))
        old = list(takewhile(lambda row: row[1] < before_ms and row[0] <= sent, rows))
        if old:
            self._execute("DELETE FROM event WHERE no <= ?", (old[-1][0],))
        return len(old)

    def copies(self, events: Sequence[tuple[Event, str | None]]) -> set[Identity]:
        """Events whose device sent the same key within COPY_MS, in the journal or earlier in `events`."""
        keyed = [(event, key) for event, key in events if key is not None]
        heard = self._heard([key for _, key in keyed])
        found = set()
        for event, key in keyed:
            at_ms = ms(event.observed_at)
            times = heard.setdefault((self._numbers[event.device], key), {})
            if any(abs(at_ms - t) <= COPY_MS and id_ != event.id for id_, t in times.items()):
                found.add(identity_of(event))
            else:
                times[event.id] = at_ms
        return found

    def _heard(self, keys: Sequence[str]) -> dict[tuple[int, str], dict[str, int]]:
        """(Device number, key) -> id -> observed ms, for the journal's events of these keys."""
        heard: dict[tuple[int, str], dict[str, int]] = {}
        for step in _steps(keys):
            marks = ", ".join("?" * len(step))
            sql = f"SELECT device, key, id, observed_ms FROM event WHERE key IN ({marks})"
            for device, key, id_, at_ms in self._execute(sql, step):
                heard.setdefault((device, key), {})[id_] = at_ms
        return heard

    def told(self, events: Iterable[Identity]) -> dict[Identity, JournalEvent]:
        """The stored events among `events`."""
        found: dict[Identity, JournalEvent] = {}
        for step in _steps(list(events)):
            marks = ", ".join(["(?, ?)"] * len(step))
            bound = [value for device, id_ in step for value in (id_, self._numbers.get(device, 0))]
            sql = f"SELECT e.refined_by, {EVENT_SELECT} WHERE (e.id, e.device) IN (VALUES {marks})"
            rows = self._execute(sql, bound)
            for told in readable(lambda row: JournalEvent(to_event(row[1:]), row[0]), rows):
                found[identity_of(told.event)] = told
        return found

    def revise(self, event: Event, by: str | None) -> None:
        """Give a stored event what `event` says of species, count and facts, by the correction `by`."""
        self._execute(
            "UPDATE event SET species = ?, count = ?, facts = ?, refined_by = ? "
            "WHERE id = ? AND device = ?",
            (
                event.species,
                event.count,
                facts_column(event),
                by,
                event.id,
                self._numbers[event.device],
            ),
        )

    def newest_detection_ms(self, device: str, species: str) -> int | None:
        """When a device last detected a species, or None."""
        row = self._execute(
            "SELECT observed_ms FROM event WHERE device = (SELECT no FROM device WHERE id = ?) "
            "AND kind = ? AND coalesce(species, '') = ? AND count IS NOT 0 ORDER BY observed_ms DESC LIMIT 1",
            (device, Kind.DETECTION.value, species),
        ).fetchone()
        return int(row[0]) if row else None

    def set_after(self, device: str, after_ms: int) -> int | None:
        """When a trap's sensor first reported after a time that it is set, ms; None: it did not."""
        [(first_ms,)] = self._execute(
            "SELECT min(observed_ms) FROM event WHERE device = ? AND observed_ms > ? "
            "AND kind IN ('trap.sprung', 'trap.set') AND kind = 'trap.set'",
            (self._numbers[device], after_ms),
        )
        return None if first_ms is None else int(first_ms)

    def trap_reported(self, device: str, after_ms: int, before_ms: int) -> bool:
        """Whether a trap's sensor reported that it sprang or was set between two times."""
        row = self._execute(
            "SELECT 1 FROM event WHERE device = ? AND observed_ms > ? AND observed_ms < ? "
            f"AND {IS_TRAP_REPORT} LIMIT 1",
            (self._numbers[device], after_ms, before_ms),
        ).fetchone()
        return row is not None

    def trap_reports(self, device: str, before_ms: int) -> Iterator[tuple[Order, Kind]]:
        """The newest SPRUNG and SET of a trap's sensor before a time."""
        for kind in (Kind.SPRUNG, Kind.SET):
            row = self._execute(
                "SELECT observed_ms, boot, seq FROM event WHERE device = ? AND observed_ms < ? "
                f"AND {IS_TRAP_REPORT} AND kind = ? "
                "ORDER BY observed_ms DESC, boot DESC, seq DESC LIMIT 1",
                (self._numbers[device], before_ms, kind.value),
            ).fetchone()
            if row:
                yield (row[0], row[1] or 0, row[2] or 0), kind


def _steps(values: Sequence[T]) -> Iterable[Sequence[T]]:
    return (values[start : start + STEP] for start in range(0, len(values), STEP))


@cache
def _insert_events(rows: int) -> str:
    """The statement for so many rows (at most ROWS_A_STEP kinds)."""
    marks = f"({', '.join('?' * len(EVENT_COLUMNS.split(',')))})"
    return f"INSERT OR IGNORE INTO event ({EVENT_COLUMNS}) VALUES {', '.join([marks] * rows)}"
