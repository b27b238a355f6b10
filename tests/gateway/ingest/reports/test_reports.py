"""Reports as the gateway takes and changes them: once each, merged, counted, handed over, undone."""

import asyncio
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace

from gateway.domain.alerts.rule_name import RuleName
from gateway.domain.epoch import day_number
from gateway.domain.model import Alert
from gateway.domain.reports.life import ReportChange, Wish
from gateway.domain.reports.report import Report, ReportError, ReportStatus, ReportWay
from gateway.domain.resident_reports import Sighting
from gateway.ingest.reports import changing, reading, taking
from gateway.ingest.reports.forgetting import Forgetting
from gateway.ingest.reports.taking import Taken
from tests.gateway.alerts.site import Site
from tests.gateway.domain.reports.test_life import REPORT
from tests.gateway.domain.reports.test_merging import moved
from tests.support.samples import T0, TOKYO

SECOND = moved(100, 5)
THIRD = replace(moved(50, 9), id="c" * 32)


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """A site with a trapper, a deputy and an office."""
    made = Site(tmp_path)
    yield made
    made.store.close()


def take(site: Site, report: Report, token: str = "") -> Taken:
    now = report.received_at
    return site.store.write_now(lambda tx: taking.take(tx, report, token, site.policy, now))


def act(site: Site, id_: str, change: ReportChange, text: str = "", to: str = "") -> None:
    wish = Wish(change, "yamada", T0 + timedelta(hours=1), text, to)
    site.store.write_now(lambda tx: changing.act(tx, id_, wish, site.policy))


def sightings(site: Site) -> list[Sighting]:
    """What maps and records of damage take."""
    day = day_number(T0.astimezone(TOKYO).date())
    return site.store.read_now(lambda reader: reader.sightings(day - 2, day + 2))


def find(site: Site, id_: str) -> Report:
    found = site.store.read_now(lambda reader: reader.reports.find(id_))
    assert found
    return found


def alerts(site: Site, rule: RuleName) -> list[Alert]:
    return [
        one for one in site.store.read_now(lambda reader: reader.open_alerts()) if one.rule == rule
    ]


def people_told(site: Site, alert: Alert) -> list[str]:
    """Whom the outbox names for an alert."""
    sql = "SELECT DISTINCT person FROM outbox WHERE alert = ?"
    return site.store.write_now(lambda tx: [name for (name,) in tx.execute(sql, (alert.id,))])


def test_the_same_report_sent_again_is_one(site: Site) -> None:
    assert take(site, REPORT).is_new
    assert not take(site, replace(REPORT, note="another text under the same id")).is_new
    assert find(site, REPORT.id).note == REPORT.note
    assert len(site.store.read_now(lambda reader: reader.reports.newest())) == 1


def test_three_reports_of_one_boar_are_one_and_an_official_can_undo_it(site: Site) -> None:
    for one in (REPORT, SECOND, THIRD):
        take(site, one)
    assert find(site, SECOND.id).head == find(site, THIRD.id).head == REPORT.id
    act(site, REPORT.id, ReportChange.TAKE_UP)
    assert [one.id for one in sightings(site)] == [REPORT.id]
    act(site, SECOND.id, ReportChange.SEPARATE)
    act(site, SECOND.id, ReportChange.TAKE_UP)
    assert {one.id for one in sightings(site)} == {REPORT.id, SECOND.id}
    act(site, SECOND.id, ReportChange.MERGE, to=REPORT.id)
    assert [one.id for one in sightings(site)] == [REPORT.id]
    steps = site.store.read_now(lambda reader: reader.reports.steps(SECOND.id))
    assert [one.change for one in steps] == [
        "received",
        "merged_itself",
        "separate",
        "take_up",
        "merge",
    ]


def test_the_office_gets_one_alert_which_ends_when_nothing_waits(site: Site) -> None:
    far = replace(moved(5_000), id="d" * 32)
    take(site, REPORT)
    take(site, far)
    [alert] = alerts(site, RuleName.RESIDENT_REPORT)
    assert alert.causes == 2
    act(site, REPORT.id, ReportChange.TAKE_UP)
    assert alerts(site, RuleName.RESIDENT_REPORT)
    act(site, far.id, ReportChange.DISMISS)
    assert not alerts(site, RuleName.RESIDENT_REPORT)


def test_what_was_merged_into_spam_stands_alone_again(site: Site) -> None:
    take(site, REPORT)
    take(site, SECOND)
    act(site, REPORT.id, ReportChange.DISMISS)
    assert find(site, SECOND.id).head == ""
    assert find(site, SECOND.id).status is ReportStatus.RECEIVED
    assert alerts(site, RuleName.RESIDENT_REPORT), "somebody must look at it"


def test_a_trapper_who_is_handed_a_report_is_notified_alone_until_it_is_done(site: Site) -> None:
    take(site, REPORT)
    act(site, REPORT.id, ReportChange.HAND_OVER, to="tanaka")
    [alert] = alerts(site, RuleName.REPORT_HANDED)
    assert people_told(site, alert) == ["tanaka"]
    assert "32.69" not in repr(alert), "messages name no place"
    act(site, REPORT.id, ReportChange.HAND_OVER, to="sato")
    assert len(alerts(site, RuleName.REPORT_HANDED)) == 1
    act(site, REPORT.id, ReportChange.CLOSE, "追い払いました")
    assert not alerts(site, RuleName.REPORT_HANDED)


