"""The records that a town sends to its region, as they travel: arrays of plain values. PURE.

Owns their fields, limits and order. Times are ms since 1970 UTC (`_ms`), hours since 1970 UTC, days are local
days of the town since 1970. A record is whole: a later one with the same key takes its place, nothing is
added up. Fields are only ever added, at the end and with a default, so that both sides may be updated one
after the other. People's names, notes, media and exact names of places are not among the fields, or empty
unless the town gives exact places.
"""

from typing import Annotated

from msgspec import Meta, Struct

Number = Annotated[int, Meta(ge=-(1 << 53), le=1 << 53)]
Count = Annotated[int, Meta(ge=0, le=1 << 53)]
Name = Annotated[str, Meta(min_length=1, max_length=512, pattern=r"^[^\x00]*\Z")]
Text = Annotated[str, Meta(max_length=512, pattern=r"^[^\x00]*\Z")]
Word = Annotated[str, Meta(max_length=64, pattern=r"^[^\x00]*\Z")]
Lat = Annotated[float, Meta(ge=-90, le=90)]
Lon = Annotated[float, Meta(ge=-180, le=180)]
Fact = Annotated[float, Meta(ge=-1e9, le=1e9)] | bool
Mesh = Annotated[str, Meta(max_length=8, pattern=r"^[0-9]*\Z")]
Sighted = tuple[Word, Number, Number, Number]
"""species, records, independent, animals"""


class EventRecord(Struct, frozen=True, array_like=True, gc=False):
    """An event. Key: device and id; `no` is its number in the journal of the block."""

    no: Count
    device: Name
    id: Name
    kind: Word
    observed_ms: Number
    received_ms: Number
    quality: Word
    device_ms: Number | None = None
    boot: Number | None = None
    seq: Number | None = None
    species: Word | None = None
    count: Number | None = None
    distinct: bool = False  # one event by its source's own grouping
    facts: dict[Word, Fact] = {}  # battery, radio ...; lat, lon, accuracy_m only at `exact`


class DeviceRecord(Struct, frozen=True, array_like=True, gc=False):
    """A row of the registry. Key: id. Places as exact as the town gives them, else None and ""."""

    id: Name
    role: Word
    standing: Word
    name: Text = ""
    area: Text = ""
    model: Text = ""
    trap_type: Text = ""
    heartbeat_s: Count = 0
    lat: Lat | None = None
    lon: Lon | None = None
    mesh1km: Mesh = ""
    mesh5km: Mesh = ""


class ActionRecord(Struct, frozen=True, array_like=True, gc=False):
    """What somebody did at a trap. Key: id. Who it was does not leave the town."""

    id: Name
    device: Name
    deed: Word
    at_ms: Number
    recorded_ms: Number
    counts: bool  # neither corrected nor taken back
    replaces: Text = ""  # id of the action that it corrects
    is_undo: bool = False
    species: Word | None = None
    count: Number | None = None
    sex: Word | None = None
    age: Word | None = None
    weight_class: Word | None = None
    weight_kg: Annotated[float, Meta(ge=0, le=1e9)] | None = None


class AlertRecord(Struct, frozen=True, array_like=True, gc=False):
    """The life of an alert as it stands now. Key: id. Who answered does not leave the town."""

    id: Name
    rule: Word
    subject: Name  # device, area or part of the gateway; "area" unless the town gives exact places
    level: Word
    status: Word
    observed_ms: Number
    opened_ms: Number
    event: Text = ""  # id of the event behind it
    device: Text = ""
    doubt: Word = ""
    last_ms: Number | None = None
    causes: Count = 1
    acknowledged_ms: Number | None = None
    expected_ms: Number | None = None
    reopened: Count = 0
    reopened_ms: Number | None = None
    resolved_ms: Number | None = None
    how: Text = ""  # the outcome: action:species:count
    outcome: Text = ""  # the id of the action that says so


class PeriodRecord(Struct, frozen=True, array_like=True, gc=False):
    """Effort and sightings of a device in an hour or a local day. Key: device and `at`."""

    device: Name
    at: Number
    alive_ms: Number = 0
    armed_ms: Number = 0
    sightings: tuple[Sighted, ...] = ()


class AgreementRecord(Struct, frozen=True, array_like=True, gc=False):
    """What the town gives to an organisation. Key: id. Holds from `starts_ms` until before `ends_ms`."""

    id: Name
    taker: Name
    level: Word  # exact, 1km or 5km
    starts_ms: Number
    ends_ms: Number
    from_day: Number
    until_day: Number | None
    made_ms: Number
    revoked_ms: Number | None = None


class RequestAnswer(Struct, frozen=True, array_like=True, gc=False):
    """What the town did with a request of its region. Key: id."""

    id: Name
    outcome: Word  # done or refused
    reason: Text
    at_ms: Number


class TownRecord(Struct, frozen=True, array_like=True, gc=False):
    """The town itself; there is one."""

    site: Word
    title: Text
    zone: Word  # IANA zone of its days
    program: Word  # version
    level: Word = ""  # the most exact that anybody is given now; "": no place leaves
    retention_days: Count = 0  # 0: the town keeps every event


class SquareRecord(Struct, frozen=True, array_like=True, gc=False):
    """Sums of a 5 km square and local day, one level up. Key: square and day. None: too small to tell."""

    mesh5km: Mesh
    day: Number
    devices: Number | None
    alive_ms: Number | None
    armed_ms: Number | None
    sightings: tuple[tuple[Word, Number | None, Number | None], ...] = ()
    """species, independent, animals"""
