"""The types of rules: their input and their conclusions. PURE.

Owns the interface between rules and the rest. Must not contain a rule.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta, tzinfo
from enum import StrEnum
from hashlib import blake2b
from typing import Protocol

from msgspec import Struct
from msgspec.structs import force_setattr

from gateway.config.thresholds import Limits
from gateway.domain.alerts.rule_name import RuleName
from gateway.domain.epoch import NEVER
from gateway.domain.model import Alert, AlertLevel, Device, DeviceState, Event, Kind
from gateway.domain.traps.visits import VisitPlan

_DETECTION = Kind.DETECTION  # looking a member up costs Python 3.11 a call
MAX_AGE = timedelta(hours=24)  # older detections give no alert, they only count in statistics


class WatchedArea(Protocol):
    """A piece of watched land (`domain.geo.areas`)."""

    @property
    def name(self) -> str:
        """The name for people."""

    @property
    def living(self) -> bool:
        """Whether people live there."""

    @property
    def species(self) -> tuple[str, ...]:
        """The watched species; empty: all."""

    @property
    def hours(self) -> str:
        """The watched local hours, ``HH-HH``."""


class SitePolicy(Protocol):
    """The part of the site's policy that rules need: thresholds, land, time zone (`policy`)."""

    @property
    def zone(self) -> tzinfo:
        """The site's time zone."""

    @property
    def visit_plan(self) -> VisitPlan:
        """How often each trap must be visited."""

    def limits(self, device: Device | None) -> Limits:
        """The thresholds of a device; None: of the site."""

    def places(self, lat: float, lon: float) -> Iterable[WatchedArea]:
        """The watched land that contains a point or is near it."""


class Change(Struct, frozen=True, gc=False):
    """New events of one device, and its state before and after them."""

    device: Device
    before: DeviceState | None
    after: DeviceState
    events: Sequence[Event]  # in order of occurrence
    now: datetime
    policy: SitePolicy
    quiet: frozenset[str] = frozenset()  # ids of retained events of a trap that is new to us
    devices: Mapping[str, Device] = {}
    states: Mapping[str, DeviceState] = {}  # of other devices, before this batch
    limits: Limits = Limits()  # of `device`, by `policy`
    appearances: Sequence[Event] = ()  # those of `events` that may alert as an animal's appearance
    in_places: Sequence[tuple[Event, WatchedArea]] = ()  # those in or near watched land, with it

    def __post_init__(self) -> None:
        """Find what several rules read, once for all of them."""
        limits = self.policy.limits(self.device)
        force_setattr(self, "limits", limits)
        if found := _appearances(self.events, limits, self.now - MAX_AGE):
            force_setattr(self, "appearances", found)
            force_setattr(self, "in_places", _in_places(found, self.device, self.policy))


def _appearances(events: Sequence[Event], limits: Limits, oldest: datetime) -> list[Event]:
    """Detections that may alert: recent, of a wild animal, confident enough."""
    return [
        event
        for event in events
        if event.kind is _DETECTION
        and event.count != 0
        and event.observed_at >= oldest
        and event.species not in limits.ignored_species
        and (event.confidence is None or event.confidence >= limits.least_confidence)
    ]


def _in_places(
    events: Sequence[Event], device: Device, policy: SitePolicy
) -> list[tuple[Event, WatchedArea]]:
    found = []
    for event in events:
        lat = event.lat if event.lat is not None else device.lat
        lon = event.lon if event.lon is not None else device.lon
        if lat is not None and lon is not None:
            found += [(event, place) for place in policy.places(lat, lon)]
    return found


class UnapprovedCaptures(Struct, frozen=True):
    """Captures reported by devices that are not approved, not yet notified."""

    now: datetime
    springs: Sequence[Event]  # one per device
    unlisted: Sequence[Event]  # from devices for whose names the list had no room
    lately: int = 0  # such devices notified within the last hour


class Condition(Struct, frozen=True):
    """A condition that holds: since when, and details for a person."""

    since: datetime
    note: str = ""


class Tick(Struct, frozen=True):
    """Everything known at `now`, when time has passed."""

    now: datetime
    devices: Mapping[str, Device]  # approved ones only
    states: Mapping[str, DeviceState]
    open: Sequence[Alert]
    policy: SitePolicy
    listening: datetime | None = NEVER  # since when messages arrive; None: no connection
    outages: Sequence[Alert] = ()  # `many_silent` alerts that ended within a week
    faults: Mapping[str, str] = {}  # part of the gateway -> what is wrong with it
    floods: Mapping[str, Condition] = {}  # topic filter -> number of unlisted names under it
    doubles: Mapping[str, Condition] = {}  # device -> boot numbers of two boards
    missing: Mapping[str, Condition] = {}  # trap -> since when an outcome is missing


class End(Struct, frozen=True):
    """The end of an open alert; `by`: the person or the cause."""

    rule: str
    subject: str
    by: str
    how: str = ""  # the outcome that a person recorded: action:species:count
    outcome: str = ""  # the id of the action that says so


class Ruling(Struct, frozen=True):
    """The conclusions of a rule, or of all."""

    opens: Sequence[Alert] = ()
    ends: Sequence[End] = ()


NOTHING = Ruling()  # the conclusion of most rules about most changes


class Audience(StrEnum):
    """Who is notified first."""

    FIELD = "field"  # trappers of the place
    OFFICE = "office"
    ALL = "all"


OnChange = Callable[["Rule", Change], Ruling]
OnReports = Callable[["Rule", UnapprovedCaptures], Ruling]
OnDevice = Callable[[Device, DeviceState, Tick, Limits, bool], Condition | None]
"""Whether a condition holds for a device; the bool: whether its alert is open (for hysteresis)."""
OnSite = Callable[[Tick, frozenset[str]], Mapping[str, Condition]]
"""The subjects for which a condition holds; the set: subjects whose alert is open."""
StillOpen = Callable[[Alert, Tick], bool]
"""Whether an open alert of a rule about events stays open."""


class Rule(Struct, frozen=True, kw_only=True):
    """A row of the rule table: opened by events (`on_change`) or by time (`on_device`, `on_site`)."""

    name: RuleName
    level: AlertLevel
    opens: str  # for the documentation
    ends: str
    audience: Audience = Audience.FIELD
    urgent: bool = False  # not delayed by quiet hours and digests
    gathered: bool = True  # may share a message with other alerts
    expects_outcome: bool = False  # whoever acknowledges is expected, and asked for the outcome
    on_change: OnChange | None = None
    kinds: frozenset[Kind] | None = None  # of events that `on_change` looks for; None: any change
    on_reports: OnReports | None = None  # reports of devices that are not approved
    still: StillOpen | None = None
    on_device: OnDevice | None = None
    on_site: OnSite | None = None

    @property
    def is_condition(self) -> bool:
        """Whether the alert lasts as long as its cause; a person cannot end it."""
        return self.on_device is not None or self.on_site is not None


def alert_id(rule: str, subject: str, cause: str) -> str:
    """The id of an alert, 16 hex digits; the same cause always gives the same id."""
    return blake2b(f"{rule}\0{subject}\0{cause}".encode(), digest_size=8).hexdigest()
