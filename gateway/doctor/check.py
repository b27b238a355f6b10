"""A row of the table of checks.

Owns its form. `ask` gives a finding and may raise what it likes: the examination words it. A check that
is not done within `within_s` is a fault itself.
"""

from collections.abc import Callable

from msgspec import Struct

from gateway.doctor.case import Case
from gateway.doctor.finding import Finding


class Check(Struct, frozen=True):
    """One check. `name` is the key of its title, `check.NAME`."""

    name: str
    ask: Callable[[Case], Finding]
    command: str = ""  # mends what `ask` raises
    needs: tuple[str, ...] = ()  # checks above; it is asked only when none of them found a fault
    within_s: float = 30.0
