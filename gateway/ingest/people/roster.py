"""Adding, changing and removing people: rules, rights and the audit in one transaction.

Owns the order of these checks for the page and the command. Must not hash passwords or read a clock.
"""

from collections.abc import Callable
from datetime import datetime

from gateway.alerts.open_channels import wrong_channels
from gateway.domain.people import rules
from gateway.domain.people.permissions import Access
from gateway.domain.people.person import Person
from gateway.domain.people.rules import PersonError
from gateway.store import Transaction

COMMAND_LINE = "command line"  # who changed, where it was a command at this machine

Change = Callable[[Person | None], Person]
"""The person after a change of the present one; None: there is nobody of that name yet."""


def put(tx: Transaction, name: str, change: Change, access: Access | None, now: datetime) -> Person:
    """Add or change somebody. `access` None: a command of whoever owns this machine. PersonError."""
    before, everybody = tx.people.find(rules.plain(name)), tx.people.all()
    after = rules.cleaned(change(before))
    if access is not None:
        rules.check_right(access, before, after, everybody)
    rules.check(after, everybody)
    if after.channels != (before.channels if before else ()) and (wrong := wrong_channels([after])):
        raise PersonError("person_error.wrong_channel", wrong=wrong[0])
    tx.people.keep_here(now)
    tx.people.put(after, access.name if access else COMMAND_LINE, now)
    return after


def remove(tx: Transaction, name: str, access: Access | None, now: datetime) -> Person:
    """Take somebody out. PersonError: there is nobody, or they may not be taken out."""
    before, everybody = tx.people.find(name), tx.people.all()
    if before is None:
        known = ", ".join(one.name for one in everybody) or "none"
        raise PersonError("person_error.nobody", name=name, known=known)
    if access is not None:
        rules.check_right(access, before, None, everybody)
    tx.people.remove(name, access.name if access else COMMAND_LINE, now)
    return before
