"""The office's pages of reports: who sees what, what each change does, and what maps and papers take."""

import csv
import io
from pathlib import Path

import pytest

from gateway import app as service
from gateway.domain.epoch import day_number
from gateway.domain.reports.report import Report
from gateway.domain.resident_reports import Sighting, SightingKind
from gateway.ingest.files import column_words, report_table
from gateway.ingest.tables import rows
from gateway.parts import links
from tests.dashboard.client import Answer, Client
from tests.dashboard.place import NOW
from tests.dashboard.public.report.sending import PLACE, WORDS, new, send
from tests.support import pictures
from tests.support.samples import TOKYO

CONTACT = "090-1111-2222"


def arrived(readers: dict[str, Client], *photos: bytes, **changed: str) -> str:
    """The id of a report that a resident sent."""
    report = new(**changed)
    assert send(readers["anybody"], report, *photos).status_code == 200
    return report["id"]


def act(client: Client, id_: str, change: str, **fields: str) -> Answer:
    return client.post(f"/reports/of/{id_}", {"change": change, **fields})


def find(gateway: service.Gateway, id_: str) -> Report:
    found = gateway.store.read_now(lambda reader: reader.reports.find(id_))
    assert found
    return found


def sightings(gateway: service.Gateway) -> list[Sighting]:
    day = day_number(NOW.astimezone(TOKYO).date())
    return gateway.store.read_now(lambda reader: reader.sightings(day - 9, day + 99))


@pytest.mark.parametrize("role", ["official", "admin"])
def test_an_official_sees_place_contact_and_photo_and_takes_it_up(
    gateway: service.Gateway, readers: dict[str, Client], role: str
) -> None:
    id_ = arrived(readers, pictures.picture(shade=70))
    client = readers[role]
    assert f"/reports/of/{id_}" in client.get("/reports").text
    page = client.get(f"/reports/of/{id_}").text
    assert CONTACT in page
    assert f"{PLACE[0]:.5f}" in page
    photo = find(gateway, id_).photos[0]
    assert client.get(f"/reports/photos/{photo}").headers["content-type"] == "image/jpeg"
    assert act(client, id_, "take_up").status_code == 303
    assert "対応中" in client.get(f"/reports/of/{id_}").text


@pytest.mark.parametrize(
    "role", ["anybody", "resident", "viewer", "installer", "trapper", "deputy"]
)
def test_nobody_else_sees_or_changes_a_report(
    gateway: service.Gateway, readers: dict[str, Client], role: str
) -> None:
    id_ = arrived(readers, pictures.picture(shade=71))
    client = readers[role]
    assert id_ not in client.get("/reports").text
    assert client.get(f"/reports/of/{id_}").status_code in {303, 403, 404}
    assert act(client, id_, "close", text="x").status_code in {303, 403, 404}
    photo = find(gateway, id_).photos[0]
    assert client.get(f"/reports/photos/{photo}").status_code in {303, 403, 404}
    assert find(gateway, id_).status == "received"


def test_a_trapper_sees_what_they_were_handed_without_the_contact_and_can_end_it(
    gateway: service.Gateway, readers: dict[str, Client]
) -> None:
    mine, other = arrived(readers), arrived(readers, lat="33.1")
    assert act(readers["official"], mine, "hand_over", to="a-trapper").status_code == 303
    trapper = readers["trapper"]
    assert mine in trapper.get("/reports").text
    assert other not in trapper.get("/reports").text
    page = trapper.get(f"/reports/of/{mine}").text
    assert f"{PLACE[0]:.5f}" in page, "they must find it"
    assert CONTACT not in page
    assert act(trapper, mine, "publish").status_code == 409
    assert act(trapper, mine, "close", text="見回りました").status_code == 303
    assert find(gateway, mine).answer == "見回りました"


def test_what_is_taken_up_is_drawn_on_maps_and_offered_as_a_record_of_damage(
    gateway: service.Gateway, readers: dict[str, Client]
) -> None:
    id_ = arrived(readers, kind="damage")
    assert sightings(gateway) == []
    act(readers["official"], id_, "take_up")
    [one] = sightings(gateway)
    assert (one.id, one.kind, one.lat) == (id_, SightingKind.DAMAGE, PLACE[0])
    assert (
        f'name="report" value="{id_}"' in readers["official"].get("/damage", {"report": id_}).text
    )
    act(readers["official"], id_, "dismiss")
    assert sightings(gateway) == []


