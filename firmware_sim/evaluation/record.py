"""What a gateway recorded of a simulation, as plain values. Owns these values; must not judge them.

Times are Unix seconds. The command that reads a gateway's database fills them.
"""

from msgspec import Struct, field


class StoredEvent(Struct, frozen=True, gc=False):
    """An event of the journal."""

    device: str
    id: str
    kind: str
    observed_at: float
    received_at: float


class StoredAlert(Struct, frozen=True, gc=False):
    """An alert. `event`: the id of the event behind it."""

    rule: str
    subject: str
    event: str | None
    opened_at: float
    resolved_at: float | None


class Shown(Struct, frozen=True, gc=False):
    """What pages showed of a trap at a moment."""

    at: float
    device: str
    state: str
    unknown: bool


class StoredCapture(Struct, frozen=True, gc=False):
    """A capture in the papers."""

    device: str
    at: float
    species: str
    count: int


class Interval(Struct, frozen=True, gc=False):
    """A figure with its 95 % limits."""

    value: float | None
    low: float | None
    high: float | None


class RateLine(Struct, frozen=True):
    """Detections of a species per 100 camera-days, of one period, with what they stand on."""

    first_day: int  # local days since 1970
    stop_day: int
    species: str
    rate: Interval
    by_device: dict[str, tuple[int, float]]  # count and camera-days


class SpotLine(Struct, frozen=True, gc=False):
    """A sensor on the map: hot, cold or neither, with its neighbours or alone."""

    device: str
    spot: str
    alone: str


class SitingLine(Struct, frozen=True):
    """The places that were proposed for new traps of one species, (latitude, longitude)."""

    species: str
    places: list[tuple[float, float]]
    reach_m: float  # how far from a sensor places are looked for
    apart_m: float


class EffectLine(Struct, frozen=True):
    """The change of the rate at sensors near the traps and far from them."""

    species: str
    before: tuple[int, int]  # local days, the last one excluded
    after: tuple[int, int]
    near: list[str]
    far: list[str]
    near_ratio: Interval
    far_ratio: Interval


class GatewayRecord(Struct):
    """Everything that is held against the truth."""

    events: list[StoredEvent] = field(default_factory=list)
    alerts: list[StoredAlert] = field(default_factory=list)
    shown: list[Shown] = field(default_factory=list)
    refused_acts: int = 0  # what trappers wrote down and the gateway refused
    captures: list[StoredCapture] = field(default_factory=list)
    refused: dict[str, int] = field(default_factory=dict)  # by reason
    rates: list[RateLine] = field(default_factory=list)
    spots: dict[str, list[SpotLine]] = field(default_factory=dict)  # by species
    siting: list[SitingLine] = field(default_factory=list)
    effect: list[EffectLine] = field(default_factory=list)
    independent_s: float = 1_800.0  # detections of a species at a device closer than this are one
