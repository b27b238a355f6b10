"""Whose turn it is. PURE.

Owns how a rota's turns follow each other. Must not know alerts or pages.
"""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Protocol

from gateway.domain.people.person import Person


class Turns(Protocol):
    """People or groups who take turns, each for so many days."""

    @property
    def people(self) -> Sequence[str]:
        """Names of people or of groups, in the order of their turns."""

    @property
    def since(self) -> date:
        """The first day of the first one's turn."""

    @property
    def days(self) -> int:
        """How long a turn is."""


def resting(rotas: Iterable[Turns], people: Iterable[Person], today: date) -> set[str]:
    """People of a rota whose turn it is not."""
    everybody = tuple(people)
    found: set[str] = set()
    for rota in rotas:
        turn = rota.people[(today - rota.since).days // rota.days % len(rota.people)]
        turning = members(everybody, turn)
        if not turning:  # they were taken out: then nobody of this rota rests
            continue
        concerned = set[str]().union(*(members(everybody, name) for name in rota.people))
        found |= concerned - turning
    return found


def members(people: Iterable[Person], name: str) -> set[str]:
    """The people behind a name: that of a group, or of one person."""
    return {one.name for one in people if name == one.name or name in one.groups}
