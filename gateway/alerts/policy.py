"""The site's policy: thresholds, land, and who is told what, when and how. No I/O.

Owns what the configuration means for rules and recipients. Built once; asked in every transaction.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from fnmatch import fnmatchcase
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from gateway.alerts.channels.table import row_of, scheme_of
from gateway.alerts.rules import TABLE, Audience
from gateway.config import Alerts, Config, ConfigError, Override, Person
from gateway.config.messages import explain
from gateway.config.thresholds import Limits, within
from gateway.domain.alerts import lifecycle as alert_lifecycle
from gateway.domain.alerts.lifecycle import (
    STEPS_PER_ROUND,
    WITHDRAWAL_STEP,
    Duty,
    EscalationStep,
    PlannedDelivery,
)
from gateway.domain.geo.areas import Areas, WatchedLand
from gateway.domain.model import URGENT, Alert, Device

WARN_AT = 0.7  # of a quota

_FIRST = {
    Audience.FIELD: {Duty.TRAPPER},
    Audience.OFFICE: {Duty.OFFICE},
    Audience.ALL: set(Duty),
}


class Policy:
    """What one site has decided."""

    def __init__(self, config: Config | None = None, areas: Iterable[WatchedLand] = ()) -> None:
        config = config or Config()
        self.zone = ZoneInfo(config.site.timezone)
        self.alerts: Alerts = config.alerts
        self.people: Mapping[str, Person] = {person.name: person for person in config.people}
        public_url = config.dashboard.public_url.rstrip("/")
        self.traps_page = f"{public_url}/traps" if public_url else ""
        self._rota = config.rota
        self._quotas = {quota.channel: quota for quota in config.quotas}
        self._site, self._overrides = config.rules, _overrides(config.rules, config.overrides)
        self._areas = Areas(areas)
        self._limits = lru_cache(16_384)(self._find_limits)
        a = self.alerts
        self.steps: Sequence[EscalationStep] = alert_lifecycle.plan(
            a.remind_every_min, a.remind_times, a.deputy_after_min, a.office_after_min
        )
        _check(config)

    def limits(self, device: Device | None) -> Limits:
        """The thresholds of a device; None: of the site."""
        if device is None or not self._overrides:
            return self._site
        return self._limits(device.id, device.area)

    def places(self, lat: float, lon: float) -> Iterable[WatchedLand]:
        """The land that contains a point or lies near it."""
        return self._areas.around(lat, lon)

    def first(self, alert: Alert, device: Device | None, now: datetime) -> list[PlannedDelivery]:
        """Whom a new alert goes to."""
        audience = TABLE[alert.rule].audience if alert.rule in TABLE else Audience.ALL
        wanted = self._responsible(_FIRST[audience], alert, device, now)
        return self._promises(wanted or list(self.people.values()), alert, now, 0)

    def step(
        self, alert: Alert, device: Device | None, now: datetime, number: int, step: EscalationStep
    ) -> list[PlannedDelivery]:
        """Whom a step of the plan goes to; nobody has the duty: nobody new is told."""
        return self._promises(
            self._responsible({step.duty}, alert, device, now), alert, now, number
        )

    def over(self, alert: Alert, now: datetime) -> list[PlannedDelivery]:
        """Machines that must hear that an alert has ended."""
        step = alert.reopened * STEPS_PER_ROUND + WITHDRAWAL_STEP
        return [
            PlannedDelivery(person.name, str(place), now, False, step)
            for person in self.people.values()
            for place, url in enumerate(person.channels)
            if row_of(url).takes_back
        ]

    def month(self, now: datetime) -> datetime:
        """The beginning of the calendar month that quotas count."""
        local = now.astimezone(self.zone)
        first = local.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
        return first.astimezone(now.tzinfo)

    def sent(self, by_lane: Mapping[tuple[str, str], int]) -> Counter[str]:
        """Letters by the scheme of their channel."""
        counts: Counter[str] = Counter()
        for (name, place), count in by_lane.items():
            person = self.people.get(name)
            if person and int(place) < len(person.channels):
                counts[scheme_of(person.channels[int(place)])] += count
        return counts

    def may_send(self, scheme: str, sent: int, *, urgent: bool) -> bool:
        """Whether the month's quota allows a letter; captures and dangers are always tried."""
        quota = self._quotas.get(scheme)
        return urgent or quota is None or sent < quota.month - quota.reserve

    def month_quota(self, scheme: str) -> int | None:
        """How many messages a month a channel may send; None: any number."""
        quota = self._quotas.get(scheme)
        return quota.month if quota else None

    def left(self, scheme: str, sent: int) -> int:
        """How many messages of the month's quota are left after so many."""
        return max(0, (self.month_quota(scheme) or 0) - sent)

    def short(self, sent: Mapping[str, int]) -> dict[str, str]:
        """Channels that have used WARN_AT of their quota: scheme -> how much."""
        return {
            scheme: f"{sent[scheme]}/{quota.month}"
            for scheme, quota in self._quotas.items()
            if sent.get(scheme, 0) >= WARN_AT * quota.month
        }

    def _responsible(
        self, duties: set[Duty], alert: Alert, device: Device | None, now: datetime
    ) -> list[Person]:
        resting = self._resting(now.astimezone(self.zone).date())
        names = (device.id, device.area) if device else tuple(alert.subject.split("/"))
        return [
            person
            for person in self.people.values()
            if person.duty in duties
            and (not person.devices or _matches(person.devices, names))
            and person.name not in resting
        ]

    def _resting(self, today: date) -> set[str]:
        """People of a rota whose turn it is not."""
        resting: set[str] = set()
        for rota in self._rota:
            turns = (today - rota.since).days // rota.days
            everybody: set[str] = set().union(*map(self._members, rota.people))
            resting |= everybody - self._members(rota.people[turns % len(rota.people)])
        return resting

    def _members(self, name: str) -> set[str]:
        """The people behind a name: that of a group, or of one person."""
        return {p.name for p in self.people.values() if name == p.name or name in p.groups}

    def _promises(
        self, people: Iterable[Person], alert: Alert, now: datetime, number: int
    ) -> list[PlannedDelivery]:
        step = alert.reopened * STEPS_PER_ROUND + number
        return [
            PlannedDelivery(person.name, str(place), *self._when(person, alert, now), step)
            for person in people
            for place, _ in enumerate(person.channels)
        ]

    def _when(self, person: Person, alert: Alert, now: datetime) -> tuple[datetime, bool]:
        """When a person wants to hear of it, and whether together with other news."""
        if alert.level in URGENT:
            return now, False
        rule = TABLE.get(alert.rule)
        if rule and rule.urgent:
            return now, rule.gathered
        at = now + timedelta(seconds=self.alerts.gather_s)
        if alert.level in person.digest:
            at = self.next_hour(at, self.alerts.digest_hour)
        if within(person.quiet, at.astimezone(self.zone)):
            at = self.next_hour(at, int(person.quiet[-2:]))
        return at, True

    def next_hour(self, at: datetime, hour: int) -> datetime:
        """The next time the site's clock shows `hour` o'clock."""
        local = at.astimezone(self.zone)
        wanted = local.replace(hour=hour % 24, minute=0, second=0, microsecond=0)
        if wanted < local:
            wanted += timedelta(days=1)
        return wanted.astimezone(at.tzinfo)

    def _find_limits(self, device: str, area: str) -> Limits:
        for patterns, limits in reversed(self._overrides):
            if _matches(patterns, (device, area)):
                return limits
        return self._site


def _overrides(site: Limits, overrides: Sequence[Override]) -> list[tuple[tuple[str, ...], Limits]]:
    return [(one.devices, _merge(site, one.limits)) for one in overrides]


def _merge(site: Limits, changes: dict[str, Any]) -> Limits:
    try:
        return msgspec.convert(msgspec.structs.asdict(site) | changes, Limits)
    except msgspec.ValidationError as error:
        raise ConfigError(f"overrides.limits: {explain(str(error), changes, Limits)}") from None


def _check(config: Config) -> None:
    people = {person.name for person in config.people}
    groups = {group for person in config.people for group in person.groups}
    if both := people & groups:
        raise ConfigError(f"people: {min(both)} is the name of a person and of a group")
    known = people | groups
    for rota in config.rota:
        if unknown := set(rota.people) - known:
            raise ConfigError(f"rota: no such person or group: {', '.join(sorted(unknown))}")


def _matches(patterns: Iterable[str], names: Iterable[str]) -> bool:
    return any(fnmatchcase(name, pattern) for name in names if name for pattern in patterns)
