"""Every route, every role, every form of answer: nothing finer than the matrix allows leaves."""

from pathlib import Path
from urllib.parse import urlencode

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from dashboard.web.rights import routes
from dashboard.web.rights.routes import ROUTES, RouteRow, without_row
from gateway import app as service
from gateway.domain.people.permissions import MATRIX, Detail, Resource, Visitor
from tests.dashboard.client import Client
from tests.dashboard.every import all_routes
from tests.dashboard.rights.house import (
    DEVICES,
    EVERY,
    OTHERS,
    OWN,
    browsers,
    build,
    stream,
)
from tests.dashboard.rights.scanner import ids_in

HIDDEN = {Detail.NONE: EVERY, Detail.SQUARES: EVERY, Detail.OWN: OTHERS, Detail.EXACT: frozenset()}
VALUES = {
    "path:path": "app.css",
    "token": "x",
    "sha256": "ab" * 32,
    "no:int": "0",
    "device:path": "trap-far",
    "name:path": "a-trapper",
    "id": "ab" * 8,
    "name": "boar-2026-10.csv",
    "form": "json",
}
QUERIES = {
    "/traps/{device:path}": [""],
    "/live": ["panel=traps&panel=alerts&panel=events"],
    "/officials/papers.zip": ["", "for=public"],
    "/officials/sites/move": ["site=0&lat=32.7&lon=128.8"],
    "/officials": ["", "square=1km"],
}
LANGUAGES = ("ja", "en")


def addresses(row: RouteRow) -> list[str]:
    """The addresses of a row to ask for."""
    path = row.path
    for name, value in VALUES.items():
        path = path.replace("{" + name + "}", value)
    paths = [path, path.replace("trap-far", "trap-own")] if "trap-far" in path else [path]
    if row.path.startswith("/api/v1/"):
        return paths  # an unknown parameter is refused there
    queries = QUERIES.get(row.path, [""])
    return [
        f"{one}?lang={lang}&{query}" for one in paths for query in queries for lang in LANGUAGES
    ]


def body_of(client: Client, address: str) -> tuple[int, bytes]:
    """Status and bytes, headers included."""
    if address.startswith("/live?"):
        streamed = next(stream(client, address), b"")
        return (200 if streamed else 403), streamed
    answer = client.get(address)
    return answer.status_code, answer.content + repr(answer.headers).encode()


READS = [row for row in ROUTES if not row.acts]


@pytest.mark.parametrize("row", READS, ids=lambda row: row.path)
def test_nobody_is_shown_more_than_the_matrix_allows(
    readers: dict[str, Client], row: RouteRow
) -> None:
    for name, client in readers.items():
        granted = MATRIX[Visitor(name)].get(row.resource)
        allowed = granted.see if granted else Detail.NONE
        for address in addresses(row):
            status, body = body_of(client, address)
            typed = address.split("?")[0].encode()  # what the reader typed may come back
            body = body.replace(typed, b"") if status != 200 else body
            assert ids_in(body, [d for d in DEVICES if d.id in HIDDEN[allowed]]) == set(), (
                f"{name} {address} {status}"
            )
            if allowed is Detail.NONE:
                assert status in {303, 401, 403}, f"{name} {address} {status}"


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/traps",
        "/api/devices.geojson",
        "/api/events",
        "/api/alerts",
        "/officials",
        "/officials/map.html",
        "/pending",
        "/api/rates.geojson",
        "/metrics",
    ],
)
def test_control_the_scanner_finds_what_an_official_is_shown(
    readers: dict[str, Client], path: str
) -> None:
    assert ids_in(readers["official"].get(path).content, DEVICES)


def test_control_places_alone_are_found(readers: dict[str, Client]) -> None:
    nameless = [type(d)(id="???", role=d.role, lat=d.lat, lon=d.lon) for d in DEVICES]
    for path in ("/", "/api/devices.geojson", "/officials", "/officials/map.html"):
        assert ids_in(readers["official"].get(path).content, nameless), path


@pytest.mark.parametrize("name", ["trapper", "deputy"])
def test_field_people_see_their_own_area_exactly(readers: dict[str, Client], name: str) -> None:
    own = {one.id for one in DEVICES if one.area == OWN}
    assert ids_in(readers[name].get("/api/devices.geojson").content, DEVICES) == own
    assert readers[name].get("/traps/trap-own").status_code == 200
    assert readers[name].get("/traps/trap-far").status_code == 404


def test_residents_see_squares_with_what_is_in_them(readers: dict[str, Client]) -> None:
    squares = readers["resident"].get("/api/devices.geojson").json()["features"]
    counts = [
        (one["properties"].get("traps", 0), one["properties"].get("sensors", 0)) for one in squares
    ]
    assert sum(traps for traps, _ in counts) == 3
    assert sum(sensors for _, sensors in counts) == 2
    assert {one["properties"]["condition"] for one in squares} >= {"sprung"}


