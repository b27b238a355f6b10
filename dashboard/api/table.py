"""The table of the API: one row an address. PURE.

Owns path, scope, question and answer of every address under /api; the routes, the OpenAPI document, the
check of scopes and the table of API.md are made from it.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from msgspec import Struct

from dashboard.api import shapes
from dashboard.live.device_view import DeviceView
from dashboard.live.sensor_rates import SensorRate
from gateway.domain.model import Alert, Event
from gateway.domain.people.api_token import Scope

JSON, GEOJSON = "application/json", "application/geo+json"


class Endpoint(Struct, frozen=True, kw_only=True):
    """One address. All of them are read with GET; HEAD gives the headers."""

    path: str
    name: str  # of the operation
    about: str
    scope: Scope | None = None  # None: no token is needed
    question: type[Struct] = shapes.Nothing
    answer: Any = None  # a type
    media_type: str = JSON
    versioned: bool = True  # False: an address that the pages use themselves, kept as it is


ENDPOINTS: tuple[Endpoint, ...] = (
    Endpoint(
        path="/api/openapi.json",
        name="openapi",
        answer=dict[str, Any],
        about="this document (OpenAPI 3.1)",
    ),
    Endpoint(
        path="/api/v1/devices",
        name="devices",
        scope=Scope.DEVICES,
        question=shapes.Paging,
        answer=shapes.Page[DeviceView],
        about="approved devices with condition, battery and place, by id",
    ),
    Endpoint(
        path="/api/v1/alerts",
        name="alerts",
        scope=Scope.ALERTS,
        question=shapes.Paging,
        answer=shapes.Page[Alert],
        about="open alerts, the newest first",
    ),
    Endpoint(
        path="/api/v1/events",
        name="events",
        scope=Scope.EVENTS,
        question=shapes.Paging,
        answer=shapes.Page[Event],
        about="events of every kind, the newest first",
    ),
    Endpoint(
        path="/api/v1/rates",
        name="rates",
        scope=Scope.RATES,
        question=shapes.RatePaging,
        answer=shapes.Page[SensorRate],
        about="independent detections per 100 device-days with exact 95 % intervals, by id",
    ),
    Endpoint(
        path="/api/devices.geojson",
        name="map_devices",
        scope=Scope.DEVICES,
        versioned=False,
        question=shapes.DeviceFilter,
        answer=shapes.DeviceCollection,
        media_type=GEOJSON,
        about="all approved devices that have a position",
    ),
    Endpoint(
        path="/api/rates.geojson",
        name="map_rates",
        scope=Scope.RATES,
        versioned=False,
        question=shapes.RateFilter,
        answer=shapes.RateCollection,
        media_type=GEOJSON,
        about="rates of all sensors that have a position",
    ),
    Endpoint(
        path="/api/traps",
        name="page_traps",
        scope=Scope.DEVICES,
        versioned=False,
        answer=list[DeviceView],
        about="all traps, the most urgent first",
    ),
    Endpoint(
        path="/api/alerts",
        name="page_alerts",
        scope=Scope.ALERTS,
        versioned=False,
        answer=list[Alert],
        about="all open alerts, the most urgent first",
    ),
    Endpoint(
        path="/api/events",
        name="page_events",
        scope=Scope.EVENTS,
        versioned=False,
        question=shapes.EventLimit,
        answer=list[Event],
        about="the newest events",
    ),
)
BY_PATH: Mapping[str, Endpoint] = {one.path: one for one in ENDPOINTS}
MONITORED: Mapping[str, Scope] = {"/metrics": Scope.METRICS, "/healthz": Scope.METRICS}
SCOPES: Mapping[str, Scope | None] = {**{one.path: one.scope for one in ENDPOINTS}, **MONITORED}
"""Every address that a token may read; pictures beside (`scope_needed`)."""
PICTURES, UPLOAD = "/pictures/", "/pictures/upload"
READS = frozenset({"GET", "HEAD"})


def is_of_pictures(path: str) -> bool:
    """Whether an address is that of pictures, which pages ask for too."""
    return path.startswith(PICTURES)


def scope_needed(method: str, path: str) -> tuple[bool, Scope | None]:
    """(whether a token opens this address, the scope that it needs)."""
    if is_of_pictures(path):
        is_open = method in READS or (method, path) == ("POST", UPLOAD)
        return is_open, Scope.PICTURES
    return path in SCOPES and method in READS, SCOPES.get(path)


ERRORS: Mapping[int, tuple[str, str]] = {  # status: (code, what it means)
    400: ("bad_parameter", "a parameter is unknown or out of its range; `error` names it"),
    401: ("unauthorized", "no token, or one that is wrong, expired or revoked"),
    403: ("forbidden", "the token's scope or role does not reach this"),
    404: ("not_found", "there is no such address, or it has no such method"),
    429: ("too_many", "too many requests; the header Retry-After says how many seconds to wait"),
    503: ("unavailable", "the database cannot be read now; try again"),
}


def errors_of(endpoint: Endpoint) -> Iterable[int]:
    """The statuses of errors that an address can answer."""
    if endpoint.scope is None:  # a token is not needed, but a wrong one is refused
        return (400, 401, 429, 503)
    return (400, 401, 403, 429, 503)
