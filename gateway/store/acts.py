"""The act table: what people did and found at traps, kept for ever.

Owns its statements. Must not decide whether an act is allowed.
"""

import apsw

from gateway.model import Act
from gateway.state import ms
from gateway.store.rows import to_act, to_json


class ActTable:
    """Verbs on acts, inside a transaction of the writer."""

    def __init__(self, connection: apsw.Connection) -> None:
        self._execute = connection.execute

    def add(self, act: Act) -> None:
        """Keep an act; a second one with the same id is none."""
        self._execute(
            "INSERT OR IGNORE INTO act (id, device, at_ms, deed, by, body) VALUES (?, ?, ?, ?, ?, ?)",
            (act.id, act.device, ms(act.at), act.deed.value, act.by, to_json(act)),
        )

    def find(self, act_id: str) -> Act | None:
        """One act, or None."""
        row = self._execute("SELECT body FROM act WHERE id = ?", (act_id,)).fetchone()
        return to_act(row[0]) if row else None
