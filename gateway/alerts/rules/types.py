"""The words of rules: what they are given and what they conclude. PURE.

Owns the seam between rules and the rest. Must not hold a rule.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta, tzinfo
from enum import StrEnum
from functools import cached_property
from hashlib import blake2b
from typing import Protocol

from msgspec import Struct

from gateway.config.thresholds import Limits
from gateway.domain.alerts.rule_name import RuleName
from gateway.domain.epoch import NEVER
from gateway.domain.model import Alert, AlertLevel, Device, DeviceState, Event, Kind

OLD = timedelta(hours=24)  # an appearance that late is for the statistics


class WatchedArea(Protocol):
    """A piece of land that matters (`areas`)."""

    @property
    def name(self) -> str:
        """What people call it."""

    @property
    def living(self) -> bool:
        """Whether people live there."""

    @property
    def species(self) -> tuple[str, ...]:
        """Which animals matter there; empty: all."""

    @property
    def hours(self) -> str:
        """When they matter, local ``HH-HH``."""


class Law(Protocol):
    """What rules know beside the moment: thresholds, land, the site's zone (`policy`)."""

    @property
    def zone(self) -> tzinfo:
        """The site's time zone."""

    def limits(self, device: Device | None) -> Limits:
        """The thresholds of a device; None: of the site."""

    def places(self, lat: float, lon: float) -> Iterable[WatchedArea]:
        """The land that contains a point or lies near it."""


class Change(Struct, frozen=True, dict=True):
    """New events of one device, and its state before and after them."""

    device: Device
    before: DeviceState | None
    after: DeviceState
    events: Sequence[Event]  # in order of occurrence
    now: datetime
    law: Law
    quiet: frozenset[str] = (
        frozenset()
    )  # ids of what only a broker told, of a trap never heard before
    devices: Mapping[str, Device] = {}
    states: Mapping[str, DeviceState] = {}  # of the others, before this batch

    @cached_property
    def appearances(self) -> list[Event]:
        """Detections that alert: fresh, of a wild animal, and sure enough."""
        limits = self.law.limits(self.device)
        oldest = self.now - OLD
        return [
            event
            for event in self.events
            if event.kind is Kind.DETECTION
            and event.observed_at >= oldest
            and event.species not in limits.ignored_species
            and (event.confidence is None or event.confidence >= limits.least_confidence)
        ]


class UnapprovedCaptures(Struct, frozen=True):
    """Captures reported by devices that nobody approved, and of which nobody was told yet."""

    now: datetime
    springs: Sequence[Event]  # one of each device
    unlisted: Sequence[Event]  # of devices whose names had no room in the list
    lately: int = 0  # such devices that people were told of within the hour


class Condition(Struct, frozen=True):
    """A condition that holds: since when, and what a person must know."""

    since: datetime
    note: str = ""


class Tick(Struct, frozen=True):
    """Time has passed: everything known at `now`."""

    now: datetime
    devices: Mapping[str, Device]  # approved ones only
    states: Mapping[str, DeviceState]
    open: Sequence[Alert]
    law: Law
    listening: datetime | None = NEVER  # since when the broker can reach us; None: it cannot
    outages: Sequence[Alert] = ()  # of `many_silent`, over for less than a week
    faults: Mapping[str, str] = {}  # part of the gateway -> what is wrong with it
    floods: Mapping[str, Condition] = {}  # topic filter -> how many names appear under it
    doubles: Mapping[str, Condition] = {}  # device -> the boot numbers that two boards use


class End(Struct, frozen=True):
    """An open alert whose cause is gone."""

    rule: str
    subject: str
    by: str


class Ruling(Struct):
    """What a rule concludes."""

    opens: list[Alert] = []
    ends: list[End] = []


class Audience(StrEnum):
    """Who hears of an alert first."""

    FIELD = "field"  # trappers of the place
    OFFICE = "office"
    ALL = "all"


OnChange = Callable[["Rule", Change], Ruling]
OnReports = Callable[["Rule", UnapprovedCaptures], Ruling]
OnDevice = Callable[[Device, DeviceState, Tick, Limits, bool], Condition | None]
"""Whether a condition holds of a device; the bool: whether its alert is open (for hysteresis)."""
OnSite = Callable[[Tick, frozenset[str]], Mapping[str, Condition]]
"""The subjects for which a condition holds; the set: subjects whose alert is open."""
StillSo = Callable[[Alert, Tick], bool]
"""Whether an open alert of an event's rule still stands when time has passed."""


class Rule(Struct, frozen=True, kw_only=True):
    """A row of the table. Events open it (`on_change`), or time does (`on_device`, `on_site`)."""

    name: RuleName
    level: AlertLevel
    ja: str
    en: str
    opens: str  # for the documentation
    ends: str
    audience: Audience = Audience.FIELD
    urgent: bool = False  # quiet hours and digests do not hold it back
    gathered: bool = (
        True  # may share a message with others, which then names kinds and numbers only
    )
    on_change: OnChange | None = None
    on_reports: OnReports | None = None  # of devices that do not count
    still: StillSo | None = None
    on_device: OnDevice | None = None
    on_site: OnSite | None = None

    @property
    def title_ja(self) -> str:
        """The name in Japanese."""
        return self.ja

    @property
    def title_en(self) -> str:
        """The name in English."""
        return self.en

    @property
    def is_condition(self) -> bool:
        """Lasts as long as its cause: a person may take care of it, not wish it away."""
        return self.on_device is not None or self.on_site is not None


def alert_id(rule: str, subject: str, cause: str) -> str:
    """The same alert for the same cause, however often it is judged (16 hex digits)."""
    return blake2b(f"{rule}\0{subject}\0{cause}".encode(), digest_size=8).hexdigest()
