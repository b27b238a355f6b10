"""The people that pages ask for: those of the store, and of a demo the one whose password it prints.

Owns where somebody who logs in is looked up. Must not check passwords (`auth`).
"""

from collections.abc import Sequence
from datetime import datetime, tzinfo

from msgspec.structs import replace

from dashboard.web.entry.sessions import mark_of
from gateway.domain.people import rota
from gateway.domain.people.person import Person
from gateway.domain.people.rota import Turns
from gateway.store import Store, Transaction


class Accounts:
    """Everybody who may log in to one dashboard; `demo` is kept in memory only."""

    def __init__(
        self, store: Store, rotas: Sequence[Turns], zone: tzinfo, demo: Person | None = None
    ) -> None:
        self._store, self._rotas, self._zone, self._demo = store, rotas, zone, demo

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

    async def is_on_duty(self, person: Person, now: datetime) -> bool:
        """Whether it is their turn today, by the site's clock; who takes no turns is on duty."""
        everybody = await self._store.read(lambda reader: reader.people.all())
        today = now.astimezone(self._zone).date()
        return person.name not in rota.resting(self._rotas, everybody, today)

    async def exist(self) -> bool:
        """Whether somebody can, or ever could, log in by the store."""
        return await self._store.read(lambda reader: reader.people.had_logins())

    async def hint(self) -> str:
        """What somebody who cannot log in should know: a key of the locale files, or nothing."""
        if self._demo:
            return "login.demo"
        somebody = await self._store.read(lambda r: r.people.logins() or r.sessions.opened())
        return "" if somebody else "login.nobody"

    def _is_demo(self, name: str) -> bool:
        return self._demo is not None and self._demo.name == name