def test_nobody_is_handed_a_report_who_cannot_be_reached(site: Site) -> None:
    take(site, REPORT)
    with pytest.raises(ReportError):
        act(site, REPORT.id, ReportChange.HAND_OVER, to="nobody")
    assert find(site, REPORT.id).status is ReportStatus.RECEIVED


def test_a_report_is_not_merged_in_circles(site: Site) -> None:
    far = replace(moved(5_000), id="d" * 32)
    for one in (REPORT, SECOND, far):
        take(site, one)
    for wrong in (SECOND.id, "e" * 32, REPORT.id):
        with pytest.raises(ReportError):
            act(site, REPORT.id, ReportChange.MERGE, to=wrong)
    with pytest.raises(ReportError):
        act(site, REPORT.id, ReportChange.MERGE, to=far.id)  # another was merged into it


FORM = {
    "id": "f" * 32,
    "kind": "sighting",
    "species": "イノシシ",
    "at": "2026-11-01T08:30",
    "lat": "32.6951",
    "lon": "128.8412",
    "note": "通学路に\u202eいた",
}


def test_a_form_is_read_with_the_time_of_the_place_and_visible_text() -> None:
    found = reading.read(FORM, TOKYO, T0)
    assert (found.species, found.way) == ("boar", ReportWay.FORM)
    assert found.at.isoformat() == "2026-10-31T23:30:00+00:00"
    assert found.note == "通学路にいた"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("id", "1"),
        ("id", "F" * 32),
        ("kind", "riot"),
        ("at", "yesterday"),
        ("at", "0001-01-01T00:00"),
        ("lat", "n"),
        ("lon", ""),
        ("note", "x" * 1_001),
        ("note", "x" * 10_001),
        ("contact", "x" * 121),
    ],
)
def test_a_form_that_cannot_be_read_names_the_field(field: str, value: str) -> None:
    with pytest.raises(ReportError) as refused:
        reading.read(FORM | {field: value}, TOKYO, T0)
    assert refused.value.field == {"lat": "place", "lon": "place"}.get(field, field)


def test_only_the_hash_of_the_reporters_secret_is_kept(site: Site) -> None:
    secret = reading.new_token()
    take(site, REPORT, reading.token_hash(secret))
    found = site.store.read_now(lambda reader: reader.reports.of_token(reading.token_hash(secret)))
    assert found
    assert found.id == REPORT.id
    assert site.store.read_now(lambda reader: reader.reports.of_token("")) is None
    rows = site.store.write_now(lambda tx: list(tx.execute("SELECT * FROM report")))
    assert secret not in repr(rows)
    for wrong in ("", "A" * 64, secret[:-1], secret + "\n"):
        with pytest.raises(ReportError):
            reading.token_hash(wrong)


def test_the_secret_of_another_report_is_refused_and_nothing_follows(site: Site) -> None:
    take(site, REPORT, "a" * 64)
    other = replace(moved(5_000), id="d" * 32)
    with pytest.raises(ReportError):
        take(site, other, "a" * 64)
    assert site.store.read_now(lambda reader: reader.reports.find(other.id)) is None


def test_a_merged_report_forgets_its_contact_with_the_one_that_it_was_merged_with(
    site: Site,
) -> None:
    for one in (REPORT, moved(100, 5)):
        take(site, one)
    assert find(site, moved(100, 5).id).head == REPORT.id
    act(site, REPORT.id, ReportChange.CLOSE, "済みました")
    later = Forgetting(site.store, 90, lambda: T0 + timedelta(days=92))
    asyncio.run(later.once())
    assert [find(site, one.id).contact for one in (REPORT, moved(100, 5))] == ["", ""]


def test_free_text_is_no_species_that_is_published_and_stays_for_the_office() -> None:
    given = {
        "id": "a" * 32,
        "kind": "sighting",
        "species": "山田宅 090-1111-2222",
        "lat": "32.7",
        "lon": "128.8",
        "note": "庭",
    }
    found = reading.read(given, TOKYO, T0)
    assert (found.species, found.note) == ("unknown", "山田宅 090-1111-2222\n庭")
    assert reading.read(given | {"species": "イノシシ"}, TOKYO, T0).species == "boar"


def test_a_report_that_is_done_forgets_how_to_reach_its_reporter_and_stays(site: Site) -> None:
    waiting = replace(moved(5_000), id="d" * 32)
    for one in (REPORT, waiting):
        take(site, one)
    act(site, REPORT.id, ReportChange.CLOSE, "済みました")
    for days, contact in ((89, REPORT.contact), (92, "")):
        later = Forgetting(site.store, 90, lambda days=days: T0 + timedelta(days=days))  # type: ignore[misc]
        asyncio.run(later.once())
        assert find(site, REPORT.id).contact == contact
    assert find(site, REPORT.id).answer == "済みました"
    assert find(site, waiting.id).contact == REPORT.contact, "nobody has answered it yet"
