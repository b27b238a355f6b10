"""Sessions and agreements at the hub: what has ended opens nothing, from that moment on."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from msgspec.structs import replace

from dashboard.office.region.hub.entry.accounts import COOKIE, Accounts, to_micros
from dashboard.office.region.hub.reading import Readings
from gateway.clock import utc_now
from gateway.domain.epoch import day_number, local_midnight, ms
from gateway.domain.people.agreement import ShareLevel
from gateway.region.records import DeviceRecord, TownRecord
from tests.dashboard.client import Client
from tests.dashboard.office.region.conftest import logged_in
from tests.support.region.pages import PASSWORD, RegionPages, agreement
from tests.support.region.served import pages_without_database

pytestmark = pytest.mark.real

EAST, WEST = ZoneInfo("Pacific/Kiritimati"), ZoneInfo("Pacific/Pago_Pago")


def status(client: Client, path: str = "/region/towns/asa") -> int:
    return client.get(path).status_code


def test_a_session_ends_when_its_account_is_removed(own_region: RegionPages) -> None:
    pref = logged_in(own_region, "pref")
    assert status(pref) == 200
    own_region.sql("UPDATE region.hub_user SET disabled_at = now() WHERE name = 'pref'")
    assert status(pref) == 303
    answer = pref.post("/region/requests", {"kind": "message", "town": "asa", "text": "x"})
    assert answer.status_code == 403
    assert (
        Client(own_region.url).post("/login", {"name": "pref", "password": PASSWORD}).status_code
        == 403
    )


def test_a_copied_cookie_opens_nothing_after_the_log_out(own_region: RegionPages) -> None:
    pref, thief = logged_in(own_region, "pref"), Client(own_region.url)
    thief.cookies = dict(pref.cookies)
    assert status(thief) == 200
    assert pref.post("/logout").status_code == 303
    assert status(thief) == 303
    assert status(logged_in(own_region, "pref")) == 200


@pytest.mark.parametrize(("hours", "wanted"), [(11.9, 200), (12.1, 303), (-0.1, 303)])
def test_a_session_lasts_twelve_hours(own_region: RegionPages, hours: float, wanted: int) -> None:
    own_region.sql("UPDATE region.hub_user SET sessions_from = now() - interval '30 days'")
    accounts = Accounts(Readings(own_region.hub.hub.pages), utc_now)
    begun = to_micros(datetime.now(UTC) - timedelta(hours=hours))
    client = Client(own_region.url)

    async def signed() -> str:
        return (await accounts._signing()).dumps(["pref", begun])

    client.cookies[COOKIE] = own_region.run(signed())
    assert status(client) == wanted


def test_an_account_sees_with_the_eyes_of_its_present_organisation(own_region: RegionPages) -> None:
    pref = logged_in(own_region, "pref")
    own_region.sql(
        "UPDATE region.hub_user SET organisation = "
        "(SELECT no FROM region.organisation WHERE id = 'stranger') WHERE name = 'pref'"
    )
    assert status(pref) == 404


def test_guesses_wait_and_say_so(own_region: RegionPages) -> None:
    client = Client(own_region.url)
    answers = [client.post("/login", {"name": "pref", "password": f"{n}"}) for n in range(8)]
    assert [one.status_code for one in answers] == [403] * 5 + [429] * 3
    assert int(answers[-1].headers["retry-after"]) > 0
    assert client.post("/login", {"name": "pref", "password": PASSWORD}).status_code == 429


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "https://127.0.0.1:1"])
def test_nothing_is_done_by_a_form_of_another_site(own_region: RegionPages, origin: str) -> None:
    pref = logged_in(own_region, "pref")
    form = {"kind": "message", "town": "asa", "text": "x"}
    answer = pref.post(
        "/region/requests", form, headers={"origin": origin, "user-agent": "Mozilla"}
    )
    assert answer.status_code == 403
    assert own_region.sql("SELECT * FROM region.request") == []


@pytest.mark.parametrize("target", ["//evil.example", "https://evil.example", "/\\evil.example"])
def test_a_log_in_leads_to_no_other_site(region: RegionPages, target: str) -> None:
    client = Client(region.url)
    answer = client.post("/login", {"name": "ine", "password": PASSWORD}, {"next": target})
    assert answer.headers["location"] == "/region/map"


def test_a_revoked_agreement_ends_at_once(own_region: RegionPages) -> None:
    pref = logged_in(own_region, "pref")
    assert "130.91249" in pref.post("/region/towns/asa/places", {"purpose": "x"}).text
    assert ",320," in pref.get("/region/squares.csv").text
    now = datetime.now(UTC)
    own_region.send(
        "asa", agreements=(agreement("pref", ShareLevel.EXACT, revoked_at=now, revoked_by="m"),)
    )
    for path in ("/region/towns/asa", "/region/alerts", "/region/compare", "/region/squares.csv"):
        assert "麻町の沢" not in pref.get(path).text
    assert "130.91249" not in pref.post("/region/towns/asa/places", {"purpose": "x"}).text
    assert "麻町" not in pref.get("/region/compare").text
    assert (
        pref.post("/region/requests", {"kind": "message", "town": "asa", "text": "x"}).status_code
        == 409
    )
    assert "revoked" in pref.get("/region/agreements", {"lang": "en"}).text


def test_a_coarser_agreement_is_what_holds_after_the_exact_one(own_region: RegionPages) -> None:
    pref = logged_in(own_region, "pref")
    now = datetime.now(UTC)
    own_region.send(
        "asa",
        agreements=(
            agreement("pref", ShareLevel.EXACT, revoked_at=now, revoked_by="m"),
            agreement("pref", ShareLevel.KM1, id="second"),
        ),
    )
    assert "麻町の沢" not in pref.get("/region/alerts").text
    assert "麻町" in pref.get("/region/compare").text
    assert "130.91249" not in pref.post("/region/towns/asa/places", {"purpose": "x"}).text


@pytest.mark.parametrize("zone", [EAST, WEST])
def test_an_agreement_that_ends_today_by_the_towns_calendar_holds_until_its_midnight(
    own_region: RegionPages, zone: ZoneInfo
) -> None:
    """14 hours before and 11 hours behind UTC: for one of them it is another day there now."""
    pref = logged_in(own_region, "pref")
    today = datetime.now(zone).date()
    for last, is_shown in ((today, True), (today - timedelta(days=1), False)):
        told = agreement(
            "pref", ShareLevel.EXACT, until_day=last, from_day=last - timedelta(days=1)
        )
        end = ms(local_midnight(day_number(last) + 1, zone))
        given = replace(told, ends_ms=end, starts_ms=end - 2 * 86_400_000)
        own_region.send("asa", agreements=(given,))
        assert ("麻町" in pref.get("/region/compare").text) is is_shown


NASTY = "<script>alert(1)</script>\"' {{7*7}} \u202eevil\u202c"


def test_names_of_towns_devices_and_people_are_text(own_region: RegionPages) -> None:
    own_region.sql("UPDATE region.organisation SET title = $1 WHERE id IN ('asa', 'pref')", NASTY)
    own_region.sql("UPDATE region.hub_user SET name = $1 WHERE name = 'pref'", NASTY[:60])
    own_region.send(
        "asa",
        devices=(
            DeviceRecord("asa-dev-4", "trap", "approved", NASTY, NASTY, lat=32.71, lon=130.9),
        ),
        town=TownRecord("asa", NASTY, "Asia/Tokyo", NASTY[:60], "exact"),
    )
    asa = logged_in(own_region, "asa")
    places = asa.post("/region/towns/asa/places", {"purpose": NASTY}).text
    own_region.sql(
        "INSERT INTO region.request (town, kind, text, organisation, by_user, outcome, reason, answered_at) "
        "SELECT 1, 'message', $1, 1, $1, $1, $1, now()",
        NASTY,
    )
    paths = ("map", "towns", "towns/asa", "alerts", "compare", "agreements", "audit", "requests")
    pages = [places, *(asa.get(f"/region/{path}").text for path in paths)]
    assert sum("&lt;script&gt;" in page or "\\u003cscript" in page for page in pages) >= 6
    for page in pages:
        assert "<script>alert" not in page
        assert "\u202e" not in page
        assert " 49 " not in page


def test_without_its_database_the_hub_says_so_and_that_the_towns_go_on() -> None:
    with pages_without_database() as url:
        client = Client(url)
        client.cookies[COOKIE] = "x.y"
        answer = client.get("/region/map")
        assert answer.status_code == 503
        assert answer.headers["retry-after"] == "10"
        assert "町の装置は町だけで動き続けています" in answer.text
        answer = client.post("/login", {"name": "a", "password": "b"})
        assert answer.status_code == 503
        assert client.get("/static/app.css").status_code == 200
