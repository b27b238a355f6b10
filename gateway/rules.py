"""Rules: from a device's change of state to alerts. PURE.

Owns the rule table and what each rule says. Must not send, store or read a clock.
To add a rule: write a function from a Change to (alerts, ends), add its row to RULES.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from hashlib import blake2b

from msgspec import Struct

from gateway.model import Alert, Device, DeviceState, Event, Kind, Level, TrapState


class Change(Struct, frozen=True):
    """New events of one device, and its state before and after them."""

    device: Device
    before: DeviceState | None
    after: DeviceState
    events: Sequence[Event]  # in order of occurrence
    now: datetime
    retained: frozenset[str] = frozenset()  # ids of events that a broker had kept


class End(Struct, frozen=True):
    """An open alert whose cause is gone."""

    rule: str
    subject: str
    by: str


class Ruling(Struct):
    """What a rule concludes."""

    opens: list[Alert] = []
    ends: list[End] = []


class Rule(Struct, frozen=True):
    """A row of the table."""

    name: str
    level: Level
    title_ja: str
    title_en: str
    judge: Callable[["Rule", Change], Ruling]


def judge(change: Change) -> Ruling:
    """All rules on one change."""
    rulings = [rule.judge(rule, change) for rule in RULES]
    return Ruling([a for r in rulings for a in r.opens], [e for r in rulings for e in r.ends])


def alert_id(rule: str, subject: str, cause: str) -> str:
    """The same alert for the same cause, however often it is judged (16 hex digits)."""
    return blake2b(f"{rule}\0{subject}\0{cause}".encode(), digest_size=8).hexdigest()


def _trap_sprung(rule: Rule, change: Change) -> Ruling:
    before, after = change.before and change.before.trap, change.after.trap
    if before is after:
        return Ruling()
    if after is not TrapState.SPRUNG:
        return Ruling(ends=[End(rule.name, change.device.id, "trap.set")])
    cause = next(event for event in reversed(change.events) if event.kind is Kind.SPRUNG)
    if before is None and cause.id in change.retained:
        return Ruling()  # a broker's memory of a trap we never saw armed: a state, not news
    return Ruling(opens=[_alert(rule, change, cause)])


def _alert(rule: Rule, change: Change, cause: Event) -> Alert:
    return Alert(
        id=alert_id(rule.name, change.device.id, cause.id),
        rule=rule.name,
        subject=change.device.id,
        level=rule.level,
        observed_at=cause.observed_at,
        opened_at=change.now,
        event=cause.id,
    )


RULES: tuple[Rule, ...] = (
    Rule("trap_sprung", Level.CAPTURE, "わなが作動", "Trap sprung", _trap_sprung),
)
TABLE = {rule.name: rule for rule in RULES}
