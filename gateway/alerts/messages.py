"""Letters: what one parcel says to one person. No I/O.

Owns how a parcel becomes title, text and link. The sentences are `wording`'s.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from gateway.alerts import texts
from gateway.alerts.channels import Notification
from gateway.alerts.links import Links
from gateway.alerts.policy import Policy
from gateway.domain.alerts.lifecycle import STEPS_PER_ROUND, WITHDRAWAL_STEP
from gateway.domain.model import URGENT, Alert, Device
from gateway.domain.people.person import Person
from gateway.store.tables.outbox import ClaimedDelivery

Fits = Callable[[Sequence[Alert]], int]
"""How many of some alerts, from the first on, one letter can name."""

GROWTH = 14  # of a line, when a later attempt says how late it is
BEFORE = 30  # of a title, when it asks again or takes back


def write(
    parcel: ClaimedDelivery,
    person: Person,
    devices: Mapping[str, Device],
    policy: Policy,
    links: Links,
    now: datetime,
) -> Notification:
    """The letter of a parcel; its key is the same at every attempt."""
    alert, language = parcel.alert, person.language
    step = parcel.step % STEPS_PER_ROUND
    asked = policy.steps[step - 1].duty if 0 < step <= len(policy.steps) else ""
    if len(parcel.alerts) > 1:
        title, text = texts.gathered(parcel.alerts, devices, language, policy.zone, now, asked)
        link = policy.traps_page
    else:
        title = texts.title(alert, language, asked, over=step == WITHDRAWAL_STEP)
        device = devices.get(alert.subject)
        text = texts.text(alert, device, language, policy.zone, now)
        link = links.url(alert.id, parcel.person, parcel.since, str(parcel.no))
    return Notification(
        key=f"{alert.id}-{parcel.person}-{parcel.channel}-{parcel.step}",
        title=title,
        text=text,
        urgent=any(one.level in URGENT for one in parcel.alerts),
        link=link,
        alerts=parcel.alerts,
        over=step == WITHDRAWAL_STEP,
    )


def size(
    alerts: Sequence[Alert],
    person: Person,
    devices: Mapping[str, Device],
    policy: Policy,
    now: datetime,
    count: Callable[[str], int],
) -> int:
    """The most that a letter about these alerts will measure, at whatever attempt."""
    title, text = texts.gathered(alerts, devices, person.language, policy.zone, now)
    return count(f"{title}\n{text}\n") + GROWTH * len(alerts) + BEFORE
