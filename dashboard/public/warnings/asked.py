"""Reads what somebody asks for, and stores it until it is confirmed.

Owns the fields of the form, and how many subscriptions an address and a site may have. The answer to whoever
asks is the same whether the address was known or not. Must not know a page.
"""

import re
import secrets
from collections.abc import Mapping
from datetime import datetime

from gateway.domain.alerts.lifecycle import DeliveryStatus
from gateway.domain.geo import degrees
from gateway.domain.geo.degrees import Axis
from gateway.domain.reports.warning import (
    HOUR,
    MOST_OF_MAIL,
    Subscription,
    SubscriptionError,
    check,
)
from gateway.domain.species import BY_CODE, PERSON
from gateway.store import Transaction
from gateway.words.catalogue import Language

RADII_M = (300, 500, 1_000, 2_000, 3_000, 5_000, 10_000)
HOURS = ("00-24", "06-18", "06-22", "16-08", "18-06")
MAIL = re.compile(
    r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,8}\Z"
)
MOST = 20_000  # subscriptions of a site


def read(given: Mapping[str, str], language: Language, now: datetime) -> Subscription:
    """A subscription that nobody has confirmed. Raises SubscriptionError."""
    mail = given.get("mail", "").strip()
    if not MAIL.match(mail):
        raise SubscriptionError("mail", "warning_error.mail")
    hours = given.get("hours", HOURS[0])
    if hours not in HOURS:
        raise SubscriptionError("hours", "warning_error.hours")
    chosen = given.get("species", "").split()
    subscription = Subscription(
        id=secrets.token_hex(16),
        token=secrets.token_hex(32),
        mail=mail,
        lat=_degrees(given, "lat"),
        lon=_degrees(given, "lon"),
        radius_m=_radius(given.get("radius_m", "")),
        species=tuple(one for one in chosen if one in BY_CODE and one != PERSON),
        hours=hours,
        language=language,
        asked_at=now,
    )
    check(subscription)
    return subscription


def ask(tx: Transaction, asked: Subscription, now: datetime) -> None:
    """Store it and plan the mail that asks for the confirmation. Raises SubscriptionError when it is full.

    An address is asked at most once an hour, and has at most MOST_OF_MAIL subscriptions.
    """
    if tx.warnings.count() >= MOST:
        raise SubscriptionError("mail", "warning_error.full")
    known = tx.warnings.of_mail(asked.mail)
    if len(known) >= MOST_OF_MAIL or any(now - one.asked_at < HOUR for one in known):
        return
    tx.warnings.put(asked)
    tx.warnings.add_mail(asked.id, "", now, DeliveryStatus.WAITING)


def _degrees(given: Mapping[str, str], axis: Axis) -> float:
    try:
        return degrees.read(given.get(axis, "")[:80], axis)[0]
    except degrees.DegreesError:
        raise SubscriptionError("place", "report_error.place") from None


def _radius(text: str) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > 6:
        raise SubscriptionError("radius", "warning_error.radius")
    return int(text)
