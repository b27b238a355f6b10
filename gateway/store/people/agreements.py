"""The table agreement: what this town gives to organisations of its region.

Owns its statements. Must not decide what may be agreed. Rows of ended agreements stay, as a record.
"""

from typing import Any

import msgspec

from gateway.domain.people.agreement import Agreement
from gateway.store.connection import DamagedFileError
from gateway.store.rows import readable, to_json

_decode = msgspec.json.Decoder(Agreement).decode


class AgreementReads:
    """Reading verbs of one connection."""

    def __init__(self, connection: Any) -> None:
        self._execute = connection.execute

    def find(self, id_: str) -> Agreement | None:
        """One agreement, or None."""
        rows = self._execute("SELECT body FROM agreement WHERE id = ?", (id_,))
        return next(iter(readable(_agreement, rows)), None)

    def all(self) -> list[Agreement]:
        """Every agreement ever made, the newest first. One that cannot be read gives nothing."""
        rows = self._execute("SELECT body FROM agreement")
        found = readable(_agreement, rows)
        return sorted(found, key=lambda one: (one.made_at, one.id), reverse=True)


class AgreementTable(AgreementReads):
    """Verbs on agreements, inside a transaction of the writer."""

    def put(self, one: Agreement) -> None:
        """Keep a new agreement, or the same one revoked."""
        self._execute(
            "INSERT INTO agreement VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET "
            "version = excluded.version, body = excluded.body WHERE excluded.version > version",
            (one.id, one.version, to_json(one)),
        )


def _agreement(row: tuple[bytes]) -> Agreement:
    try:
        return _decode(row[0])
    except (msgspec.MsgspecError, ValueError) as error:
        raise DamagedFileError(f"agreement: {error}") from None
