"""Open311 GeoReport v2: services, published requests without an exact place, new ones with a token."""

import secrets
from datetime import timedelta
from xml.etree import ElementTree as Xml

import pytest

from gateway import app as service
from gateway.domain.geo.mesh_code import centre
from gateway.domain.people.api_token import ApiToken, Scope, hash_of, new_secret
from gateway.domain.people.person import UserRole
from gateway.domain.reports.report import KINDS, Report, ReportWay
from tests.dashboard.client import Answer, Client
from tests.dashboard.place import NOW
from tests.dashboard.public.report.sending import PLACE, WORDS, new, send
from tests.dashboard.public.report.test_form import stored
from tests.dashboard.public.report.test_office import act

V2 = "/open311/v2"
REQUEST = {
    "service_code": "damage",
    "lat": str(PLACE[0]),
    "long": str(PLACE[1]),
    "description": "田が荒らされた",
    "attribute[species]": "boar",
    "phone": "090-3333-4444",
    "jurisdiction_id": "goto",
}


def key(gateway: service.Gateway, *scopes: Scope) -> str:
    """A program's token."""
    secret = new_secret()
    token = ApiToken(
        name=secrets.token_hex(4),
        role=UserRole.RESIDENT,
        scopes=scopes,
        places=(),
        created_at=NOW,
        expires_at=NOW + timedelta(days=600),
    )
    gateway.store.write_now(lambda tx: tx.tokens.add(hash_of(secret), token))
    return secret


def published(readers: dict[str, Client], **changed: str) -> str:
    """The id of a report that an official has published."""
    report = new(**changed)
    assert send(readers["anybody"], report).status_code == 200
    assert act(readers["official"], report["id"], "publish").status_code == 303
    return report["id"]


def post(client: Client, form: str = "json", **changed: str) -> Answer:
    return client.post(f"{V2}/requests.{form}", REQUEST | changed)


def xml(answer: Answer) -> Xml.Element:
    assert answer.headers["content-type"] == "text/xml; charset=utf-8"
    return Xml.fromstring(answer.content)


def test_discovery_and_services_have_both_forms_of_the_standard(readers: dict[str, Client]) -> None:
    client = readers["anybody"]
    assert "text/xml" in client.get("/open311/discovery.json").json()["endpoints"][0]["formats"]
    assert xml(client.get("/open311/discovery.xml")).find("endpoints/endpoint/url") is not None
    codes = [one["service_code"] for one in client.get(f"{V2}/services.json").json()]
    assert codes == [kind.value for kind in KINDS]
    found = xml(client.get(f"{V2}/services.xml"))
    assert [one.findtext("service_code") for one in found.iterfind("service")] == codes
    assert {one.findtext("metadata") for one in found.iterfind("service")} == {"true"}
    assert {one.findtext("type") for one in found.iterfind("service")} == {"realtime"}
    definition = xml(client.get(f"{V2}/services/damage.xml"))
    keys = [one.text for one in definition.iterfind("attributes/attribute/values/value/key")]
    assert "boar" in keys
    assert client.get(f"{V2}/services/riot.json").status_code == 404


def test_a_published_report_is_a_request_at_the_middle_of_its_square_on_its_day(
    gateway: service.Gateway, readers: dict[str, Client]
) -> None:
    id_ = published(readers)
    send(readers["anybody"], new(lat="33.4"))
    client = readers["anybody"]
    [one] = client.get(f"{V2}/requests.json").json()
    [report] = [one for one in stored(gateway) if one.id == id_]
    assert (one["service_request_id"], one["status"]) == (id_, "open")
    assert (one["lat"], one["long"]) == centre(report.square)
    assert one["requested_datetime"].endswith("T00:00:00+09:00")
    assert one["description"] == "イノシシ"
    act(readers["official"], id_, "close", text=WORDS)
    [closed] = xml(client.get(f"{V2}/requests.xml")).iterfind("request")
    assert closed.findtext("status") == "closed"
    assert WORDS not in client.get(f"{V2}/requests.xml").text
    assert client.get(f"{V2}/requests/{id_}.json").json()[0]["status"] == "closed"
    assert client.get(f"{V2}/requests/{'0' * 32}.json").status_code == 404


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({}, 2),
        ({"status": "closed"}, 1),
        ({"status": "open,closed"}, 2),
        ({"service_code": "trace"}, 1),
        ({"service_code": "death,other"}, 0),
        ({"start_date": "2020-01-01T00:00:00Z"}, 2),
        ({"end_date": "2020-01-01T00:00:00Z"}, 0),
    ],
)
def test_requests_are_filtered_as_the_standard_says(
    readers: dict[str, Client], query: dict[str, str], found: int
) -> None:
    act(readers["official"], published(readers), "close", text="済みました")
    published(readers, kind="trace", lat="33.3")
    assert len(readers["anybody"].get(f"{V2}/requests.json", query).json()) == found


@pytest.mark.parametrize(("name", "value"), [("status", "lost"), ("start_date", "yesterday")])
def test_a_filter_that_cannot_be_read_is_named(
    readers: dict[str, Client], name: str, value: str
) -> None:
    answer = readers["anybody"].get(f"{V2}/requests.xml", {name: value})
    assert answer.status_code == 400
    assert name in (xml(answer).findtext("error/description") or "")


@pytest.mark.parametrize("form", ["json", "xml"])
def test_a_program_with_a_token_sends_a_report_which_is_one_however_often_it_is_sent(
    gateway: service.Gateway, readers: dict[str, Client], form: str
) -> None:
    secret = key(gateway, Scope.REPORTS)
    answers = [post(readers["anybody"], form, api_key=secret) for _ in range(3)]
    assert {one.status_code for one in answers} == {200}
    [report] = stored(gateway)
    assert (report.kind, report.species, report.lat) == ("damage", "boar", PLACE[0])
    assert (report.way, report.contact) == (ReportWay.OPEN311, "090-3333-4444")
    if form == "json":
        assert answers[0].json()[0]["service_request_id"] == report.id
    else:
        assert xml(answers[0]).findtext("request/service_request_id") == report.id


def told(gateway: service.Gateway) -> list[Report]:
    return stored(gateway)


@pytest.mark.parametrize("scopes", [(), (Scope.EVENTS,)])
def test_without_a_token_for_it_nothing_is_taken(
    gateway: service.Gateway, readers: dict[str, Client], scopes: tuple[Scope, ...]
) -> None:
    secret = key(gateway, *scopes) if scopes else "shishigaki_wrong"
    answer = post(readers["anybody"], api_key=secret)
    assert answer.status_code == 403
    assert answer.json()[0]["code"] == 403
    good = key(gateway, Scope.REPORTS)
    in_address = readers["anybody"].post(f"{V2}/requests.json", REQUEST, {"api_key": good})
    assert in_address.status_code == 403, "an address stands in logs"
    assert told(gateway) == []


@pytest.mark.parametrize(
    ("changed", "status"),
    [({"service_code": "riot"}, 404), ({"lat": ""}, 400), ({"long": "nan"}, 400)],
)
def test_what_cannot_be_right_is_refused_as_the_standard_spells_it(
    gateway: service.Gateway, readers: dict[str, Client], changed: dict[str, str], status: int
) -> None:
    answer = post(readers["anybody"], "xml", api_key=key(gateway, Scope.REPORTS), **changed)
    assert answer.status_code == status
    assert xml(answer).findtext("error/code") == str(status)
    assert told(gateway) == []


def test_another_form_than_the_two_does_not_exist(readers: dict[str, Client]) -> None:
    assert readers["anybody"].get(f"{V2}/requests.html").status_code == 404
