"""What new and corrected events change at their devices: state, effort, sums and alerts. In one transaction.

Owns this step for messages (`batch`) and for names that people give (`revise`). Must not decide which
correction wins (`corrections`).
"""

from collections.abc import Sequence
from datetime import datetime

from gateway.alerts import rules
from gateway.alerts.apply import apply
from gateway.alerts.policy import Policy
from gateway.domain.device_state import order, placed
from gateway.domain.effort import HourlyTally
from gateway.domain.model import DeviceState
from gateway.domain.outcome import Outcome
from gateway.domain.pictures.naming import hides
from gateway.domain.refused import boot_numbers
from gateway.ingest.messages import device_update
from gateway.ingest.messages.corrections import Admitted, Revision
from gateway.store import Transaction


def revise(
    tx: Transaction, revisions: Sequence[Revision], now: datetime, policy: Policy
) -> Outcome:
    """Give stored events other names, with all that follows from it."""
    outcome = Outcome()
    for one in revisions:
        tx.journal.revise(one.new, one.by)
    outcome.refined.extend(one.new for one in revisions if one.is_news)
    if revisions:
        update_devices(tx, outcome, [], revisions, now, policy)
    return outcome


def update_devices(
    tx: Transaction,
    outcome: Outcome,
    fresh: Sequence[Admitted],
    revisions: Sequence[Revision],
    now: datetime,
    policy: Policy,
) -> None:
    """Write state and effort of every device with new or corrected events."""
    groups: dict[str, list[Admitted]] = {}
    for one in fresh:
        groups.setdefault(one.event.device, []).append(one)
    revised: dict[str, list[Revision]] = {}
    for revision in revisions:
        groups.setdefault(revision.new.device, [])
        revised.setdefault(revision.new.device, []).append(revision)
        if hides(revision.new.species, revision.new.confidence):
            tx.pictures.set_people(revision.new.device, revision.new.id)
    states, tallies = [], []
    for id_, group in groups.items():
        change, tally = _change(tx, id_, group, revised.get(id_, ()), now, policy)
        if (ruling := rules.judge(change)) is not rules.NOTHING:
            apply(tx, outcome, ruling, policy, now)
        states.append(change.after)
        tallies.append((id_, tally))
    tx.put_states(states)
    tx.add_tallies(tallies)


def _change(
    tx: Transaction,
    address: str,
    group: Sequence[Admitted],
    revisions: Sequence[Revision],
    now: datetime,
    policy: Policy,
) -> tuple[rules.Change, HourlyTally]:
    """What rules judge at one device, and what to add to its effort."""
    device, before = tx.devices[address], tx.states.get(address)
    events = placed(one.event for one in group)
    after: DeviceState = device_update.state_after(tx, before, events, group, revisions)
    tally = device_update.effort_added(tx, device, before, events, revisions)
    quiet = frozenset([one.event.id for one in group if one.is_quiet])
    if returns := boot_numbers.returns(before, events):
        tx.boot_returns.add(address, returns)
    news = [event for _, event in events]
    if revised := [one.new for one in revisions if one.is_news]:
        news = sorted([*news, *revised], key=order)
    return rules.Change(
        device, before, after, news, now, policy, quiet, tx.devices, tx.states
    ), tally
