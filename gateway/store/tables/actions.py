"""The table `act`: people's actions at traps, kept for ever.

Owns its statements. Must not decide whether an action is allowed.
"""

from collections.abc import Callable, Iterable
from typing import Any

import apsw
from msgspec import Struct

from gateway.domain.effort import LAST, Mark
from gateway.domain.epoch import ms
from gateway.domain.model import ActionKind, TrapAction
from gateway.domain.traps.corrections import counting
from gateway.store.rows import to_act, to_json

CHANGES = "counts AND deed <> 'visited'"  # actions that decide the trap's state


CHAIN = """
    WITH RECURSIVE
        up (id, replaces) AS (
            SELECT id, replaces FROM act WHERE id = ?
            UNION SELECT a.id, a.replaces FROM up JOIN act a ON a.id = up.replaces),
        chain (id) AS (
            SELECT id FROM up UNION SELECT a.id FROM chain JOIN act a ON a.replaces = chain.id)
    SELECT no, body, counts FROM act WHERE id IN (SELECT id FROM chain) ORDER BY no"""


class DueAction(Struct, frozen=True):
    """An action to be sent elsewhere. `counts`: it was neither corrected nor taken back."""

    no: int
    act: TrapAction
    counts: bool


class ActionTable:
    """Statements on actions, inside a transaction of the writer."""

    def __init__(self, connection: apsw.Connection) -> None:
        self._execute = connection.execute

    def add(self, act: TrapAction) -> None:
        """Insert an action; one whose id is stored already changes nothing.

        Marks which actions of its chain count now (`corrections`), and notes which photos it names.
        """
        self._execute(
            "INSERT OR IGNORE INTO act (id, device, at_ms, deed, by, body, replaces) "
            "VALUES (?, ?, ?, ?, ?, ?, ?)",
            (act.id, act.device, ms(act.at), act.deed.value, act.by, to_json(act), act.replaces),
        )
        if act.replaces:
            chain = self.chain(act.id)
            counts = {one.id for one in counting(chain)}
            for one in chain:
                self._execute("UPDATE act SET counts = ? WHERE id = ?", (one.id in counts, one.id))
        for photo in act.photos:
            row = (photo, act.id, act.device)
            self._execute("INSERT OR IGNORE INTO photo_act VALUES (?, ?, ?)", row)

    def find(self, act_id: str) -> TrapAction | None:
        """One action, or None."""
        row = self._execute("SELECT body FROM act WHERE id = ?", (act_id,)).fetchone()
        return to_act(row[0]) if row else None

    def chain(self, act_id: str) -> list[TrapAction]:
        """An action with all that it corrects and all that corrects it, in the order of recording."""
        return [to_act(body) for _, body, _ in self._execute(CHAIN, (act_id,))]

    def counts(self, act_id: str) -> bool:
        """Whether an action was neither corrected nor taken back."""
        sql = "SELECT counts FROM act WHERE id = ?"
        return any(counts for (counts,) in self._execute(sql, (act_id,)))

    def newest(
        self, device: str, before_ms: int, without: str | None = None
    ) -> tuple[int, ActionKind] | None:
        """(ms, kind) of the newest action before a time that changed the trap, or None.

        `without`: the id of an action that is left out.
        """
        row = self._execute(
            f"SELECT at_ms, deed FROM act WHERE device = ? AND at_ms < ? AND {CHANGES} "
            "AND id IS NOT ? ORDER BY at_ms DESC, no DESC LIMIT 1",
            (device, before_ms, without),
        ).fetchone()
        return (row[0], ActionKind(row[1])) if row else None

    def following(
        self, device: str, after_ms: int, without: str | None = None
    ) -> TrapAction | None:
        """The first action after a time that changed the trap, or None."""
        row = self._execute(
            f"SELECT body FROM act WHERE device = ? AND at_ms > ? AND {CHANGES} "
            "AND id IS NOT ? ORDER BY at_ms, no LIMIT 1",
            (device, after_ms, without),
        ).fetchone()
        return to_act(row[0]) if row else None

    def present(self, device: str) -> tuple[TrapAction | None, int]:
        """The newest action that changed the trap, and when somebody was there last (ms, 0: never)."""
        row = self._execute(
            f"SELECT body FROM act WHERE device = ? AND {CHANGES} ORDER BY at_ms DESC, no DESC LIMIT 1",
            (device,),
        ).fetchone()
        [(visited_ms,)] = self._execute(
            "SELECT coalesce(max(at_ms), 0) FROM act WHERE device = ? AND counts", (device,)
        )
        return to_act(row[0]) if row else None, int(visited_ms)

    def marks(self, device: str, since_ms: int) -> list[tuple[str, Mark]]:
        """(action id, mark) of people's actions at a trap from `since_ms` on, in order."""
        rows = self._execute(
            f"SELECT id, at_ms, no, deed FROM act WHERE device = ? AND at_ms >= ? AND {CHANGES} "
            "ORDER BY at_ms, no",
            (device, since_ms),
        )
        return [(id_, Mark(at_ms, LAST, no, ActionKind(deed))) for id_, at_ms, no, deed in rows]

    def newest_of(self, device: str, limit: int = 20) -> list[TrapAction]:
        """The newest actions at a trap by the time of recording, the last recorded first."""
        rows = self._execute(
            "SELECT body FROM act WHERE device = ? ORDER BY no DESC LIMIT ?", (device, limit)
        )
        return [to_act(body) for (body,) in rows]


def with_chains(
    execute: Callable[..., Any], rows: Iterable[tuple[int, bytes, int]]
) -> list[DueAction]:
    """Actions of rows (no, body, counts), in order; before a correction, once more what it corrects."""
    found = {no: DueAction(no, to_act(body), bool(counts)) for no, body, counts in rows}
    for one in [one for one in found.values() if one.act.replaces]:
        for no, body, counts in execute(CHAIN, (one.act.id,)).fetchall():
            if no < one.no:
                found[no] = DueAction(no, to_act(body), bool(counts))
    return [found[no] for no in sorted(found)]
