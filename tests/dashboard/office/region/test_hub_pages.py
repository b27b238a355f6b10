"""The hub's pages: who sees what of which town, what is hidden, and what a request to a town becomes."""

import csv
import subprocess
import sys

import pytest

from dashboard.office.region.hub.app import routes
from dashboard.office.region.hub.entry import gate
from dashboard.office.region.hub.entry.accounts import Accounts
from dashboard.office.region.hub.page import HubReply, PageSettings
from dashboard.office.region.hub.reading import Readings
from gateway.clock import utc_now
from gateway.domain.geo import mesh_code
from gateway.region.records import RequestAnswer
from tests.dashboard.client import Answer, Client
from tests.dashboard.office.region import watch
from tests.dashboard.office.region.conftest import logged_in
from tests.support.region.pages import HOMES, RegionPages

pytestmark = pytest.mark.real

ASA, INE, SHIO, KAWA = HOMES
PAGES = [path for method, path in gate.ADDRESSES if method == "GET" and path.startswith("/region/")]
BOX = {"w": 130.5, "s": 32.5, "e": 131.5, "n": 33.0}


def shown(client: Client, path: str, **query: object) -> str:
    """The text of a page that must be there."""
    answer = client.get(path, query)
    assert answer.status_code == 200, answer.text
    return answer.text


def rows(client: Client, **query: object) -> dict[str, dict[str, str]]:
    """The squares of the map as a file, by code."""
    text = shown(client, "/region/squares.csv", **query)
    return {row["mesh"]: row for row in csv.DictReader(text.removeprefix("\ufeff").splitlines())}


def square(home: object) -> str:
    """The 5 km square of a town's first device."""
    return mesh_code.code(home.lat, home.lon, "5km")  # type: ignore[attr-defined]


def test_the_table_of_addresses_names_every_address_of_the_pages() -> None:
    reply, readings = HubReply(PageSettings()), Readings(None)  # type: ignore[arg-type]
    made = routes(Accounts(readings, utc_now), readings, reply, utc_now)
    assert gate.addresses_of(made) == set(gate.ADDRESSES)


@pytest.mark.parametrize(("method", "path"), gate.ADDRESSES)
def test_nobody_reads_or_asks_anything_without_logging_in(
    region: RegionPages, method: str, path: str
) -> None:
    if path.startswith(gate.OPEN):
        return
    address = path.replace("{town}", "asa")
    for cookies in ({}, {"region_session": "forged"}, {"region_session": "WyJwcmVmIiwxXQ.x"}):
        client = Client(region.url)
        client.cookies = dict(cookies)
        answer = client.get(address) if method == "GET" else client.post(address, {"town": "asa"})
        assert answer.status_code == (303 if method == "GET" else 403)
        assert watch.leaks(answer.text, "stranger") == set()
        if method == "GET":
            assert answer.headers["location"].startswith("/login?next=")


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("reader", ["pref", "asa", "kawa", "japan", "stranger"])
def test_every_page_answers_every_organisation_and_says_what_it_must_not_load(
    readers: dict[str, Client], path: str, reader: str
) -> None:
    answer = readers[reader].get(path.replace("{town}", "asa"), BOX)
    wanted = 404 if "{town}" in path and reader in {"stranger", "kawa"} else 200
    assert answer.status_code == wanted
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("month", ["1000-01", "1969-12", "1970-01", "2999-12"])
def test_a_month_far_from_now_is_an_answer_of_every_page(
    readers: dict[str, Client], month: str
) -> None:
    for path in ("map", "compare", "squares.csv", "towns/asa", "towns/ine"):
        for months in (1, 24):
            query = {"month": month, "months": months}
            assert readers["pref"].get(f"/region/{path}", query).status_code == 200


@pytest.mark.parametrize("query", ["page=0", "page=2", "page=x", "month=999-01", "month=1969-13"])
def test_what_a_page_cannot_use_is_400_with_what_is_allowed(
    readers: dict[str, Client], query: str
) -> None:
    assert readers["pref"].get(f"/region/compare?{query}").status_code == 400


def test_the_map_adds_up_across_the_border_of_two_towns(readers: dict[str, Client]) -> None:
    mine, ours = rows(readers["asa"]), rows(readers["pref"])
    assert square(ASA) == square(SHIO), "both towns have devices in it"
    assert mine[square(ASA)]["events_at_least"] == "160", "4 detectors, 20 days, 2 events"
    assert float(mine[square(ASA)]["low"]) < float(mine[square(ASA)]["rate"])
    assert ours[square(ASA)]["events_at_least"] == "320"
    assert ours[square(ASA)]["rate"] == "", "a class only: one of the towns gives squares"


def test_small_counts_of_others_are_hidden_and_ones_own_are_not(readers: dict[str, Client]) -> None:
    deer = {"species": "deer"}
    assert rows(readers["asa"], **deer)[square(ASA)]["events_at_least"] == "2"
    hidden = rows(readers["pref"], **deer)
    assert hidden[square(ASA)]["events_at_least"] == "", "2 of another town are among them"
    assert hidden[square(ASA)]["class"] == ""
    assert hidden[square(INE)]["events_at_least"] == ""
    compared = shown(readers["pref"], "/region/compare", **deer, lang="en")
    assert compared.count("fewer than 5</td>") == 2, "of two towns"
    assert "2 events" in compared, "of the town that gives exact places"


