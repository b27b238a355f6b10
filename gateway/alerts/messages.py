"""Writes the message of one delivery to one person. No I/O.

Owns how a delivery becomes title, text and link. The sentences are in `texts`.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from gateway.alerts import news, texts
from gateway.alerts.channels import Notification
from gateway.alerts.links import Links
from gateway.alerts.policy import Policy
from gateway.alerts.replies.offers import Offer, Offers
from gateway.domain.alerts.lifecycle import (
    LATE_STEP,
    MISSING_STEP,
    STEPS_PER_ROUND,
    WITHDRAWAL_STEP,
)
from gateway.domain.alerts.rule_name import RuleName
from gateway.domain.model import URGENT, Alert, Device
from gateway.domain.people.person import Person
from gateway.store.tables.outbox import ClaimedDelivery

Fits = Callable[[Sequence[Alert]], int]
"""How many of some alerts, from the first on, one message can name."""

ANSWERED_BY_REPLY = (RuleName.TRAP_SPRUNG, RuleName.OUTCOME_MISSING)
DELAY_CHARACTERS = 14  # added to a line by a later attempt, which says how late it is
PREFIX_CHARACTERS = 30  # added to a title that asks again or reports the end


def write(
    delivery: ClaimedDelivery,
    person: Person,
    devices: Mapping[str, Device],
    policy: Policy,
    links: Links,
    now: datetime,
    offers: Offers | None = None,
) -> Notification:
    """The message of a delivery; its key is the same at every attempt."""
    alert, language = delivery.alert, person.language
    step = delivery.step % STEPS_PER_ROUND
    asked = asks(step, policy)
    offer = Offer()
    if delivery.news:
        title, text = news.write(delivery.alerts, devices, language, policy.zone)
        link = policy.traps_page
    elif len(delivery.alerts) > 1:
        title, text = texts.gathered(delivery.alerts, devices, language, policy.zone, now, asked)
        link = policy.traps_page
    else:
        title = texts.title(alert, language, asked, over=step == WITHDRAWAL_STEP)
        device = devices.get(alert.subject)
        text = texts.text(alert, device, language, policy.zone, now)
        link = links.url(alert.id, delivery.person, delivery.since, str(delivery.no))
        channel = person.channel(delivery.channel)
        if offers and channel and step != WITHDRAWAL_STEP and alert.rule in ANSWERED_BY_REPLY:
            offer = offers.of(delivery.no, person.name, channel.url, language)
            text = f"{text}\n{offer.line}" if offer.line else text
    return Notification(
        key=f"{alert.id}-{delivery.person}-{delivery.channel}-{delivery.step}",
        title=title,
        text=text,
        urgent=not delivery.news and any(one.level in URGENT for one in delivery.alerts),
        link=link,
        alerts=delivery.alerts,
        over=step == WITHDRAWAL_STEP,
        buttons=offer.buttons,
    )


def asks(step: int, policy: Policy) -> str:
    """Whom a step of a plan asks, as `texts.title` names it; "" for a first message."""
    if 0 < step <= len(policy.steps):
        return policy.steps[step - 1].duty
    if 0 < step - MISSING_STEP <= len(policy.missing_steps):
        return policy.missing_steps[step - MISSING_STEP - 1].duty
    late = step - LATE_STEP
    return f"late_{policy.late_steps[late - 1].duty}" if 0 < late <= len(policy.late_steps) else ""


def size(
    alerts: Sequence[Alert],
    person: Person,
    devices: Mapping[str, Device],
    policy: Policy,
    now: datetime,
    count: Callable[[str], int],
) -> int:
    """The largest size of a message about these alerts, at any attempt."""
    title, text = texts.gathered(alerts, devices, person.language, policy.zone, now)
    title_of_news, lines = news.write(alerts, devices, person.language, policy.zone)
    most = max(count(f"{title}\n{text}\n"), count(f"{title_of_news}\n{lines}\n"))
    return most + DELAY_CHARACTERS * len(alerts) + PREFIX_CHARACTERS
