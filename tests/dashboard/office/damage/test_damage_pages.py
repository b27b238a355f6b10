"""The page of damage: recorded, corrected, taken back; what somebody with own places sees is their own."""

import csv
import io
from datetime import date, timedelta

import pytest

from gateway import app as service
from gateway.domain.damage.record import DamageRecord, DamageSource
from gateway.domain.resident_reports import Sighting, SightingKind
from tests.dashboard.client import Answer, Client
from tests.dashboard.place import NOW
from tests.support.samples import TOKYO

TODAY = NOW.astimezone(TOKYO).date()
FORM = {
    "id": "d1",
    "day": f"{TODAY}",
    "crop": "水稲",
    "species": "boar",
    "area_m2": "300",
    "amount_yen": "42,000",
    "amount_kg": "",
    "lat": "32.7",
    "lon": "128.8",
    "municipality": "五島市",
    "place": "三井楽",
}


@pytest.fixture(autouse=True)
def empty(gateway: service.Gateway) -> None:
    """Each test begins without records."""
    gateway.store.write_now(lambda tx: tx.execute("DELETE FROM damage"))


def keep(client: Client, **changed: str) -> Answer:
    return client.post("/damage", FORM | changed)


def kept(gateway: service.Gateway) -> list[DamageRecord]:
    start, end = TODAY.replace(year=TODAY.year - 5), TODAY.replace(year=TODAY.year + 1)
    return gateway.store.read_now(lambda reader: reader.damage.between(start, end))


@pytest.mark.parametrize("role", ["official", "admin", "trapper"])
def test_a_record_is_made_once_and_keeps_an_unknown_amount_unknown(
    gateway: service.Gateway, readers: dict[str, Client], role: str
) -> None:
    assert keep(readers[role]).status_code == keep(readers[role]).status_code == 303
    [one] = kept(gateway)
    assert (one.crop, one.species, one.area_m2) == ("水稲", "boar", 300.0)
    assert (one.amount_yen, one.amount_kg, one.by) == (42_000, None, f"a-{role}")
    page = readers[role].get("/damage").text
    assert "水稲" in page
    assert "42,000" in page


@pytest.mark.parametrize("role", ["anybody", "resident", "viewer", "installer"])
def test_nobody_else_records_or_reads_damage(
    gateway: service.Gateway, readers: dict[str, Client], role: str
) -> None:
    assert keep(readers[role]).status_code in {303, 403}
    assert readers[role].get("/damage").status_code in {303, 403}
    assert kept(gateway) == []


def test_a_correction_counts_and_taking_it_back_restores_the_first(
    gateway: service.Gateway, readers: dict[str, Client]
) -> None:
    client = readers["official"]
    keep(client)
    assert 'name="replaces" value="d1"' in client.get("/damage", {"correct": "d1"}).text
    assert keep(client, id="d2", replaces="d1", amount_yen="24000").status_code == 303
    assert [(one.id, one.amount_yen) for one in kept(gateway)] == [("d2", 24_000)]
    assert keep(client, id="d3", replaces="d1").status_code == 409, "somebody was faster"
    assert client.post("/damage/undo", {"id": "d2"}).status_code == 303
    assert [one.id for one in kept(gateway)] == ["d1"]


def test_a_trapper_with_own_places_sees_and_corrects_own_records_only(
    gateway: service.Gateway, readers: dict[str, Client]
) -> None:
    keep(readers["official"], crop="甘藷")
    assert "甘藷" not in readers["trapper"].get("/damage").text
    assert "甘藷" not in readers["trapper"].get("/damage", {"correct": "d1"}).text
    assert keep(readers["trapper"], id="d2", replaces="d1").status_code == 409
    assert readers["trapper"].post("/damage/undo", {"id": "d1"}).status_code == 409
    assert [one.id for one in kept(gateway)] == ["d1"]


@pytest.mark.parametrize(
    ("field", "value"),
    [("day", "yesterday"), ("lat", "91"), ("area_m2", "much"), ("crop", ""), ("amount_kg", "-1")],
)
def test_what_cannot_be_right_is_named_and_the_form_keeps_its_values(
    gateway: service.Gateway, readers: dict[str, Client], field: str, value: str
) -> None:
    answer = keep(readers["official"], **{field: value})
    assert answer.status_code == 409
    assert "記録できません" in answer.text
    assert 'value="三井楽"' in answer.text
    assert kept(gateway) == []


def reported(id_: str, day: date) -> Sighting:
    """A resident's report of damage."""
    return Sighting(
        id=id_,
        source="市役所",
        kind=SightingKind.DAMAGE,
        species="boar",
        day=day,
        lat=32.71,
        lon=128.81,
        note="田が荒らされた",
    )


@pytest.mark.parametrize(("count", "folded"), [(5, False), (6, True)])
def test_many_reports_are_folded_and_the_newest_stands_first(
    gateway: service.Gateway, readers: dict[str, Client], count: int, folded: bool
) -> None:
    reports = [reported(f"s{n}", TODAY - timedelta(n)) for n in range(count)]
    gateway.store.write_now(lambda tx: tx.sightings.add(reports))
    page = readers["official"].get("/damage").text
    assert ("<details>" in page) is folded
    assert ("<details open>" in page) is not folded
    assert page.index("report=s0#") < page.index("report=s1#")


def test_a_residents_report_becomes_one_record(
    gateway: service.Gateway, readers: dict[str, Client]
) -> None:
    report = reported("s1", TODAY)
    gateway.store.write_now(lambda tx: tx.sightings.add([report]))
    client = readers["official"]
    assert "田が荒らされた" in client.get("/damage").text
    assert 'name="report" value="s1"' in client.get("/damage", {"report": "s1"}).text
    assert keep(client, report="s1").status_code == 303
    [one] = kept(gateway)
    assert (one.source, one.report) == (DamageSource.REPORT, "s1")
    assert keep(client, id="d9", report="s1").status_code == 409, "one report is one record"
    assert "report=s1" not in client.get("/damage").text


def test_the_file_holds_every_record_that_counts_and_no_formula(
    gateway: service.Gateway, readers: dict[str, Client]
) -> None:
    keep(readers["official"], crop="=1+1")
    keep(readers["official"], id="d2", crop="甘藷", source="survey")
    answer = readers["official"].get("/officials/damage.csv")
    assert answer.status_code == 200
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert [row["crop"] for row in rows] == ["'=1+1", "甘藷"]
    assert rows[1] | {"source": "survey", "amount_kg": "", "by": "a-official"} == rows[1]
    assert readers["trapper"].get("/officials/damage.csv").status_code == 403
