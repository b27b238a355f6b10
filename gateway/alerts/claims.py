"""Chooses which deliveries of one queue are sent now, and in how many messages. No I/O.

Owns three decisions at the moment of sending, in a transaction of the writer: quiet hours delay what may
wait, also at a retry and after a restart; urgent messages have a rate limit, so that many captures do not
use up a month's quota; and which alerts share a message, which names all of them. Must not decide who is
notified (`policy`) nor send (`notifier`).
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
SHARE = 4  # at most 1/SHARE of the month's remaining quota is sent singly in one minute
LEAST_S, MOST_S = 10.0, 60.0  # between two messages after a minute's share is used


class Pace(Struct, frozen=True):
    """The rate limit of urgent messages to one recipient."""

    burst: int  # messages per minute
    pause: timedelta  # between the shared messages that follow


def claim(
    tx: Transaction, queue: DeliveryQueue, policy: Policy, now: datetime, limit: int
) -> list[ClaimedDelivery]:
    """Up to `limit` messages of a queue that are due and may be sent now."""
    person = policy.people.get(queue[0])
    channel = person.channel(queue[1]) if person else None
    if person is None or channel is None:
        return tx.outbox.claim(queue, now, limit)
    _hold(tx, queue, person, policy, now)
    url = channel.url
    fits = partial(fit, person=person, url=url, devices=tx.devices, policy=policy, now=now)
    return tx.outbox.claim(queue, now, limit, _packing(tx, queue, url, policy, now, fits))


def fit(
    alerts: Sequence[Alert],
    *,
    person: Person,
    url: str,
    devices: Mapping[str, Device],
    policy: Policy,
    now: datetime,
) -> int:
    """How many of these alerts, from the first on, one message of this channel can name."""
    row = row_of(url)
    if not row.lists:
        return 1
    room = row.longest(url) - row.size(policy.traps_page)
    fitting, too_many = 1, len(alerts)
    while fitting < too_many:
        half = (fitting + too_many + 1) // 2
        if messages.size(alerts[:half], person, devices, policy, now, row.size) <= room:
            fitting = half
        else:
            too_many = half - 1
    return fitting


def pace(row: ChannelRow, left: int | None) -> Pace:
    """The rate limit of a channel with `left` messages of its month's quota; None: no quota."""
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
    tx: Transaction, queue: DeliveryQueue, person: Person, policy: Policy, now: datetime
) -> None:
    until = quiet_until(person, policy, now)
    if until is None:
        tx.outbox.drop_quiet(queue, now, NEVER_HELD)
    elif until > now:
        tx.outbox.hold(queue, now, until, NEVER_HELD)


def _packing(
    tx: Transaction,
    queue: DeliveryQueue,
    url: str,
    policy: Policy,
    now: datetime,
    fits: messages.Fits,
) -> Packing:
    """How the urgent messages of a queue are sent now."""
    row = row_of(url)
    if not tx.outbox.urgent_due(queue, now):
        return Packing(fits=fits)
    allowed = pace(row, _left(tx, url, policy, now))
    count, newest = tx.outbox.lately(queue, now - MINUTE)
    if count < allowed.burst:
        return Packing(fits=fits, singly=min(row.singly, allowed.burst - count))
    return Packing(fits=fits, singly=1, urgent=newest is None or now - newest >= allowed.pause)


def _left(tx: Transaction, url: str, policy: Policy, now: datetime) -> int | None:
    scheme = scheme_of(url)
    if policy.month_quota(scheme) is None:
        return None
    sent = policy.sent(tx.outbox.sent_since(policy.month(now)))
    return policy.left(scheme, sent[scheme])
