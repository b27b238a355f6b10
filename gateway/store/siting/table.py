"""The table trap_plan: kept plans of trap sites.

Owns its statements. Must not compare a plan with captures.
"""

from typing import Any

import msgspec

from gateway.domain.epoch import ms
from gateway.domain.traps.trap_plan import TrapPlan
from gateway.store.connection import DamagedFileError
from gateway.store.rows import readable, to_json

MOST = 200  # listed
_decode = msgspec.json.Decoder(TrapPlan).decode


class TrapPlanReads:
    """Reading verbs of one connection."""

    def __init__(self, connection: Any) -> None:
        self._execute = connection.execute

    def find(self, id_: str) -> TrapPlan | None:
        """One plan, or None."""
        rows = self._execute("SELECT body FROM trap_plan WHERE id = ?", (id_,))
        return next(iter(readable(_plan, rows)), None)

    def newest(self) -> list[TrapPlan]:
        """The newest plans first."""
        rows = self._execute(
            "SELECT body FROM trap_plan ORDER BY made_ms DESC, id LIMIT ?", (MOST,)
        )
        return list(readable(_plan, rows))


class TrapPlanTable(TrapPlanReads):
    """Verbs inside a transaction of the writer."""

    def add(self, plan: TrapPlan) -> None:
        """Keep a plan; one that is kept already stays as it was."""
        self._execute(
            "INSERT OR IGNORE INTO trap_plan VALUES (?, ?, ?)",
            (plan.record.id, ms(plan.made_at), to_json(plan)),
        )


def _plan(row: tuple[bytes]) -> TrapPlan:
    try:
        return _decode(row[0])
    except (msgspec.MsgspecError, ValueError) as error:
        raise DamagedFileError(f"trap_plan: {error}") from None
