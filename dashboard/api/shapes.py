"""The shapes of questions and answers, as types: JSON Schemas and checks are made from them. PURE.

Owns these types. A field may be added; one is never renamed or taken away within `/api/v1`.
"""

from typing import Annotated, Generic, Literal, TypeVar

from msgspec import UNSET, Meta, Struct, UnsetType

from dashboard.live.device_view import DeviceView

MOST_ITEMS = 1_000
MOST_DAYS = 3_660

T = TypeVar("T")

Limit = Annotated[int, Meta(ge=1, le=MOST_ITEMS, description="items of one page")]
Cursor = Annotated[
    str, Meta(max_length=400, description="`next` of the page before; empty: the first page")
]
Days = Annotated[int, Meta(ge=1, le=MOST_DAYS, description="the last so many local days")]
Species = Annotated[str, Meta(max_length=80, description="one species; empty: all together")]


class Nothing(Struct, frozen=True, forbid_unknown_fields=True):
    """No parameter."""


class Paging(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The parameters of a list."""

    limit: Limit = 100
    cursor: Cursor = ""


class RatePaging(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The parameters of the list of rates."""

    limit: Limit = 100
    cursor: Cursor = ""
    days: Days = 90
    species: Species = ""


class DeviceFilter(Struct, frozen=True):
    """The parameters of the map's devices."""

    id: Annotated[str, Meta(description="one device")] | UnsetType = UNSET
    box: (
        Annotated[str, Meta(description="south,west,north,east: the 600 most urgent inside")]
        | UnsetType
    ) = UNSET


class EventLimit(Struct, frozen=True):
    """The parameter of the pages' own list of events."""

    limit: Limit = 100


class RateFilter(Struct, frozen=True):
    """The parameters of the map's rates."""

    days: Days = 90
    species: Species = ""


class Page(Struct, Generic[T], frozen=True):
    """A part of a list. `next`: the cursor of the following part, null at the end."""

    items: list[T]
    next: str | None


class ApiError(Struct, frozen=True):
    """Why there is no answer: `code` for programs, `error` for people."""

    error: str
    code: str


class Point(Struct, frozen=True):
    """A GeoJSON point: longitude, latitude; WGS 84."""

    type: Literal["Point"]
    coordinates: tuple[float, float]


class RateProperties(Struct, frozen=True):
    """Independent detections per 100 device-days at one sensor or in one 5 km square."""

    id: str
    name: str
    events: int
    animals: int
    days: float
    rate: float | None
    low: float | None
    high: float | None


class DeviceFeature(Struct, frozen=True):
    """A device, or a 5 km square in place of its devices."""

    type: Literal["Feature"]
    id: str
    geometry: Point
    properties: DeviceView


class RateFeature(Struct, frozen=True):
    """A rate on the map."""

    type: Literal["Feature"]
    id: str
    geometry: Point
    properties: RateProperties


class DeviceCollection(Struct, frozen=True):
    """A GeoJSON FeatureCollection."""

    type: Literal["FeatureCollection"]
    features: list[DeviceFeature]


class RateCollection(Struct, frozen=True):
    """A GeoJSON FeatureCollection."""

    type: Literal["FeatureCollection"]
    features: list[RateFeature]
