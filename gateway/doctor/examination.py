"""Runs the checks in their order, each in a thread of its own with a limit of time.

Owns what becomes of a check that fails itself: a fault with its reason in one line, never a traceback.
"""

import queue
import threading
from collections.abc import Iterable, Iterator, Sequence

from msgspec.structs import replace

from gateway.doctor.case import Case
from gateway.doctor.check import Check
from gateway.doctor.finding import Finding, Outcome, fault, unknown
from gateway.domain.errors import ShishigakiError

REPORT = "sudo shishigaki doctor --report >report.txt"
LONGEST = 300  # characters of a reason


def examine(case: Case, checks: Sequence[Check]) -> Iterator[Finding]:
    """The findings, one after the other, in the order of the checks."""
    faults: set[str] = set()
    for check in checks:
        found = _blocked(check, faults) or _ask(case, check)
        if found.outcome is Outcome.FAULT:
            faults.add(check.name)
        yield replace(found, check=check.name)


def first_fault(findings: Iterable[Finding]) -> Finding | None:
    """What to mend first: the table stands in the order of causes."""
    return next((one for one in findings if one.outcome is Outcome.FAULT), None)


def _blocked(check: Check, faults: set[str]) -> Finding | None:
    lacking = [name for name in check.needs if name in faults]
    return unknown("doctor.not_asked", first=lacking[0]) if lacking else None


def _ask(case: Case, check: Check) -> Finding:
    given: queue.SimpleQueue[Finding | Exception] = queue.SimpleQueue()

    def work() -> None:
        try:
            found = check.ask(case)
            _ = found.told  # a text without its value is a bug of this check alone
            given.put(found)
        except Exception as error:  # our own bug in one check must not hide what the others find
            given.put(error)

    threading.Thread(target=work, name=f"doctor-{check.name}", daemon=True).start()
    try:
        found = given.get(timeout=check.within_s)
    except queue.Empty:
        return fault("doctor.too_long", check.command or REPORT, s=round(check.within_s))
    return found if isinstance(found, Finding) else _worded(found, check)


def _worded(error: Exception, check: Check) -> Finding:
    if isinstance(error, PermissionError):
        where = str(error.filename or error)
        return fault("doctor.not_permitted", check.command or "sudo shishigaki doctor", where=where)
    if isinstance(error, ShishigakiError | OSError):
        return fault("doctor.failed", check.command or REPORT, why=_short(str(error)))
    why = f"{type(error).__name__}: {error}"
    return fault("doctor.own_bug", REPORT, why=_short(why))


def _short(text: str) -> str:
    return " ".join(text.split())[:LONGEST]
