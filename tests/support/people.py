"""People for tests."""

from datetime import UTC, datetime

from argon2 import PasswordHasher

from gateway.domain.people.person import Person, UserRole
from gateway.store import Store

LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)

# A check costs what the hash says. With the least of argon2, a log-in costs a test nothing.
quick_hash = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash


def login(name: str, role: UserRole, password_hash: str) -> Person:
    """Somebody who may log in and is told nothing."""
    return Person(name=name, role=role, password_hash=password_hash)


def keep(store: Store, *people: Person) -> None:
    """Put people into the database."""
    for person in people:
        store.write_now(lambda tx, one=person: tx.people.put(one, "test", LONG_AGO))  # type: ignore[misc]


def take_out(store: Store, name: str) -> bool:
    """Remove somebody; False: there was nobody."""
    return store.write_now(lambda tx: tx.people.remove(name, "test", LONG_AGO))
