"""The list of certificates beside the authority's key: what a database that is lost is told again.

Owns the file `enrolled.jsonl`: one line an event, appended and synced. Must not ask the database.
"""

import os
from datetime import datetime
from pathlib import Path

import msgspec
from msgspec import Struct

from gateway.region.hub.authority import AuthorityError

FILE = "enrolled.jsonl"


class EnrolledCertificate(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One certificate of a town, or its revocation (`revoked_at`)."""

    town: str
    serial: str
    expires_at: datetime
    title: str = ""
    revoked_at: datetime | None = None
    hub: bool = False  # one level down: it sends sums only


_read = msgspec.json.Decoder(EnrolledCertificate).decode
_write = msgspec.json.Encoder().encode


class EnrolledList:
    """The list in the authority's folder. Raises AuthorityError when it cannot be read or written."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / FILE

    def certificates(self) -> list[EnrolledCertificate]:
        """Each certificate once, with its revocation, in the order of issue."""
        try:
            lines = self._path.read_bytes().splitlines() if self._path.exists() else []
            rows = [_read(line) for line in lines if line]
        except (OSError, msgspec.MsgspecError) as error:
            raise AuthorityError(f"{self._path} cannot be read: {error}") from None
        return list({row.serial: row for row in rows}.values())

    def note(self, certificate: EnrolledCertificate) -> None:
        """Append one line and sync it."""
        try:
            file = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
            with os.fdopen(file, "ab") as stream:
                stream.write(_write(certificate) + b"\n")
                stream.flush()
                os.fsync(stream.fileno())
        except OSError as error:
            raise AuthorityError(f"{self._path} cannot be written: {error}") from None

    def revoke(self, town: str, serial: str, now: datetime) -> None:
        """Note that a town's certificates, or the one of `serial`, count no longer."""
        for row in self.certificates():
            if row.town == town and serial in ("", row.serial) and row.revoked_at is None:
                self.note(msgspec.structs.replace(row, revoked_at=now))
