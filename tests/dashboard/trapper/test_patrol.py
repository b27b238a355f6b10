"""The day's stops, and what confirms that somebody was there."""

import math
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import json
from msgspec.structs import replace
from starlette.applications import Starlette

from dashboard.live.device_view import Condition, DeviceView
from dashboard.trapper.patrol.nearness import confirmed, nearness
from dashboard.trapper.patrol.pages import PatrolPages
from dashboard.trapper.patrol.stops import Here, stops_of
from dashboard.trapper.phone.acts import Acts
from dashboard.web.responses import Reply
from gateway.config import check
from gateway.domain.geo.local_plane import from_metres
from gateway.domain.model import ActionKind, Device, Kind, Position, Role, TrapAction
from gateway.domain.people.person import UserRole
from gateway.store.feed import Feed
from tests.dashboard.place import NOW
from tests.dashboard.trapper.test_trap_page import HANA, As
from tests.gateway.alerts.site import Site
from tests.support.asgi import Phone
from tests.support.people import login
from tests.support.samples import TRAP as SAMPLE

TRAP = Device(id="t", role=Role.TRAP, lat=32.7, lon=128.7)
VISIT = TrapAction(
    id="v", device="t", deed=ActionKind.VISITED, at=NOW, by="x", recorded_at=NOW, through="phone"
)


def at(east_m: float, accuracy_m: float = 10.0) -> Position:
    return Position(*from_metres(east_m, 0.0, 32.7, 128.7), accuracy_m)


@pytest.mark.parametrize(
    ("position", "said", "through"),
    [
        (at(0), "gps", "gps"),
        (at(49), "gps", "gps"),
        (at(51), "gps", "phone"),
        (at(0, 51), "gps", "phone"),  # it might as well be at the next trap
        (None, "gps", "phone"),
        (at(0), "tap", "tap"),
        (None, "tap", "tap"),
        (at(0), "", "phone"),
        (at(0), "one-tap", "phone"),
    ],
)
def test_a_visit_is_confirmed_by_an_accurate_place_near_the_trap_or_by_a_tap(
    position: Position | None, said: str, through: str
) -> None:
    assert confirmed(replace(VISIT, position=position), TRAP, 50.0, said).through == through


def test_a_trap_whose_place_nobody_knows_is_confirmed_by_a_tap_only() -> None:
    nowhere = Device(id="t", role=Role.TRAP)
    assert confirmed(replace(VISIT, position=at(0)), nowhere, 50.0, "gps").through == "phone"


def test_an_outcome_keeps_the_way_it_came() -> None:
    caught = replace(VISIT, deed=ActionKind.CAPTURED, position=at(0))
    assert confirmed(caught, TRAP, 50.0, "gps") == caught


@given(st.floats(0, 5000), st.floats(0, 2 * math.pi))
def test_the_distance_is_that_of_the_plane(metres: float, angle: float) -> None:
    place = from_metres(metres * math.cos(angle), metres * math.sin(angle), 32.7, 128.7)
    found = nearness(Position(*place, 5.0), TRAP)
    assert found
    assert found.distance_m == pytest.approx(metres, abs=0.05 + metres * 1e-3)


def stop(id_: str, condition: Condition = Condition.ARMED, **values: object) -> DeviceView:
    n = sum(map(ord, id_)) % 10
    view = DeviceView(
        id=id_, name=id_, role=Role.TRAP, condition=condition, lat=32.7 + n / 900, lon=128.7
    )
    return replace(view, **values)


def test_what_people_wait_for_comes_first_and_a_trap_at_rest_is_no_stop() -> None:
    traps = [
        stop("rest", Condition.PAUSED),
        stop("fine"),
        stop("low", Condition.LOW, low=True),
        stop("due", visit_due=True),
        stop("unknown", Condition.UNKNOWN),
        stop("outcome", outcome_missing=True),
        stop("sprung", Condition.SPRUNG),
        stop("visited", visited=NOW, visited_today=True),
        stop("sprung again", Condition.SPRUNG, visited=NOW, visited_today=True),
    ]
    for here in (None, Here(32.8, 128.8)):
        found = stops_of(traps, here)
        order = [one.id for one in found.left]
        assert sorted(order[:2]) == ["sprung", "sprung again"]
        assert order[2:] == ["outcome", "unknown", "due", "low", "fine"]
        assert [one.id for one in found.done] == ["visited"]
        assert found.count == 8


