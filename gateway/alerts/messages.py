"""Letters: what one parcel says to one person. No I/O.

Owns how a parcel becomes title, text and link. The sentences are `wording`'s.
"""

from collections.abc import Mapping
from datetime import datetime

from gateway.alerts import texts
from gateway.alerts.channels import Notification
from gateway.alerts.links import Links
from gateway.alerts.policy import Policy
from gateway.config import Person
from gateway.domain.alerts.lifecycle import STEPS_A_ROUND, TAKE_BACK
from gateway.domain.model import URGENT, Device
from gateway.store.tables.outbox import ClaimedDelivery


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
    step = parcel.step % STEPS_A_ROUND
    if len(parcel.alerts) > 1:
        title, text = texts.gathered(parcel.alerts, language)
    else:
        asked = policy.steps[step - 1].duty if 0 < step <= len(policy.steps) else ""
        title = texts.title(alert, language, asked, over=step == TAKE_BACK)
        device = devices.get(alert.subject)
        text = texts.text(alert, device, language, policy.zone, now)
    link = links.url(alert.id, parcel.person, parcel.since, str(parcel.no))
    return Notification(
        key=f"{alert.id}-{parcel.person}-{parcel.channel}-{parcel.step}",
        title=title,
        text=text,
        urgent=any(one.level in URGENT for one in parcel.alerts),
        link=link if len(parcel.alerts) == 1 else "",
        alerts=parcel.alerts,
        over=step == TAKE_BACK,
    )
