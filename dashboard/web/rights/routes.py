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
    by_token: bool = (
        False  # a program may act with a token, which `dashboard.api.token_check` checks
    )
    one_click: bool = False  # mail programs post here for their reader (RFC 8058), from anywhere

    @property
    def methods(self) -> frozenset[str]:
        """The methods that the row is about."""
        return frozenset({self.method}) if self.acts else frozenset({"GET", "HEAD"})


ROUTES: tuple[RouteRow, ...] = (
    RouteRow("/static/{path:path}", Resource.OPEN),
    RouteRow("/.well-known/security.txt", Resource.OPEN),
    RouteRow("/login", Resource.OPEN),
    RouteRow("/login", Resource.OPEN, acts=True),
    RouteRow("/logout", Resource.OPEN, acts=True),
    RouteRow("/account", Resource.ACCOUNT),
    RouteRow("/account/sessions", Resource.ACCOUNT, acts=True),
    RouteRow("/account/password", Resource.ACCOUNT, acts=True),
    RouteRow("/guide/{reader}", Resource.OPEN),
    RouteRow("/healthz", Resource.OPEN, data=True),
    RouteRow("/metrics", Resource.FIGURES, data=True),
    RouteRow("/see/{token}", Resource.LINK),
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
    RouteRow("/map/pack/{version}/{name:path}", Resource.SQUARES, data=True),
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
    RouteRow("/public/squares/{name}", Resource.SQUARES, data=True),
    RouteRow("/public/catalog.jsonld", Resource.SQUARES, data=True),
    RouteRow("/report", Resource.OPEN),
    RouteRow("/report", Resource.OPEN, acts=True),
    RouteRow("/report/sw.js", Resource.OPEN),
    RouteRow("/report/published", Resource.OPEN),
    RouteRow("/report/r/{token}", Resource.LINK),
    RouteRow("/report/warnings", Resource.OPEN),
    RouteRow("/report/warnings", Resource.OPEN, acts=True),
    RouteRow("/report/warnings/s/{token}", Resource.LINK),
    RouteRow("/report/warnings/s/{token}", Resource.LINK, acts=True),
    RouteRow("/report/warnings/u/{token}", Resource.LINK),
    RouteRow("/report/warnings/u/{token}", Resource.LINK, acts=True, one_click=True),
    RouteRow("/open311/discovery.{form}", Resource.OPEN, data=True),
    RouteRow("/open311/v2/services.{form}", Resource.OPEN, data=True),
    RouteRow("/open311/v2/services/{id}.{form}", Resource.OPEN, data=True),
    RouteRow("/open311/v2/requests.{form}", Resource.OPEN, data=True),
    RouteRow("/open311/v2/requests.{form}", Resource.OPEN, acts=True, data=True),
    RouteRow("/open311/v2/requests/{id}.{form}", Resource.OPEN, data=True),
    RouteRow("/officials", Resource.OFFICE),
    RouteRow("/officials/sheet", Resource.OFFICE),
    RouteRow("/officials/map.html", Resource.OFFICE),
    RouteRow("/officials/layers.gpkg", Resource.OFFICE),
    RouteRow("/officials/layers/{name}.qml", Resource.OFFICE),
    RouteRow("/officials/sites", Resource.OFFICE),
    RouteRow("/officials/sites/move", Resource.OFFICE),
    RouteRow("/officials/sites.gpx", Resource.OFFICE),
    RouteRow("/officials/sites.csv", Resource.OFFICE),
    RouteRow("/officials/sites.pdf", Resource.OFFICE),
    RouteRow("/officials/sites/kept", Resource.OFFICE),
    RouteRow("/officials/sites/kept/{id}.csv", Resource.OFFICE),
    RouteRow("/trap-plans", Resource.OFFICE, acts=True),
    RouteRow("/officials/figures", Resource.OFFICE),
    RouteRow("/officials/figures.xlsx", Resource.OFFICE),
    RouteRow("/officials/figures.pdf", Resource.OFFICE),
    RouteRow("/officials/figures/{no:int}.csv", Resource.OFFICE),
    RouteRow("/officials/effect", Resource.OFFICE),
    RouteRow("/officials/effect.json", Resource.OFFICE, data=True),
    RouteRow("/officials/effect.csv", Resource.OFFICE),
    RouteRow("/officials/effect.pdf", Resource.OFFICE),
    RouteRow("/officials/papers", Resource.PAPERS),
    RouteRow("/officials/papers.xlsx", Resource.PAPERS),
    RouteRow("/officials/papers.csv", Resource.PAPERS),
    RouteRow("/officials/papers.zip", Resource.PAPERS),
    RouteRow("/officials/papers/photos.pdf", Resource.PAPERS),
    RouteRow("/officials/papers/forms/{no:int}.xlsx", Resource.PAPERS),
    RouteRow("/captures/{id:path}", Resource.PAPERS),
    RouteRow("/captures/{id:path}", Resource.PAPERS, acts=True),
    RouteRow("/officials/damage.csv", Resource.PAPERS),
    RouteRow("/damage", Resource.DAMAGE),
    RouteRow("/damage", Resource.DAMAGE, acts=True),
    RouteRow("/damage/undo", Resource.DAMAGE, acts=True),
    RouteRow("/damage/photos/{sha256}", Resource.DAMAGE),
    RouteRow("/officials/reports.csv", Resource.PAPERS),
    RouteRow("/reports", Resource.REPORTS),
    RouteRow("/reports/of/{id}", Resource.REPORTS),
    RouteRow("/reports/of/{id}", Resource.REPORTS, acts=True),
    RouteRow("/reports/photos/{sha256}", Resource.REPORTS),
    RouteRow("/pictures", Resource.PICTURES),
    RouteRow("/pictures/upload", Resource.PICTURES, acts=True, data=True, by_token=True),
    RouteRow("/pictures/name", Resource.PICTURES, acts=True, data=True),
    RouteRow("/pictures/undo", Resource.PICTURES, acts=True, data=True),
    RouteRow("/pictures/evidence", Resource.PICTURES, acts=True, data=True),
    RouteRow("/pictures/{id}", Resource.PICTURES),
    RouteRow("/pictures/{id}/small", Resource.PICTURES),
    RouteRow("/imports", Resource.IMPORTS),
    RouteRow("/imports", Resource.IMPORTS, acts=True),
    RouteRow("/imports/take", Resource.IMPORTS, acts=True),
    RouteRow("/imports/undo", Resource.IMPORTS, acts=True),
    RouteRow("/people", Resource.PEOPLE),
    RouteRow("/people", Resource.PEOPLE, acts=True),
    RouteRow("/people/remove", Resource.PEOPLE, acts=True),
    RouteRow("/people/new", Resource.PEOPLE),
    RouteRow("/people/of/{name:path}", Resource.PEOPLE),
    RouteRow("/tokens", Resource.TOKENS),
    RouteRow("/tokens", Resource.TOKENS, acts=True),
    RouteRow("/tokens/revoke", Resource.TOKENS, acts=True),
    RouteRow("/region/agreements", Resource.AGREEMENTS),
    RouteRow("/region/agreements", Resource.AGREEMENTS, acts=True),
    RouteRow("/region/agreements/revoke", Resource.AGREEMENTS, acts=True),
    RouteRow("/pending", Resource.DEVICES),
    RouteRow("/pending/approve", Resource.DEVICES, acts=True),
    RouteRow("/pending/revoke", Resource.DEVICES, acts=True),
    RouteRow("/pending/forget", Resource.DEVICES, acts=True),
    RouteRow("/pending/read-again", Resource.DEVICES, acts=True),
    RouteRow("/pending/examine", Resource.DEVICES, acts=True),
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
