"""The table `act`: people's actions at traps, kept for ever.

Owns its statements. Must not decide whether an action is allowed.
"""

import apsw

from gateway.domain.effort import LAST, Mark
from gateway.domain.epoch import ms
from gateway.domain.model import ActionKind, TrapAction
from gateway.store.rows import to_act, to_json


class ActionTable:
    """Statements on actions, inside a transaction of the writer."""

    def __init__(self, connection: apsw.Connection) -> None:
        self._execute = connection.execute

    def add(self, act: TrapAction) -> None:
        """Insert an action; one whose id is stored already changes nothing."""
        self._execute(
            "INSERT OR IGNORE INTO act (id, device, at_ms, deed, by, body) VALUES (?, ?, ?, ?, ?, ?)",
            (act.id, act.device, ms(act.at), act.deed.value, act.by, to_json(act)),
        )

    def find(self, act_id: str) -> TrapAction | None:
        """One action, or None."""
        row = self._execute("SELECT body FROM act WHERE id = ?", (act_id,)).fetchone()
        return to_act(row[0]) if row else None

    def newest(self, device: str, before_ms: int) -> tuple[int, ActionKind] | None:
        """(ms, kind) of the newest action before a time that changed the trap, or None."""
        row = self._execute(
            "SELECT at_ms, deed FROM act WHERE device = ? AND at_ms < ? AND deed <> 'visited' "
            "ORDER BY at_ms DESC, no DESC LIMIT 1",
            (device, before_ms),
        ).fetchone()
        return (row[0], ActionKind(row[1])) if row else None

    def marks(self, device: str, since_ms: int) -> list[tuple[str, Mark]]:
        """(action id, mark) of people's actions at a trap from `since_ms` on, in order."""
        rows = self._execute(
            "SELECT id, at_ms, no, deed FROM act WHERE device = ? AND at_ms >= ? "
            "AND deed <> 'visited' ORDER BY at_ms, no",
            (device, since_ms),
        )
        return [(id_, Mark(at_ms, LAST, no, ActionKind(deed))) for id_, at_ms, no, deed in rows]

    def newest_of(self, device: str, limit: int = 20) -> list[TrapAction]:
        """The newest actions at a trap by the time of recording, the last recorded first."""
        rows = self._execute(
            "SELECT body FROM act WHERE device = ? ORDER BY no DESC LIMIT ?", (device, limit)
        )
        return [to_act(body) for (body,) in rows]
