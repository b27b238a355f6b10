"""The table capture_check: what the office found about captures.

Owns its statements. Must not decide whether a check is allowed, nor delete one.
"""

from collections.abc import Iterable
from typing import Any

import msgspec

from gateway.domain.traps.capture_check import CaptureCheck
from gateway.store.connection import DamagedFileError
from gateway.store.rows import readable, to_json

_decode = msgspec.json.Decoder(CaptureCheck).decode


class CaptureCheckReads:
    """Reading verbs of one connection."""

    def __init__(self, connection: Any) -> None:
        self._execute = connection.execute

    def newest(self, captures: Iterable[str]) -> dict[str, CaptureCheck]:
        """The check that counts, by the id of the capture; captures without one are left out."""
        rows = self._execute(
            "SELECT body FROM capture_check WHERE no IN (SELECT max(no) FROM capture_check "
            "WHERE capture IN (SELECT value FROM json_each(?)) GROUP BY capture)",
            (msgspec.json.encode(list(captures)).decode(),),
        )
        return {one.capture: one for one in readable(_check, rows)}

    def of(self, capture: str) -> list[CaptureCheck]:
        """All checks of a capture, in the order of recording."""
        rows = self._execute(
            "SELECT body FROM capture_check WHERE capture = ? ORDER BY no", (capture,)
        )
        return list(readable(_check, rows))


class CaptureCheckTable(CaptureCheckReads):
    """Verbs inside a transaction of the writer."""

    def add(self, check: CaptureCheck) -> None:
        """Keep a check; one whose id is stored already changes nothing."""
        self._execute(
            "INSERT OR IGNORE INTO capture_check (id, capture, body) VALUES (?, ?, ?)",
            (check.id, check.capture, to_json(check)),
        )


def _check(row: tuple[bytes]) -> CaptureCheck:
    try:
        return _decode(row[0])
    except (msgspec.MsgspecError, ValueError) as error:
        raise DamagedFileError(f"capture_check: {error}") from None
