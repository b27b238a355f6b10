"""The people that pages ask for: those of the store, and of a demo the one whose password it prints.

Owns where somebody who logs in is looked up. Must not check passwords (`auth`).
"""

from datetime import datetime

from msgspec.structs import replace

from dashboard.web.entry.sessions import mark_of
from gateway.domain.people.person import Person
from gateway.store import Store, Transaction


class Accounts:
    """Everybody who may log in to one dashboard; `demo` is kept in memory only."""

    def __init__(self, store: Store, demo: Person | None = None) -> None:
        self._store, self._demo = store, demo

    async def find(self, name: str) -> Person | None:
        """The person of a name, or None."""
        person = await self._store.read(lambda reader: reader.people.find(name))
        if (person is None or not person.password_hash) and self._is_demo(name):
            return self._demo
        return person

    async def set_password(self, person: Person, hashed: str, session: str, now: datetime) -> bool:
        """Give somebody a new password, set in one of their sessions; False: a demo's stays."""

        def change(tx: Transaction) -> bool:
            before = tx.people.find(person.name)
            if before is None or before.password_hash != person.password_hash:
                return False  # somebody else was quicker
            after = replace(before, password_hash=hashed)
            tx.people.put(after, person.name, now)
            tx.sessions.mark(session, mark_of(after))
            return True

        return await self._store.write(change)

    async def exist(self) -> bool:
        """Whether somebody can, or ever could, log in by the store."""
        return await self._store.read(lambda reader: reader.people.had_logins())

    async def hint(self) -> str:
        """What somebody who cannot log in should know: a key of the locale files, or nothing."""
        if self._demo:
            return "login.demo"
        return "" if await self._store.read(lambda r: r.people.logins()) else "login.nobody"

    def _is_demo(self, name: str) -> bool:
        return self._demo is not None and self._demo.name == name