ACTS = [
    row
    for row in ROUTES
    if row.acts and row.resource not in {Resource.OPEN, Resource.LINK, Resource.ACCOUNT}
]
FORM = {"do": "visited", "once": "1", "device": "no-such", "filter": "", "reason": ""}
BODY, KIND = urlencode(FORM).encode(), {"content-type": "application/x-www-form-urlencoded"}


@pytest.mark.parametrize("row", ACTS, ids=lambda row: row.path)
def test_only_those_whom_the_matrix_names_act(readers: dict[str, Client], row: RouteRow) -> None:
    for name, client in readers.items():
        may = MATRIX[Visitor(name)].get(row.resource)
        status = client.send(row.method, addresses(row)[0], BODY, KIND).status_code
        if may is None or may.act == "none":
            assert status in {303, 401, 403}, name
            if status == 303:
                assert name == "anybody"
        else:
            assert status in {200, 303, 400, 404, 409, 422}, name


def test_a_trapper_acts_at_own_traps_only(readers: dict[str, Client]) -> None:
    for name in ("trapper", "deputy"):
        form = FORM | {"once": name}
        assert readers[name].post("/traps/trap-own", form).status_code == 200
        assert readers[name].post("/traps/trap-far", form).status_code == 404
    assert readers["official"].post("/traps/trap-far", FORM).status_code == 200
    assert readers["installer"].post("/traps/trap-far", FORM).status_code == 403


def test_an_alert_of_another_trap_is_not_answered_through_the_own_trap(
    readers: dict[str, Client], gateway: service.Gateway
) -> None:
    open_now = gateway.store.read_now(lambda r: r.open_alerts())
    other = next(one for one in open_now if one.subject == "trap-far")
    form = {"do": "acknowledge", "alert": other.id}
    assert readers["trapper"].post("/traps/trap-own", form).status_code == 409
    again = gateway.store.read_now(lambda r: r.alert(other.id))
    assert again is not None
    assert again.acknowledged_by != "a-trapper"


def test_every_route_has_its_row_and_every_row_its_route(gateway: service.Gateway) -> None:
    found = all_routes(service.pages(gateway, dict), gateway)
    assert without_row(found) == []
    served = {route.path for route in found if isinstance(route, Route)} | {"/static/{path:path}"}
    assert {row.path for row in ROUTES} == served


async def leak(_: Request) -> JSONResponse:
    return JSONResponse([[one.lat, one.lon] for one in DEVICES])


def test_control_a_new_route_without_a_row_is_named_and_shown_to_nobody(tmp_path: Path) -> None:
    gateway = build(tmp_path)
    app = service.pages(gateway, dict)
    app.router.routes.insert(0, Route("/new", leak))
    assert without_row(app.routes) == ["GET /new", "HEAD /new"]
    with browsers(app) as found:
        assert {client.get("/new").status_code for client in found.values()} == {303, 404}
    gateway.store.close()


def test_control_a_route_that_shows_too_much_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(routes, "ROUTES", (*ROUTES, RouteRow("/new", Resource.LIVE)))
    gateway = build(tmp_path)
    app: Starlette = service.pages(gateway, dict)
    app.router.routes.insert(0, Route("/new", leak))
    with browsers(app) as found:
        assert ids_in(found["viewer"].get("/new").content, DEVICES) == EVERY
    gateway.store.close()


def test_a_deputy_off_duty_sees_squares_and_acts_nowhere(tmp_path: Path) -> None:
    turns = [{"people": ["a-trapper", "a-deputy"], "since": "2026-11-23", "days": 7}]
    entries = [{"name": name, "channels": ["console:"]} for name in ("a-deputy", "a-trapper")]
    gateway = build(tmp_path, rota=turns, people=entries)
    with browsers(service.pages(gateway, dict)) as found:
        deputy = found["deputy"]
        assert ids_in(deputy.get("/api/devices.geojson").content, DEVICES) == set()
        assert deputy.get("/traps/trap-own").status_code == 403
        assert deputy.post("/traps/trap-own", FORM).status_code == 403
    gateway.store.close()


def test_a_role_that_is_taken_away_ends_an_open_stream(tmp_path: Path) -> None:
    gateway = build(tmp_path)
    with browsers(service.pages(gateway, dict)) as found:
        changes = stream(found["official"], "/live")
        assert ids_in(next(changes), DEVICES) == EVERY
        number = gateway.store.read_now(lambda r: r.people.version("a-official"))
        form = {"name": "a-official", "version": str(number), "role": "viewer"}
        assert found["admin"].post("/people", form).status_code == 303
        assert ids_in(b"".join(changes), DEVICES) == set()
    gateway.store.close()
