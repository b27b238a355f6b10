"""The site's policy: thresholds, land, and who is notified of what, when and how. No I/O.

Owns what the configuration means for rules and recipients. Built once, used in every transaction. Must
not send.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from gateway.alerts.channels.table import row_of
from gateway.alerts.rules import TABLE, Audience
from gateway.config import Alerts, Config, ConfigError
from gateway.config.actions import Actions
from gateway.config.people import person_of
from gateway.config.site_limits import SiteLimits
from gateway.config.thresholds import Limits, end_hour, within
from gateway.domain.alerts import lifecycle as alert_lifecycle
from gateway.domain.alerts.lifecycle import (
    LATE_STEP,
    MISSING_STEP,
    STEPS_PER_ANSWER,
    STEPS_PER_ROUND,
    WITHDRAWAL_STEP,
    Duty,
    EscalationStep,
    PlannedDelivery,
)
from gateway.domain.geo.areas import Areas, WatchedLand
from gateway.domain.model import URGENT, Alert, Device
from gateway.domain.people import rota
from gateway.domain.people.permissions import matches
from gateway.domain.people.person import Person
from gateway.domain.traps.visits import VisitPlan

WARN_AT = 0.7  # of a quota
DeliveryQueue = tuple[str, str]
"""(person, channel)."""

_FIRST = {
    Audience.FIELD: {Duty.TRAPPER},
    Audience.OFFICE: {Duty.OFFICE},
    Audience.ALL: set(Duty),
}


class Policy:
    """The policy of one site."""

    def __init__(
        self,
        config: Config | None = None,
        areas: Iterable[WatchedLand] = (),
        people: Mapping[str, Person] | None = None,
    ) -> None:
        """`people`: those of the database; None: it has none, and those of the file are used."""
        config = config or Config()
        self.zone = ZoneInfo(config.site.timezone)
        self.alerts: Alerts = config.alerts
        self.actions: Actions = config.actions
        self.reports = config.reports
        self.people: Mapping[str, Person] = {one.name: person_of(one) for one in config.people}
        if people is None:
            _check(config)
        self.know(people)
        public_url = config.dashboard.public_url.rstrip("/")
        self.traps_page = f"{public_url}/traps" if public_url else ""
        self._rota = config.rota
        self._quotas = {quota.channel: quota for quota in config.quotas}
        self._limits = SiteLimits(config.rules, config.overrides)
        self._areas = Areas(areas)
        a = self.alerts
        self.steps: Sequence[EscalationStep] = alert_lifecycle.plan(
            a.remind_every_min, a.remind_times, a.deputy_after_min, a.office_after_min
        )
        self.missing_steps = alert_lifecycle.missing_plan(a.missing_remind_h)
        self.late_steps: Sequence[EscalationStep] = alert_lifecycle.late_plan(
            a.remind_every_min, a.remind_times, a.deputy_after_min, a.office_after_min
        )

    def know(self, people: Mapping[str, Person] | None) -> None:
        """Use the people of the database as of a commit; None: it has none."""
        if people is not None:
            self.people = people

    def resting(self, now: datetime) -> set[str]:
        """People of a rota who are not on duty."""
        return rota.resting(self._rota, self.people.values(), now.astimezone(self.zone).date())

    def limits(self, device: Device | None) -> Limits:
        """The thresholds of a device; None: of the site."""
        return self._limits.of(device)

    def use_limits(self, limits: SiteLimits) -> None:
        """Use other thresholds from now on."""
        self._limits = limits

    @property
    def visit_plan(self) -> VisitPlan:
        """How often each trap must be visited."""
        return VisitPlan(self.zone, self._visit_days)

    def _visit_days(self, device: Device) -> int:
        limits = self.limits(device)
        return limits.visit_every_days if limits.visit_due_hour >= 0 else 0

    def places(self, lat: float, lon: float) -> Iterable[WatchedLand]:
        """The watched land that contains a point or is near it."""
        return self._areas.around(lat, lon)

    def land(self, name: str) -> WatchedLand | None:
        """The watched land of a name."""
        return self._areas.by_name.get(name)

    def first(self, alert: Alert, device: Device | None, now: datetime) -> list[PlannedDelivery]:
        """The deliveries of a new alert."""
        audience = TABLE[alert.rule].audience if alert.rule in TABLE else Audience.ALL
        wanted = self._responsible(_FIRST[audience], alert, device, now)
        return self._deliveries(wanted or self._reachable(), alert, now, 0)

    def to(self, name: str, alert: Alert, now: datetime) -> list[PlannedDelivery]:
        """The deliveries of an alert that concerns one person alone."""
        return self._deliveries(
            [one for one in self._reachable() if one.name == name], alert, now, 0
        )

    def step(
        self, alert: Alert, device: Device | None, now: datetime, number: int, step: EscalationStep
    ) -> list[PlannedDelivery]:
        """The deliveries of an escalation step; empty if nobody has that duty."""
        return self._deliveries(
            self._responsible({step.duty}, alert, device, now), alert, now, number
        )

    def expects_outcome(self, alert: Alert) -> bool:
        """Whether whoever acknowledges it is expected there, and asked for the outcome."""
        return alert.rule in TABLE and TABLE[alert.rule].expects_outcome

    def ask(
        self, alert: Alert, device: Device | None, now: datetime, number: int, step: EscalationStep
    ) -> list[PlannedDelivery]:
        """The deliveries of a step while an outcome is missing."""
        people = self._responsible({step.duty}, alert, device, now)
        return self._deliveries(people, alert, now, MISSING_STEP + number)

    def late(
        self, alert: Alert, device: Device | None, now: datetime, number: int, step: EscalationStep
    ) -> list[PlannedDelivery]:
        """The deliveries of a step after the expected time: first to whoever is on the way."""
        going = [one for one in self._reachable() if one.name == alert.acknowledged_by]
        if step.duty is not Duty.TRAPPER or not going:
            going = self._responsible({step.duty}, alert, device, now)
        numbered = alert.answers * STEPS_PER_ANSWER + LATE_STEP + number
        return self._deliveries(going, alert, now, numbered)

    def news(
        self, alert: Alert, now: datetime, told: Collection[DeliveryQueue], step: int, by: str
    ) -> list[PlannedDelivery]:
        """The deliveries of a change of an alert to people who were notified of it, each by one channel.

        `told`: the (person, channel) that may have been notified; `by`: who made the change.
        """
        at = now + timedelta(seconds=self.alerts.gather_s)
        numbered = alert.answers * STEPS_PER_ANSWER + alert.reopened * STEPS_PER_ROUND + step
        found = []
        for person in self.people.values():
            ways = [one.id for one in person.channels if not row_of(one.url).takes_back]
            if heard := [way for way in ways if (person.name, way) in told and person.name != by]:
                due = self._after_quiet(person, at)
                found.append(PlannedDelivery(person.name, heard[0], due, True, numbered))
        return found

    def over(
        self, alert: Alert, now: datetime, told: Collection[tuple[str, str]]
    ) -> list[PlannedDelivery]:
        """The deliveries of an alert's end, to channels that machines read.

        `told`: the (person, channel) that may have been notified of the alert.
        """
        step = alert.reopened * STEPS_PER_ROUND + WITHDRAWAL_STEP
        return [
            PlannedDelivery(person.name, channel.id, now, False, step)
            for person in self.people.values()
            for channel in person.channels
            if (row := row_of(channel.url)).takes_back
            and (row.is_shared or (person.name, channel.id) in told)
        ]

    def month(self, now: datetime) -> datetime:
        """The beginning of the site's calendar month, for quotas."""
        local = now.astimezone(self.zone)
        first = local.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
        return first.astimezone(now.tzinfo)

    def sent(self, by_queue: Mapping[tuple[str, str], int]) -> Counter[str]:
        """Messages by the scheme of their channel."""
        counts: Counter[str] = Counter()
        for (name, channel), count in by_queue.items():
            person = self.people.get(name)
            if person and (scheme := person.scheme(channel)):
                counts[scheme] += count
        return counts

    def may_send(self, scheme: str, sent: int, *, urgent: bool) -> bool:
        """Whether the month's quota allows a message; captures and dangers are always sent."""
        quota = self._quotas.get(scheme)
        return urgent or quota is None or sent < quota.month - quota.reserve

    def month_quota(self, scheme: str) -> int | None:
        """The quota of a channel in messages per month; None: no quota."""
        quota = self._quotas.get(scheme)
        return quota.month if quota else None

    def left(self, scheme: str, sent: int) -> int:
        """The messages that are left of the month's quota after `sent`."""
        return max(0, (self.month_quota(scheme) or 0) - sent)

    def short(self, sent: Mapping[str, int]) -> dict[str, str]:
        """Channels that have used WARN_AT of their quota: scheme -> "sent/quota"."""
        return {
            scheme: f"{sent[scheme]}/{quota.month}"
            for scheme, quota in self._quotas.items()
            if sent.get(scheme, 0) >= WARN_AT * quota.month
        }

    def _responsible(
        self, duties: set[Duty], alert: Alert, device: Device | None, now: datetime
    ) -> list[Person]:
        resting = self.resting(now)
        names = (device.id, device.area) if device else tuple(alert.subject.split("/"))
        return [
            person
            for person in self._reachable()
            if duties.intersection(person.duties)
            and (not person.places or matches(person.places, names))
            and person.name not in resting
        ]

    def _reachable(self) -> list[Person]:
        """People with a channel: a person without one must not count as a recipient."""
        return [person for person in self.people.values() if person.channels]

    def _deliveries(
        self, people: Iterable[Person], alert: Alert, now: datetime, number: int
    ) -> list[PlannedDelivery]:
        step = alert.reopened * STEPS_PER_ROUND + number
        return [
            PlannedDelivery(person.name, channel.id, *self._when(person, alert, now), step)
            for person in people
            for channel in person.channels
        ]

    def _when(self, person: Person, alert: Alert, now: datetime) -> tuple[datetime, bool]:
        """When a person wants a message, and whether it may share a message with other alerts."""
        if alert.level in URGENT:
            return now, False
        rule = TABLE.get(alert.rule)
        if rule and rule.urgent:
            return now, rule.gathered
        at = now + timedelta(seconds=self.alerts.gather_s)
        if alert.level in person.digest:
            at = self.next_hour(at, self.alerts.digest_hour)
        return self._after_quiet(person, at), True

    def _after_quiet(self, person: Person, at: datetime) -> datetime:
        """When a message that may wait is sent: not in a person's quiet hours."""
        if within(person.quiet, at.astimezone(self.zone)):
            return self.next_hour(at, end_hour(person.quiet))
        return at

    def next_hour(self, at: datetime, hour: int) -> datetime:
        """The next time at which the site's clock shows `hour` o'clock."""
        local = at.astimezone(self.zone)
        wanted = local.replace(hour=hour % 24, minute=0, second=0, microsecond=0)
        if wanted < local:
            wanted += timedelta(days=1)
        return wanted.astimezone(at.tzinfo)


def _check(config: Config) -> None:
    people = {person.name for person in config.people}
    groups = {group for person in config.people for group in person.groups}
    if both := people & groups:
        raise ConfigError(f"people: {min(both)} is the name of a person and of a group")
    known = people | groups
    for turns in config.rota:
        if unknown := set(turns.people) - known:
            raise ConfigError(f"rota: no such person or group: {', '.join(sorted(unknown))}")
