"""What of one lane goes out now, and in how many messages. No I/O; runs in a transaction of the writer.

Owns three decisions at the moment of sending: quiet hours hold what may wait, also at a retry and after a
restart; urgent messages keep a pace, so that a storm uses up no month's quota; and what shares a message,
each of which names all that it is about. Must not decide who is told (`policy`) nor send (`notifier`).
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial

from msgspec import Struct

from gateway.alerts import messages
from gateway.alerts.channels.table import ChannelRow, row_of, scheme_of
from gateway.alerts.policy import Policy
from gateway.alerts.rules import RULES
from gateway.config.thresholds import end_hour, within
from gateway.domain.model import URGENT, Alert, Device
from gateway.domain.people.person import Person
from gateway.store import Transaction
from gateway.store.tables.outbox import ClaimedDelivery, DeliveryQueue, Packing

NEVER_HELD = tuple(rule.name for rule in RULES if rule.urgent or rule.level in URGENT)
MINUTE = timedelta(minutes=1)
SHARE = 4  # at most so large a part of what is left of a month goes out singly in one minute
LEAST_S, MOST_S = 10.0, 60.0  # between two messages once a minute's share is used


class Pace(Struct, frozen=True):
    """How many urgent messages one recipient gets in a minute, and what comes then."""

    burst: int
    pause: timedelta  # between the lists that follow


def claim(
    tx: Transaction, lane: DeliveryQueue, policy: Policy, now: datetime, limit: int
) -> list[ClaimedDelivery]:
    """Up to `limit` messages of a lane that are due and may go now."""
    person = policy.people.get(lane[0])
    channel = person.channel(lane[1]) if person else None
    if person is None or channel is None:
        return tx.outbox.claim(lane, now, limit)
    _hold(tx, lane, person, policy, now)
    url = channel.url
    fits = partial(fit, person=person, url=url, devices=tx.devices, policy=policy, now=now)
    return tx.outbox.claim(lane, now, limit, _packing(tx, lane, url, policy, now, fits))


def fit(
    alerts: Sequence[Alert], *, person: Person, url: str, devices: Mapping[str, Device],
    policy: Policy, now: datetime,
) -> int:  # fmt: skip
    """How many of these alerts, from the first on, one message of this channel can name."""
    row = row_of(url)
    if not row.lists:
        return 1
    room = row.longest(url) - row.size(policy.traps_page)
    few, many = 1, len(alerts)
    while few < many:
        half = (few + many + 1) // 2
        if messages.size(alerts[:half], person, devices, policy, now, row.size) <= room:
            few = half
        else:
            many = half - 1
    return few


def pace(row: ChannelRow, left: int | None) -> Pace:
    """The pace of a channel with so many messages left in this month; None: it has no quota."""
    if left is None:
        return Pace(row.burst, timedelta(seconds=LEAST_S))
    pause_s = 60 * SHARE / max(1, left)
    return Pace(
        min(row.burst, max(1, left // SHARE)),
        timedelta(seconds=min(MOST_S, max(LEAST_S, pause_s))),
    )


def quiet_until(person: Person, policy: Policy, now: datetime) -> datetime | None:
    """When a person's quiet hours end; `now` outside of them, None if they never end."""
    if not within(person.quiet, now.astimezone(policy.zone)):
        return now
    end = policy.next_hour(now, end_hour(person.quiet))
    return None if within(person.quiet, end.astimezone(policy.zone)) else end


def _hold(
    tx: Transaction, lane: DeliveryQueue, person: Person, policy: Policy, now: datetime
) -> None:
    until = quiet_until(person, policy, now)
    if until is None:
        tx.outbox.drop_quiet(lane, now, NEVER_HELD)
    elif until > now:
        tx.outbox.hold(lane, now, until, NEVER_HELD)


def _packing(
    tx: Transaction,
    lane: DeliveryQueue,
    url: str,
    policy: Policy,
    now: datetime,
    fits: messages.Fits,
) -> Packing:
    """How the lane's urgent messages go now."""
    row = row_of(url)
    if not tx.outbox.urgent_due(lane, now):
        return Packing(fits=fits)
    allowed = pace(row, _left(tx, url, policy, now))
    count, newest = tx.outbox.lately(lane, now - MINUTE)
    if count < allowed.burst:
        return Packing(fits=fits, singly=min(row.singly, allowed.burst - count))
    return Packing(fits=fits, singly=1, urgent=newest is None or now - newest >= allowed.pause)


def _left(tx: Transaction, url: str, policy: Policy, now: datetime) -> int | None:
    scheme = scheme_of(url)
    if policy.month_quota(scheme) is None:
        return None
    sent = policy.sent(tx.outbox.sent_since(policy.month(now)))
    return policy.left(scheme, sent[scheme])
