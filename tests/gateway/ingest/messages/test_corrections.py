"""A later word about an earlier detection corrects it everywhere, and only it."""

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from gateway.domain.geo.areas import Land, parse
from gateway.domain.model import Device, Event, Kind, Reading, Role
from gateway.domain.outcome import Outcome
from gateway.ingest.messages.batch import absorb
from tests.gateway.alerts.site import Site
from tests.support.samples import TRAP, at, decode, message, reading

YARD = Device(id="yard", role=Role.DETECTOR, lat=32.7, lon=128.8, heartbeat_s=3600)
SQUARE = b"""{"type": "Polygon", "coordinates":
    [[[128.79, 32.69], [128.81, 32.69], [128.81, 32.71], [128.79, 32.71], [128.79, 32.69]]]}"""
ALL = (0, 100_000)


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    land = parse(Land(name="village", living=True, near_m=0.0, species=(), hours="00-24"), SQUARE)
    site = Site(tmp_path, devices=(YARD, TRAP), areas=(land,))
    yield site
    site.store.close()


def first(minutes: float = 5, species: str = "unknown", **facts: object) -> Reading:
    one = reading("yard", Kind.DETECTION, minutes, id_=f"object-{minutes:g}", species=species)
    return msgspec.structs.replace(one, **facts)


def word(about: Reading, species: str, confidence: float | None = 0.8) -> Reading:
    return msgspec.structs.replace(
        about, id=f"{about.id}:{species}", species=species, confidence=confidence, refines=about.id
    )


def receive(site: Site, *readings: Reading) -> Outcome:
    one = message(*readings, received=10)
    return site.store.write_now(lambda tx: absorb(tx, [one], decode, at(10), site.policy))


def events(site: Site) -> list[Event]:
    return site.store.read_now(lambda r: r.latest_events())


def dangers(outcome: Outcome) -> list[tuple[str, str | None]]:
    return [(a.subject, a.event) for a in outcome.opened if a.rule == "living_area"]


def seen(site: Site) -> dict[str, int]:
    return {
        species: rate.records
        for species in ("unknown", "bear", "boar")
        for rate in site.store.read_now(lambda r: r.rates(*ALL, species))  # noqa: B023
        if rate.records
    }


def test_a_correction_to_a_dangerous_species_alerts_although_the_first_report_named_none(
    site: Site,
) -> None:
    assert dangers(receive(site, first())) == []
    outcome = receive(site, word(first(), "bear"))
    assert dangers(outcome) == [("village/bear", "object-5")]
    assert [(e.id, e.species, e.confidence) for e in outcome.refined] == [("object-5", "bear", 0.8)]
    assert receive(site, word(first(), "bear")).opened == []


def test_a_correction_moves_the_counts_and_the_newest_sightings(site: Site) -> None:
    receive(site, first(), first(7))
    receive(site, word(first(7), "boar"))
    assert seen(site) == {"unknown": 1, "boar": 1}
    detected = site.state("yard").detected
    assert set(detected) == {"unknown", "boar"}
    assert detected["unknown"] < detected["boar"]


def test_an_event_and_its_correction_in_one_message_are_one_event_and_one_alert(site: Site) -> None:
    outcome = receive(site, first(), word(first(), "bear"))
    assert [(e.id, e.species) for e in outcome.events] == [("object-5", "bear")]
    assert len(dangers(outcome)) == 1
    assert seen(site) == {"bear": 1}


def test_a_correction_of_an_event_that_never_came_becomes_an_event(site: Site) -> None:
    outcome = receive(site, word(first(), "bear"))
    assert [(e.id, e.species) for e in outcome.events] == [("object-5", "bear")]
    assert len(dangers(outcome)) == 1
    late = receive(site, first(media="a.jpg", confidence=0.4))
    assert (late.events, late.opened, late.duplicates) == ([], [], 1)
    [event] = events(site)
    assert (event.species, event.confidence, event.media) == ("bear", 0.8, "a.jpg")
    assert seen(site) == {"bear": 1}


def test_the_correction_with_the_highest_confidence_wins_in_any_order(site: Site) -> None:
    receive(site, first(), word(first(), "boar", 0.9))
    outcome = receive(site, word(first(), "bear", 0.6))
    assert (outcome.refined, outcome.opened, outcome.duplicates) == ([], [], 1)
    assert [e.species for e in events(site)] == ["boar"]


def test_a_correction_with_low_confidence_corrects_without_an_alert(site: Site) -> None:
    outcome = receive(site, first(), word(first(), "bear", 0.3))
    assert outcome.opened == []
    assert seen(site) == {"bear": 1}


def test_a_correction_changes_the_event_of_its_own_device_only(site: Site) -> None:
    receive(site, reading("trap-01", Kind.SPRUNG, 5, id_="object-5"))
    outcome = receive(site, word(first(), "bear"))
    assert [(e.id, e.device, e.kind) for e in outcome.events] == [
        ("object-5", "yard", Kind.DETECTION)
    ]
    assert receive(site, first()).events == []
    assert {(e.device, e.species) for e in events(site)} == {("trap-01", None), ("yard", "bear")}


def test_a_correction_of_an_event_that_is_no_detection_is_a_separate_event(site: Site) -> None:
    receive(site, reading("yard", Kind.TAMPER, 5, id_="object-5"))
    outcome = receive(site, word(first(), "bear"))
    assert [(e.id, e.kind) for e in outcome.events] == [("object-5:bear", Kind.DETECTION)]
    assert len(dangers(outcome)) == 1


def test_occupied_for_two_hours_is_one_presence_and_one_alert(site: Site) -> None:
    found = []
    for minutes in range(0, 120, 20):
        one = msgspec.structs.replace(first(minutes), is_state=True, id=f"report-{minutes}")
        received = message(one)
        outcome = site.store.write_now(
            lambda tx, m=received, at_=minutes: absorb(tx, [m], decode, at(at_), site.policy)  # type: ignore[misc]
        )
        found += [alert.rule for alert in outcome.opened]
        found += [alert.rule for alert in site.tick(minutes + 1).opened]
    assert found == ["protected_land"]
    [rate] = site.store.read_now(lambda r: r.rates(*ALL, "unknown"))
    assert (rate.records, rate.independent) == (6, 1)
