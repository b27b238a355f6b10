"""What pages and commands read of people and of the audit.

Owns the statements that read them. A row that cannot be read hides nobody else.
"""

from datetime import datetime
from typing import Any

import msgspec

from gateway.domain.epoch import from_ms
from gateway.domain.people.changes import FieldChange, PersonChange
from gateway.domain.people.person import Person
from gateway.store.connection import DamagedFileError
from gateway.store.rows import readable, to_person
from gateway.store.setting_keys import SettingKey

_fields = msgspec.json.Decoder(tuple[FieldChange, ...]).decode


def find(connection: Any, name: str) -> Person | None:
    """One person, or None."""
    row = connection.execute("SELECT body FROM person WHERE name = ?", (name,)).fetchone()
    return to_person(row[0]) if row else None


def known(connection: Any) -> list[Person]:
    """Everybody, by name."""
    rows = connection.execute("SELECT body FROM person ORDER BY name")
    return list(readable(to_person, (body for (body,) in rows)))


def since(connection: Any) -> datetime | None:
    """Since when people are kept in the database; None: they are not."""
    sql = "SELECT value FROM setting WHERE key = ?"
    row = connection.execute(sql, (SettingKey.PEOPLE_SINCE,)).fetchone()
    return datetime.fromisoformat(row[0]) if row else None


class PeopleReads:
    """Reading verbs of one connection."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    def find(self, name: str) -> Person | None:
        """One person, or None."""
        return find(self._connection, name)

    def all(self) -> list[Person]:
        """Everybody, by name."""
        return known(self._connection)

    def logins(self) -> list[Person]:
        """Those who may log in by a password."""
        return [one for one in self.all() if one.password_hash]

    def had_logins(self) -> bool:
        """Whether somebody may log in, or ever could: removing the last one opens nothing again."""
        sql = "SELECT 1 FROM setting WHERE key = ?"
        had = self._connection.execute(sql, (SettingKey.ACCOUNTS_EXISTED,)).fetchone() is not None
        return had or bool(self.logins())

    def since(self) -> datetime | None:
        """Since when people are kept in the database; None: they are not."""
        return since(self._connection)

    def kept(self) -> dict[str, Person] | None:
        """Everybody by name; None: people are not kept in the database yet."""
        return {one.name: one for one in self.all()} if self.since() else None

    def digests(self) -> dict[str, str | None]:
        """Everybody by name, with the digest of the file's entry that was imported."""
        return dict(self._connection.execute("SELECT name, file_digest FROM person"))

    def removed(self) -> set[str]:
        """Names that were ever taken out."""
        sql = "SELECT DISTINCT person FROM person_change WHERE what = 'removed'"
        return {name for (name,) in self._connection.execute(sql)}

    def version(self, name: str) -> int:
        """Grows with each change of a person; 0: there was none."""
        sql = "SELECT coalesce(max(no), 0) FROM person_change WHERE person = ?"
        [(number,)] = self._connection.execute(sql, (name,))
        return int(number)

    def changes(self, limit: int = 100, person: str | None = None) -> list[PersonChange]:
        """The newest rows of the audit, newest first."""
        rows = self._connection.execute(
            "SELECT at_ms, by, person, what, body FROM person_change "
            "WHERE ?1 IS NULL OR person = ?1 ORDER BY no DESC LIMIT ?2",
            (person, limit),
        )
        return list(readable(_change, rows))


def _change(row: tuple[Any, ...]) -> PersonChange:
    at_ms, by, person, what, body = row
    try:
        return PersonChange(from_ms(at_ms), by, person, what, _fields(body))
    except (msgspec.MsgspecError, ValueError) as error:
        raise DamagedFileError(f"person_change: {error}") from None