def test_a_town_is_shown_as_exactly_as_it_gives_itself(readers: dict[str, Client]) -> None:
    client = readers["pref"]
    assert watch.squares(INE, "1km") & set(shown(client, "/region/towns/ine").split('"'))
    assert "folium" not in shown(client, "/region/towns/shio")
    assert "ShowPlaces" not in shown(client, "/region/towns/ine")
    for home in (INE, SHIO):
        answer = client.post(f"/region/towns/{home.id}/places", {"purpose": "調査"})
        assert watch.leaks(answer.text, "pref") == set()
    assert KAWA.title in shown(client, "/region/towns"), "whoever runs the hub sees who is silent"
    assert KAWA.title not in shown(readers["asa"], "/region/towns")


def test_a_town_that_may_not_be_known_answers_like_one_that_does_not_exist(
    readers: dict[str, Client],
) -> None:
    for reader in ("stranger", "kawa", "ine"):
        known, unknown = (
            readers[reader].get(f"/region/towns/{name}") for name in ("asa", "nowhere")
        )
        assert (known.status_code, unknown.status_code) == (404, 404)
        assert known.text.replace("/asa", "") == unknown.text.replace("/nowhere", "")


def test_open_alerts_name_devices_only_where_places_are_given_exactly(
    readers: dict[str, Client],
) -> None:
    text = shown(readers["pref"], "/region/alerts")
    assert "麻町の沢4" in text
    assert any(code in text for code in watch.squares(INE, "1km"))
    assert square(SHIO) in text
    assert "kawa" not in text
    assert "al-3" not in text, "it is over"
    assert "麻町の沢" not in shown(readers["japan"], "/region/alerts")
    assert square(ASA) in shown(readers["japan"], "/region/alerts")


def test_who_reads_exact_places_says_what_for_and_is_written_down(own_region: RegionPages) -> None:
    pref, asa = logged_in(own_region, "pref"), logged_in(own_region, "asa")
    assert "130.91249" not in shown(pref, "/region/towns/asa")
    assert pref.post("/region/towns/asa/places", {"purpose": " \u200b"}).status_code == 409
    assert own_region.sql("SELECT * FROM region.position_read") == []
    answer = pref.post("/region/towns/asa/places", {"purpose": "わなの見回りの応援"})
    assert "32.71137, 130.91249" in answer.text
    for client in (pref, asa):
        audit = shown(client, "/region/audit")
        assert "わなの見回りの応援" in audit
        assert "pref" in audit
    assert "わなの見回りの応援" not in shown(logged_in(own_region, "japan"), "/region/audit")


def requested(client: Client) -> str:
    return shown(client, "/region/requests", lang="en")


def ask(client: Client, **form: str) -> Answer:
    return client.post("/region/requests", form)


def test_a_request_is_decided_by_the_town_and_its_answer_is_shown(own_region: RegionPages) -> None:
    pref = logged_in(own_region, "pref")
    assert ask(pref, kind="acknowledge", town="asa", alert="al-1").status_code == 303
    assert "waits for the town to call" in requested(pref)
    town = own_region.towns["asa"]
    [carried] = own_region.run(town.ask()).answer.requests
    assert (carried.kind, carried.alert, carried.by) == ("acknowledge", "al-1", "pref")
    assert "has reached the town" in requested(pref)
    own_region.send("asa", answers=(RequestAnswer(carried.id, "refused", "もう向かっています", 1),))
    assert "refused" in requested(pref)
    assert "もう向かっています" in requested(pref)
    assert "もう向かっています" in requested(logged_in(own_region, "asa"))
    assert "もう向かっています" not in requested(logged_in(own_region, "japan"))
    [alert] = own_region.sql("SELECT status FROM region.alert WHERE id = 'al-1' AND town = 1")
    assert alert["status"] == "notified", "the hub itself has changed nothing"


@pytest.mark.parametrize(
    ("reader", "form"),
    [
        ("stranger", {"kind": "message", "town": "asa", "text": "hello"}),
        ("pref", {"kind": "message", "town": "kawa", "text": "hello"}),
        ("pref", {"kind": "message", "town": "nowhere", "text": "hello"}),
        ("pref", {"kind": "message", "town": "asa", "text": " "}),
        ("pref", {"kind": "acknowledge", "town": "ine", "alert": "al-1"}),
        ("pref", {"kind": "acknowledge", "town": "asa", "alert": "al-3"}),
        ("japan", {"kind": "acknowledge", "town": "asa", "alert": "al-1"}),
    ],
)
def test_what_may_not_be_asked_is_refused_and_stores_nothing(
    region: RegionPages, readers: dict[str, Client], reader: str, form: dict[str, str]
) -> None:
    before = region.sql("SELECT count(*) FROM region.request")
    assert ask(readers[reader], **form).status_code == 409
    assert region.sql("SELECT count(*) FROM region.request") == before


def test_an_organisation_has_twenty_requests_waiting_at_most(own_region: RegionPages) -> None:
    pref = logged_in(own_region, "pref")
    answers = [ask(pref, kind="message", town="asa", text=str(n)).status_code for n in range(22)]
    assert answers == [303] * 20 + [409] * 2


def test_the_pages_load_neither_sqlite_nor_what_judges_events() -> None:
    code = (
        "import sys, dashboard.office.region.hub.app; print([name for name in sys.modules if "
        "name.startswith(('apsw', 'sqlite3', 'gateway.alerts', 'gateway.store', 'gateway.mqtt'))])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("module", "is_loaded"), [("dashboard.office.region.hub.app", False), ("folium", True)]
)
def test_the_pages_load_no_pandas_where_it_is_installed_beside_them(
    module: str, is_loaded: bool
) -> None:
    """Control: folium by itself loads it. Afterwards it can be imported as ever."""
    pytest.importorskip("pandas")
    code = (
        f"import sys, {module}; print('pandas' in sys.modules); import pandas; pandas.DataFrame()"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == str(is_loaded)
