"""The tables person and person_change: every change of a person leaves a row in the audit.

Owns their statements that write, and a cache of people that is right after every commit. Must not decide
who may change whom.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

import apsw

from gateway.domain.epoch import ms
from gateway.domain.people.changes import FieldChange, differences
from gateway.domain.people.person import Person
from gateway.domain.people.rules import cleaned
from gateway.store.people.reads import PeopleReads, find, known, since
from gateway.store.rows import encode, to_json
from gateway.store.setting_keys import SettingKey


class PeopleCache:
    """People as the last commit left them; None: they are still kept in the configuration file."""

    def __init__(self) -> None:
        self.people: Mapping[str, Person] | None = None

    def read(self, connection: apsw.Connection) -> None:
        """Read them again."""
        kept = since(connection) is not None
        self.people = {one.name: one for one in known(connection)} if kept else None


class PeopleTable:
    """Verbs on people, inside a transaction of the writer."""

    def __init__(self, connection: apsw.Connection, cache: PeopleCache) -> None:
        self._connection, self._cache = connection, cache
        self._execute = connection.execute

    @property
    def known(self) -> Mapping[str, Person] | None:
        """Everybody by name; None: people are still kept in the configuration file."""
        return self._cache.people

    def all(self) -> list[Person]:
        """Everybody, by name, wherever people are kept."""
        return known(self._connection)

    def find(self, name: str) -> Person | None:
        """One person, or None."""
        return find(self._connection, name)

    def put(self, person: Person, by: str, now: datetime) -> bool:
        """Add or change somebody; False: nothing is different, and the audit gets no row."""
        person = cleaned(person)
        before = self.find(person.name)
        if before == person:
            return False
        self._execute(
            "INSERT INTO person (name, body) VALUES (?, ?) "
            "ON CONFLICT DO UPDATE SET body = excluded.body",
            (person.name, to_json(person)),
        )
        if before and before.role is not person.role:  # a link was given for the role before
            self._execute(
                "DELETE FROM sign_in_link WHERE person = ? AND used_ms IS NULL", (person.name,)
            )
        self._note(before, person, by, now, "changed" if before else "added")
        return True

    def bring_in(self, person: Person, digest: str, now: datetime) -> None:
        """Take somebody over from the configuration file."""
        person = cleaned(person)
        before = self.find(person.name)
        self._execute(
            "INSERT OR REPLACE INTO person VALUES (?, ?, ?)",
            (person.name, digest, to_json(person)),
        )
        self._note(before, person, "config", now, "imported")

    def remove(self, name: str, by: str, now: datetime) -> bool:
        """Take somebody out; False if there is nobody. Pages do not become open again by it."""
        before = self.find(name)
        if before is None:
            return False
        self._execute("DELETE FROM person WHERE name = ?", (name,))
        if before.password_hash:
            self._execute(
                "INSERT OR REPLACE INTO setting VALUES (?, 'yes')", (SettingKey.ACCOUNTS_EXISTED,)
            )
        self._note(before, None, by, now, "removed")
        return True

    def keep_here(self, now: datetime) -> None:
        """From now on people are those of the database."""
        self._execute(
            "INSERT OR IGNORE INTO setting VALUES (?, ?)",
            (SettingKey.PEOPLE_SINCE, now.isoformat()),
        )
        self._cache.read(self._connection)

    def note(self, what: str, fields: Sequence[FieldChange], by: str, now: datetime) -> None:
        """A row of the audit about something else than a person: secrets, tokens of programs."""
        self._audit(what, "", encode(tuple(fields)), by, now)

    def version(self, name: str) -> int:
        """Grows with each change of a person; 0: there was none."""
        return PeopleReads(self._connection).version(name)

    def _note(
        self, before: Person | None, after: Person | None, by: str, now: datetime, what: str
    ) -> None:
        person = after or before
        fields = encode(differences(before, after))
        self._audit(what, person.name if person else "", fields, by, now)
        self._cache.read(self._connection)

    def _audit(self, what: str, person: str, fields: bytes, by: str, now: datetime) -> None:
        self._execute(
            "INSERT INTO person_change (at_ms, by, person, what, body) VALUES (?, ?, ?, ?, ?)",
            (ms(now), by, person, what, fields),
        )
