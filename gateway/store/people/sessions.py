"""The tables session and sign_in_link: their statements.

Must not decide who may log in. Removing a person deletes both by a trigger.
"""

import secrets
from datetime import datetime, timedelta
from typing import Any

from gateway.domain.epoch import from_ms, ms
from gateway.domain.people.session import IDLE, LONGEST, MOST_EACH, Session, SignInLink, token_id
from gateway.store.people.reads import known
from gateway.store.setting_keys import SettingKey

_SELECT = "SELECT id, person, created_ms, seen_ms, browser, mark FROM session"
_LINK = "SELECT id, person, created_ms, until_ms, used_ms FROM sign_in_link"


class SessionReads:
    """Reading verbs of one connection."""

    def __init__(self, connection: Any) -> None:
        self._connection, self._execute = connection, connection.execute

    def find(self, id_: str) -> Session | None:
        """One session, or None."""
        row = self._execute(f"{_SELECT} WHERE id = ?", (id_,)).fetchone()
        return _session(row) if row else None

    def all(self, person: str | None = None) -> list[Session]:
        """Sessions of everybody or of one person, the last used first."""
        sql = f"{_SELECT} WHERE ?1 IS NULL OR person = ?1 ORDER BY seen_ms DESC, id"
        return [_session(row) for row in self._execute(sql, (person,))]

    def anybody(self) -> bool:
        """Whether somebody can, or ever could, log in: by a password or by a link."""
        sql = "SELECT 1 FROM setting WHERE key = ?"
        closed = self._execute(sql, (SettingKey.ACCOUNTS_EXISTED,)).fetchone() is not None
        return closed or any(one.password_hash for one in known(self._connection))

    def opened(self) -> bool:
        """Whether anybody has a session or a link."""
        sql = "SELECT EXISTS (SELECT 1 FROM session) OR EXISTS (SELECT 1 FROM sign_in_link)"
        return bool(self._execute(sql).fetchone()[0])

    def enterable(self, now: datetime) -> bool:
        """Whether somebody is logged in at `now`, or has a link that still logs in."""
        links = (_link(row) for row in self._execute(_LINK))
        return any(not one.is_over(now) for one in self.all()) or any(
            one.is_good(now) for one in links
        )

    def link(self, id_: str) -> SignInLink | None:
        """One sign-in link, or None."""
        row = self._execute(f"{_LINK} WHERE id = ?", (id_,)).fetchone()
        return _link(row) if row else None


class SessionTable(SessionReads):
    """Verbs on sessions, inside a transaction of the writer."""

    def put(self, session: Session) -> None:
        """Begin a session. What is over goes, and of one person's the oldest beyond the limit."""
        row = (
            session.id,
            session.person,
            ms(session.created),
            ms(session.seen),
            session.browser,
            session.mark,
        )
        self._execute("INSERT OR REPLACE INTO session VALUES (?, ?, ?, ?, ?, ?)", row)
        self._execute(
            "DELETE FROM session WHERE seen_ms < ? OR created_ms < ?",
            (ms(session.seen - IDLE), ms(session.created - LONGEST)),
        )
        self._execute(
            "DELETE FROM session WHERE person = ?1 AND id NOT IN "
            "(SELECT id FROM session WHERE person = ?1 ORDER BY created_ms DESC, id = ?2 DESC LIMIT ?3)",
            (session.person, session.id, MOST_EACH),
        )

    def see(self, id_: str, now: datetime) -> None:
        """It was used; one that was ended meanwhile does not come back."""
        self._execute("UPDATE session SET seen_ms = max(seen_ms, ?) WHERE id = ?", (ms(now), id_))

    def mark(self, id_: str, mark: str) -> None:
        """Its person has a new password, set in this session."""
        self._execute("UPDATE session SET mark = ? WHERE id = ?", (mark, id_))

    def end(self, person: str | None = None, id_: str | None = None, but: str = "") -> int:
        """End sessions: one person's or everybody's, one or all, except `but`; gives how many."""
        rows = self._execute(
            "DELETE FROM session WHERE (?1 IS NULL OR person = ?1) AND (?2 IS NULL OR id = ?2) "
            "AND id <> ?3 RETURNING id",
            (person, id_, but),
        )
        return len(rows.fetchall())

    def make_link(self, person: str, by: str, now: datetime, days: int) -> str:
        """Make a sign-in link for somebody; gives its token. What was given to them before ends.

        It leaves a row in the audit, and reading without a login ends.
        """
        token = self.make_demo_link(person, now, days)
        self._execute(
            "INSERT INTO person_change (at_ms, by, person, what, body) VALUES (?, ?, ?, 'link', ?)",
            (ms(now), by, person, b"[]"),
        )
        self._execute(
            "INSERT OR REPLACE INTO setting VALUES (?, 'yes')", (SettingKey.ACCOUNTS_EXISTED,)
        )
        return token

    def make_demo_link(self, person: str, now: datetime, days: int) -> str:
        """The same for the demo, which nobody has to log in to for reading."""
        token = secrets.token_urlsafe(24)
        self._execute(
            "DELETE FROM sign_in_link WHERE until_ms < ?1 OR (person = ?2 AND used_ms IS NULL)",
            (ms(now), person),
        )
        self._execute(
            "INSERT INTO sign_in_link VALUES (?, ?, ?, ?, NULL)",
            (token_id(token), person, ms(now), ms(now + timedelta(days=days))),
        )
        return token

    def shut_out(self, person: str | None = None) -> int:
        """End the sessions and unused links of one person or of everybody; gives how many."""
        links = self._execute(
            "DELETE FROM sign_in_link WHERE (?1 IS NULL OR person = ?1) AND used_ms IS NULL RETURNING id",
            (person,),
        ).fetchall()
        return len(links) + self.end(person)

    def use_link(self, id_: str, now: datetime) -> str | None:
        """Use a link up; gives whom it logs in, or None: it is used, over or unknown."""
        link = self.link(id_)
        if link is None or not link.is_good(now):
            return None
        self._execute("UPDATE sign_in_link SET used_ms = ? WHERE id = ?", (ms(now), id_))
        return link.person


def _session(row: tuple[Any, ...]) -> Session:
    id_, person, created, seen, browser, mark = row
    return Session(id_, person, from_ms(created), from_ms(seen), browser, mark)


def _link(row: tuple[Any, ...]) -> SignInLink:
    id_, person, created, until, used = row
    return SignInLink(
        id_, person, from_ms(created), from_ms(until), from_ms(used) if used else None
    )
