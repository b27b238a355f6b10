"""The tables session and sign_in_link: their statements.

Must not decide who may log in. Removing a person deletes both by a trigger.
"""

from datetime import datetime
from typing import Any

from gateway.domain.epoch import from_ms, ms
from gateway.domain.people.session import IDLE, LONGEST, MOST_EACH, Session, SignInLink

_SELECT = "SELECT id, person, created_ms, seen_ms, browser, mark FROM session"
_LINK = "SELECT id, person, created_ms, until_ms, used_ms FROM sign_in_link"


class SessionReads:
    """Reading verbs of one connection."""

    def __init__(self, connection: Any) -> None:
        self._execute = connection.execute

    def find(self, id_: str) -> Session | None:
        """One session, or None."""
        row = self._execute(f"{_SELECT} WHERE id = ?", (id_,)).fetchone()
        return _session(row) if row else None

    def all(self, person: str | None = None) -> list[Session]:
        """Sessions of everybody or of one person, the last used first."""
        sql = f"{_SELECT} WHERE ?1 IS NULL OR person = ?1 ORDER BY seen_ms DESC, id"
        return [_session(row) for row in self._execute(sql, (person,))]

    def link(self, id_: str) -> SignInLink | None:
        """One sign-in link, or None."""
        row = self._execute(f"{_LINK} WHERE id = ?", (id_,)).fetchone()
        return _link(row) if row else None


class SessionTable(SessionReads):
    """Verbs on sessions, inside a transaction of the writer."""

    def put(self, session: Session) -> None:
        """Begin a session. What is over goes, and of one person's the oldest beyond the limit."""
        row = (session.id, session.person, ms(session.created), ms(session.seen),
               session.browser, session.mark)  # fmt: skip
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

    def put_link(self, link: SignInLink) -> None:
        """Keep a new link; those that ended go."""
        self._execute("DELETE FROM sign_in_link WHERE until_ms < ?", (ms(link.created),))
        self._execute(
            "INSERT INTO sign_in_link VALUES (?, ?, ?, ?, NULL)",
            (link.id, link.person, ms(link.created), ms(link.until)),
        )

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