def test_merging_is_offered_and_undone_on_the_page(
    gateway: service.Gateway, readers: dict[str, Client]
) -> None:
    first = arrived(readers)
    second = arrived(readers, lat=f"{PLACE[0] + 0.001}")
    official = readers["official"]
    assert find(gateway, second).head == first
    assert second not in official.get("/reports").text, "it stands with the first"
    assert second in official.get(f"/reports/of/{first}").text
    assert act(official, second, "take_up").status_code == 409
    assert act(official, second, "separate").status_code == 303
    assert second in official.get("/reports").text
    assert f'value="{first}"' in official.get(f"/reports/of/{second}").text
    assert act(official, second, "merge", to=first).status_code == 303
    assert find(gateway, second).head == first


@pytest.mark.parametrize(
    ("change", "fields"),
    [("answer", {}), ("hand_over", {"to": "a-viewer"}), ("reopen", {}), ("riot", {}), ("", {})],
)
def test_a_change_that_is_not_possible_is_refused_in_words(
    readers: dict[str, Client], change: str, fields: dict[str, str]
) -> None:
    id_ = arrived(readers)
    answer = act(readers["official"], id_, change, **fields)
    assert answer.status_code == 409
    assert 'role="alert"' in answer.text


def test_what_is_published_is_day_animal_and_square(
    gateway: service.Gateway, readers: dict[str, Client]
) -> None:
    id_ = arrived(readers)
    public = Client(f"http://{readers['anybody'].host}")
    assert find(gateway, id_).square not in public.get("/report/published").text
    act(readers["official"], id_, "publish")
    page = public.get("/report/published").text
    assert find(gateway, id_).square in page
    assert "イノシシ" in page
    assert WORDS not in page
    assert str(PLACE[0])[:6] not in page
    act(readers["official"], id_, "withdraw")
    assert find(gateway, id_).square not in public.get("/report/published").text


def test_the_file_has_every_report_no_contact_and_no_formula(readers: dict[str, Client]) -> None:
    arrived(readers, note="=1+1")
    arrived(readers, lat="33.2", kind="trace")
    answer = readers["official"].get("/officials/reports.csv")
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert [(row["kind"], row["note"][:2]) for row in rows] == [
        ("sighting", "'="),
        ("trace", WORDS[:2]),
    ]
    assert CONTACT not in answer.text
    assert readers["trapper"].get("/officials/reports.csv").status_code == 403


def test_the_file_read_back_adds_nothing_at_home_and_the_same_sightings_elsewhere(
    gateway: service.Gateway, readers: dict[str, Client], tmp_path: Path
) -> None:
    first, other = arrived(readers, note="畑も, 荒れた"), arrived(readers, lat="33.2", kind="trace")
    spam = arrived(readers, lat="33.4")
    for id_ in (first, other):
        act(readers["official"], id_, "take_up")
    act(readers["official"], spam, "dismiss")
    file = tmp_path / "reports.csv"
    file.write_bytes(readers["official"].get("/officials/reports.csv", {"counted": "1"}).content)
    table = rows.read(file.read_bytes(), column_words.is_header)
    map_ = column_words.map_of(column_words.guess(table.header), "五島市", "")
    found = report_table.parse(file.read_bytes(), map_, "reports.csv", TOKYO, gateway.clock())
    assert not found.findings.refused
    assert {one.id for one in found.sightings} == {first, other}
    before = sightings(gateway)
    assert gateway.store.write_now(lambda tx: tx.sightings.add(found.sightings)) == []
    assert sightings(gateway) == before
    assert {(one.kind, one.lat, one.note) for one in found.sightings} == {
        (one.kind, one.lat, one.note) for one in before
    }


def test_the_message_to_a_trapper_leads_to_a_page_that_names_no_place_and_can_be_answered(
    gateway: service.Gateway, readers: dict[str, Client]
) -> None:
    act(
        readers["official"], arrived(readers, kind="trace", lat="33.9"), "hand_over", to="a-trapper"
    )
    found = gateway.store.read_now(lambda reader: reader.open_alerts())
    alert = next(one for one in found if one.rule == "report_handed")
    token = links(gateway).token(alert.id, "a-trapper", gateway.clock())
    page = readers["anybody"].get(f"/a/{token}")
    assert page.status_code == 200
    assert 'href="/reports"' in page.text
    assert "33.9" not in page.text
    form = {"do": "acknowledge", "underway": ""}
    assert readers["anybody"].post(f"/a/{token}", form).status_code == 200
    again = gateway.store.read_now(lambda reader: reader.alert(alert.id))
    assert again
    assert again.acknowledged_by == "a-trapper"
