"""Every route of the pages with the resource that it is about: the routes' side of the matrix.

Owns the table. A route without a row answers 404 and turns a test red. What each role may see and do with
a resource: `gateway.domain.people.permissions`.
"""

import re
from collections.abc import Iterable
from functools import cache

from msgspec import Struct
from starlette.routing import BaseRoute, Mount, Route, compile_path

from gateway.domain.people.permissions import Resource


class RouteRow(Struct, frozen=True):
    """One address. `acts`: a POST or PUT, for which the role must be allowed to act."""

    path: str
    resource: Resource
    acts: bool = False
    data: bool = False  # for programs: refused with a status and JSON, not with a page
    method: str = "POST"  # of an act

    @property
    def methods(self) -> frozenset[str]:
        """The methods that the row is about."""
        return frozenset({self.method}) if self.acts else frozenset({"GET", "HEAD"})


ROUTES: tuple[RouteRow, ...] = (
    RouteRow("/static/{path:path}", Resource.OPEN),
    RouteRow("/login", Resource.OPEN),
    RouteRow("/login", Resource.OPEN, acts=True),
    RouteRow("/logout", Resource.OPEN, acts=True),
    RouteRow("/account", Resource.ACCOUNT),
    RouteRow("/account/sessions", Resource.ACCOUNT, acts=True),
    RouteRow("/account/password", Resource.ACCOUNT, acts=True),
    RouteRow("/healthz", Resource.OPEN, data=True),
    RouteRow("/metrics", Resource.FIGURES, data=True),
    RouteRow("/a/{token}", Resource.LINK),
    RouteRow("/a/{token}", Resource.LINK, acts=True),
    RouteRow("/a/{token}/photos/{sha256}", Resource.LINK, acts=True, data=True, method="PUT"),
    RouteRow("/in/{token}", Resource.LINK),
    RouteRow("/in/{token}", Resource.LINK, acts=True),
    RouteRow("/sign-in", Resource.PEOPLE),
    RouteRow("/sign-in", Resource.PEOPLE, acts=True),
    RouteRow("/", Resource.LIVE),
    RouteRow("/traps", Resource.LIVE),
    RouteRow("/live", Resource.LIVE, data=True),
    RouteRow("/map/coast.geojson", Resource.LIVE, data=True),
    RouteRow("/api/openapi.json", Resource.OPEN, data=True),
    RouteRow("/api/v1/devices", Resource.LIVE, data=True),
    RouteRow("/api/v1/alerts", Resource.LIVE, data=True),
    RouteRow("/api/v1/events", Resource.LIVE, data=True),
    RouteRow("/api/v1/rates", Resource.LIVE, data=True),
    RouteRow("/api/devices.geojson", Resource.LIVE, data=True),
    RouteRow("/api/rates.geojson", Resource.LIVE, data=True),
    RouteRow("/api/traps", Resource.LIVE, data=True),
    RouteRow("/api/alerts", Resource.LIVE, data=True),
    RouteRow("/api/events", Resource.LIVE, data=True),
    RouteRow("/traps/{device:path}", Resource.TRAP),
    RouteRow("/traps/{device:path}", Resource.TRAP, acts=True),
    RouteRow("/sw.js", Resource.OPEN),
    RouteRow("/manifest.webmanifest", Resource.OPEN),
    RouteRow("/phone", Resource.TRAP),
    RouteRow("/phone/now", Resource.TRAP, data=True),
    RouteRow("/phone/pack", Resource.TRAP, data=True),
    RouteRow("/push/key", Resource.TRAP, data=True),
    RouteRow("/push", Resource.TRAP, acts=True, data=True),
    RouteRow("/push/end", Resource.TRAP, acts=True, data=True),
    RouteRow("/acts", Resource.TRAP, acts=True, data=True),
    RouteRow("/photos/{sha256}", Resource.TRAP, data=True),
    RouteRow("/photos/{sha256}", Resource.TRAP, acts=True, data=True, method="PUT"),
    RouteRow("/patrol", Resource.TRAP),
    RouteRow("/patrol", Resource.TRAP, acts=True),
    RouteRow("/patrol/order", Resource.TRAP, acts=True, data=True),
    RouteRow("/patrol.gpx", Resource.TRAP),
    RouteRow("/visits", Resource.TRAP),
    RouteRow("/visits/book.pdf", Resource.TRAP),
    RouteRow("/visits/book.csv", Resource.TRAP),
    RouteRow("/public", Resource.SQUARES),
    RouteRow("/public/squares.geojson", Resource.SQUARES),
    RouteRow("/public/squares.csv", Resource.SQUARES),
    RouteRow("/officials", Resource.OFFICE),
    RouteRow("/officials/sheet", Resource.OFFICE),
    RouteRow("/officials/map.html", Resource.OFFICE),
    RouteRow("/officials/layers.gpkg", Resource.OFFICE),
    RouteRow("/officials/layers/{name}.qml", Resource.OFFICE),
    RouteRow("/officials/sites", Resource.OFFICE),
    RouteRow("/officials/sites/move", Resource.OFFICE),
    RouteRow("/officials/figures", Resource.OFFICE),
    RouteRow("/officials/figures.xlsx", Resource.OFFICE),
    RouteRow("/officials/figures.pdf", Resource.OFFICE),
    RouteRow("/officials/figures/{no:int}.csv", Resource.OFFICE),
    RouteRow("/officials/papers", Resource.PAPERS),
    RouteRow("/officials/papers.xlsx", Resource.PAPERS),
    RouteRow("/officials/papers.csv", Resource.PAPERS),
    RouteRow("/officials/papers.zip", Resource.PAPERS),
    RouteRow("/people", Resource.PEOPLE),
    RouteRow("/people", Resource.PEOPLE, acts=True),
    RouteRow("/people/remove", Resource.PEOPLE, acts=True),
    RouteRow("/people/new", Resource.PEOPLE),
    RouteRow("/people/of/{name:path}", Resource.PEOPLE),
    RouteRow("/tokens", Resource.TOKENS),
    RouteRow("/tokens", Resource.TOKENS, acts=True),
    RouteRow("/tokens/revoke", Resource.TOKENS, acts=True),
    RouteRow("/pending", Resource.DEVICES),
    RouteRow("/pending/approve", Resource.DEVICES, acts=True),
    RouteRow("/pending/revoke", Resource.DEVICES, acts=True),
    RouteRow("/pending/forget", Resource.DEVICES, acts=True),
    RouteRow("/pending/read-again", Resource.DEVICES, acts=True),
)


def row_of(method: str, path: str) -> RouteRow | None:
    """The first row that a request is about; None: there is no such address."""
    return next(
        (row for row in ROUTES if method in row.methods and _pattern(row.path).match(path)), None
    )


def without_row(routes: Iterable[BaseRoute]) -> list[str]:
    """The methods and paths of an application's routes that the table does not know."""
    known = {(method, row.path) for row in ROUTES for method in row.methods}
    return [
        f"{method} {path}"
        for path, methods in _addresses(routes)
        for method in sorted(methods)
        if (method, path) not in known
    ]


def _addresses(routes: Iterable[BaseRoute]) -> Iterable[tuple[str, set[str]]]:
    for route in routes:
        if isinstance(route, Route):
            yield route.path, set(route.methods or ())
        elif isinstance(route, Mount):
            yield f"{route.path}/{{path:path}}", {"GET", "HEAD"}


@cache
def _pattern(path: str) -> re.Pattern[str]:
    return compile_path(path)[0]
