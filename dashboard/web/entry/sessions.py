"""Sessions of one dashboard: who is logged in with which browser, kept in the database.

Owns tokens and what is not written yet. Must not check a password. A page that is shown writes nothing:
when a session was last used is written once a minute. While the disk refuses, a log-in, a log-out and
the end of sessions hold from memory and are written later.
"""

import secrets
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import datetime

from msgspec.structs import replace
from starlette.requests import Request

from gateway.clock import Clock
from gateway.domain.people.person import PRIVILEGED, Person
from gateway.domain.people.session import Session, browser_label, token_id
from gateway.store import Store, Transaction
from gateway.store.connection import DiskError
from gateway.store.late_writes import written_late

MOST_UNWRITTEN = 1_000  # changes kept in memory while the disk refuses

Change = Callable[[Transaction], object]


class Sessions:
    """Begins, finds and ends sessions."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store, self._clock = store, clock
        self._seen: dict[str, datetime] = {}
        self._unwritten: dict[str, Session | None] = {}  # None: ended

    async def begin(self, request: Request, person: Person) -> str:
        """A new session; gives its token. Raises DiskError when memory is full too."""
        token, now = secrets.token_urlsafe(32), self._clock()
        browser = browser_label(request.headers.get("user-agent", ""))
        session = Session(token_id(token), person.name, now, now, browser, mark_of(person))
        await self._keep({session.id: session}, lambda tx: tx.sessions.put(session))
        return token

    async def find(self, token: str) -> Session | None:
        """The session of a token; None: there is none, or it is over."""
        if not token:
            return None
        id_, now = token_id(token), self._clock()
        if id_ in self._unwritten:
            found = self._unwritten[id_]
        else:
            found = await self._store.read(lambda reader: reader.sessions.find(id_))
        return found if found and not self._last_used(found).is_over(now) else None

    def note_use(self, session: Session) -> None:
        """It is used now."""
        self._seen[session.id] = self._clock()

    async def of(self, person: str) -> list[Session]:
        """One person's sessions, the last used first."""
        kept = {
            one.id: one
            for one in await self._store.read(lambda reader: reader.sessions.all(person))
        }
        for id_, session in self._unwritten.items():
            kept.pop(id_, None)
            if session and session.person == person:
                kept[id_] = session
        found = [self._last_used(one) for one in kept.values()]
        open_ = [one for one in found if not one.is_over(self._clock())]
        return sorted(open_, key=lambda one: one.seen, reverse=True)

    async def end(self, person: str, id_: str) -> None:
        """End one of a person's sessions."""
        await self._end([one for one in await self.of(person) if one.id == id_])

    async def end_all(self, person: str, but: str = "") -> None:
        """End a person's sessions, except one."""
        await self._end([one for one in await self.of(person) if one.id != but])

    def running(self) -> AbstractAsyncContextManager[None]:
        """While inside, what is not written is written once a minute; at the end once more."""
        return written_late(self.write, "sessions")

    async def write(self) -> None:
        """Write what is not written; while the disk refuses it stays in memory."""
        seen, unwritten = self._seen, dict(self._unwritten)
        if not seen and not unwritten:
            return

        def change(tx: Transaction) -> None:
            for id_, session in unwritten.items():
                tx.sessions.put(session) if session else tx.sessions.end(id_=id_)
            for id_, at in seen.items():
                tx.sessions.see(id_, at)

        self._seen = {}
        try:
            await self._store.write(change)
        except DiskError:
            self._seen = seen | self._seen
            return
        for id_, session in unwritten.items():
            if self._unwritten.get(id_, session) is session:
                self._unwritten.pop(id_, None)

    async def _end(self, sessions: list[Session]) -> None:
        def change(tx: Transaction) -> None:
            for session in sessions:
                tx.sessions.end(id_=session.id)

        if sessions:
            await self._keep({one.id: None for one in sessions}, change)

    async def _keep(self, changes: dict[str, Session | None], change: Change) -> None:
        """Write a change now, or keep it in memory while the disk refuses."""
        self._unwritten |= changes
        try:
            await self._store.write(change)
        except DiskError:
            if len(self._unwritten) > MOST_UNWRITTEN:
                for id_ in changes:
                    del self._unwritten[id_]
                raise
            return
        for id_ in changes:
            self._unwritten.pop(id_, None)

    def _last_used(self, session: Session) -> Session:
        return replace(session, seen=max(session.seen, self._seen.get(session.id, session.seen)))


def mark_of(person: Person) -> str:
    """What ends a person's other sessions when it changes: the password, and a role that sees everything.

    Otherwise somebody who got into a harmless account early would have the rights that it is given later.
    """
    role = person.role.value if person.role in PRIVILEGED else ""
    return f"{person.password_hash[-12:]} {role}".strip()