def test_within_one_need_the_tour_begins_here() -> None:
    row = [stop(f"{n}", lat=32.7 + n / 1000, visit_due=True) for n in range(6)]
    south, north = (stops_of(row, Here(lat, 128.7)) for lat in (32.6, 32.8))
    for found, first in ((south, "0"), (north, "5")):
        tour = [one.id for one in found.left]
        assert tour.index(first) in {0, 5}, "a row is walked along and back, or the other way round"
        assert sorted(tour) == list("012345")


def test_a_trap_without_a_place_is_a_stop_too() -> None:
    traps = [stop("nowhere", lat=None, lon=None, visit_due=True), stop("a", visit_due=True)]
    assert {one.id for one in stops_of(traps).left} == {"a", "nowhere"}
    assert [one.id for one in stops_of(traps[:1]).left] == ["nowhere"]


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    made = Site(
        tmp_path, {"overrides": [{"devices": ["trap-01"], "limits": {"check_in_radius_m": 20}}]}
    )
    made.store.write_now(lambda tx: tx.put_devices([replace(SAMPLE, lat=32.7, lon=128.7)]))
    made.hear("trap-01", Kind.SET, -1440)
    yield made
    made.store.close()


def phone(site: Site, role: UserRole = UserRole.TRAPPER) -> Phone:
    given = (site.store, Feed(), Reply(check({})), site.policy, lambda: site.now)
    routes = [*PatrolPages(*given).routes(), *Acts(*given).routes()]
    return Phone(
        As(Starlette(routes=routes), HANA if role is UserRole.TRAPPER else login("g", role, "x"))
    )


def test_each_trap_can_have_its_own_radius_and_the_gateway_checks_it(site: Site) -> None:
    hana = phone(site)
    for metres, through in ((30.0, "phone"), (15.0, "gps")):
        lat, lon = from_metres(metres, 0.0, 32.7, 128.7)
        act = {
            "id": uuid4().hex,
            "device": "trap-01",
            "do": "visited",
            "confirm": "gps",
            "at": site.now.isoformat(),
            "phone_now": site.now.isoformat(),
            "position_lat": lat,
            "position_lon": lon,
            "position_accuracy_m": 5,
        }
        assert (
            json.decode(hana.ask("POST", "/acts", json.encode(act), {}).text)["result"]
            == "recorded"
        )
        newest = site.store.read_now(lambda r: r.acts("trap-01", 10))
        assert through in {one.through for one in newest}
    assert len(site.store.read_now(lambda r: r.acts("trap-01", 10))) == 2


def test_the_same_form_sent_twice_is_one_visit(site: Site) -> None:
    hana = phone(site)
    once = hana.get("/patrol").text.split('name="once" value="')[1].split('"')[0]
    for _ in range(2):
        assert hana.post("/patrol", {"device": "trap-01", "once": once}).status_code == 303
    assert len(site.store.read_now(lambda r: r.acts("trap-01"))) == 1


@pytest.mark.parametrize(
    "body", [b"", b"{}", b"[1,2]", b'{"lat":1e999,"lon":2}', b'{"lat":91,"lon":2}', b"x" * 5000]
)
def test_a_place_that_is_none_is_refused(site: Site, body: bytes) -> None:
    assert phone(site).ask("POST", "/patrol/order", body, {}).status_code == 400


def test_who_may_not_act_records_no_visit(site: Site) -> None:
    guest = phone(site, UserRole.VIEWER)
    assert guest.post("/patrol", {"device": "trap-01", "once": "1"}).status_code == 404
    assert "三井楽" not in guest.get("/patrol").text
    assert site.store.read_now(lambda r: r.acts("trap-01")) == []
