"""Camtrap DP import: tables of a published package become devices and readings, or named refusals."""

import json
from collections import Counter
from datetime import UTC, datetime

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gateway.domain.model import Kind, Reading, Role
from gateway.ingest.files.camtrapdp.package import ENDLESS_S, Package
from gateway.ingest.files.camtrapdp.tables import PackageError
from tests.gateway.ingest.files.packages import DEPLOYMENTS, HEAD, OBSERVATIONS, files, read


def sightings(package: Package) -> list[Reading]:
    return [one for one in package.readings if one.kind is Kind.DETECTION]


def refusals(package: Package) -> list[str]:
    return [str(one) for one in package.findings.refused]


def test_a_deployment_is_a_detector_that_is_never_silent() -> None:
    ridge, valley = read(files()).devices
    assert (ridge.id, ridge.name, ridge.lat, ridge.lon) == ("ridge", "尾根", 32.70, 128.80)
    assert (ridge.role, ridge.heartbeat_s) == (Role.DETECTOR, ENDLESS_S)
    assert valley.id.startswith("valley-")
    assert valley.id.isascii()


def test_a_deployment_begins_and_ends_with_a_heartbeat() -> None:
    package = read(files())
    times = [
        one.device_time
        for one in package.readings
        if one.device == "ridge" and one.kind is Kind.HEARTBEAT
    ]
    assert times == [datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 11, tzinfo=UTC)]


def test_rows_of_one_event_and_species_are_one_reading_with_the_sum_of_animals() -> None:
    found = [(one.device, one.species, one.count, one.distinct) for one in sightings(read(files()))]
    assert found[:3] == [
        ("ridge", "boar", 4, True),
        ("ridge", "deer", 2, True),
        ("ridge", "boar", 1, True),
    ]


def test_a_species_outside_our_table_keeps_its_scientific_name() -> None:
    kinds = Counter(one.species for one in sightings(read(files())))
    assert kinds == {"boar": 2, "deer": 1, "Rattus norvegicus": 1, "person": 1, "unknown": 1}


def test_what_is_no_sighting_is_left_out_and_counted() -> None:
    assert read(files()).left_out == {"blank": 1}


def test_a_package_without_event_rows_is_grouped_by_its_event_ids() -> None:
    rows = (
        HEAD
        + "o1,ridge,m1,e1,2026-01-02T03:00:00Z,media,animal,Sus scrofa,1\n"
        + "o2,ridge,m1,e1,2026-01-02T03:00:00Z,media,animal,Sus scrofa,2\n"
        + "o3,ridge,m2,e1,2026-01-02T02:59:00Z,media,animal,Sus scrofa,2\n"
        + "o4,ridge,m3,,2026-01-02T05:00:00Z,media,animal,Sus scrofa,1\n"
    )
    first, second = sightings(read(files(observations=rows)))
    assert (first.count, first.distinct) == (3, True)  # the fullest picture, not all pictures
    assert first.device_time == datetime(2026, 1, 2, 2, 59, tzinfo=UTC)
    assert (second.count, second.distinct) == (1, False)


def test_a_time_without_offset_is_read_in_the_sites_zone_and_reported() -> None:
    package = read(files(DEPLOYMENTS.replace("+09:00", "")))
    assert package.readings[0].device_time == datetime(2026, 1, 1, tzinfo=UTC)
    repaired = [str(one) for one in package.findings.repaired]
    assert repaired == [
        f"deployments.csv line 2: {column} = {value!r}: has no offset from UTC; taken as Asia/Tokyo"
        for column, value in (
            ("deploymentStart", "2026-01-01T09:00:00"),
            ("deploymentEnd", "2026-01-11T09:00:00"),
        )
    ]


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        (
            "2026-01-11T09",
            "2026-01-01T08",
            "deploymentEnd = '2026-01-01T08:00:00+09:00': must be after",
        ),
        ("2026-01-11T09", "2036-01-11T09", "lies in the future"),
        ("2026-01-11T09:00", "soon", "deploymentEnd = 'soon:00+09:00': must be a time"),
        ("32.70", "north", "must be degrees like 36.5561"),
        ("128.80", "190", "must be degrees from -180 to 180"),
        ("ridge,", ",", "deploymentID = '': must not be empty"),
        ("valley/東", "ridge", "deploymentID = 'ridge': stands there twice"),
    ],
)
def test_a_broken_deployment_is_refused_with_file_line_and_value(
    old: str, new: str, why: str
) -> None:
    package = read(files(DEPLOYMENTS.replace(old, new)))
    assert why in refusals(package)[0]
    assert refusals(package)[0].startswith("deployments.csv line ")
    assert len(package.devices) == 1
    assert len(package.readings) > 2  # the other deployment is not harmed


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ("o5,ridge", "o5,moon", "line 6: deploymentID = 'moon': no usable deployment"),
        ("2026-01-02T03:10:00+09:00", "2026-01-01T07:59:59+09:00", "outside its deployment"),
        ("2026-01-02T03:10:00+09:00", "yesterday", "eventStart = 'yesterday': must be a time"),
        ("Sus scrofa,1\no6", "Sus scrofa,-1\no6", "count = '-1': must be a whole number"),
        ("Sus scrofa,1\no6", "Sus scrofa,１\no6", "count = '１': must be a whole number"),
    ],
)
def test_a_broken_observation_is_refused_with_file_line_and_value(
    old: str, new: str, why: str
) -> None:
    whole, package = read(files()), read(files(observations=OBSERVATIONS.replace(old, new)))
    [refusal] = refusals(package)
    assert why in refusal
    assert refusal.startswith("observations.csv line 6: ")
    assert len(sightings(package)) == len(sightings(whole)) - 1


@pytest.mark.parametrize("written", ["1", "1.0", "1.", "01.00"])
def test_a_whole_number_may_be_written_with_a_point(written: str) -> None:
    package = read(
        files(
            observations=OBSERVATIONS.replace("Rattus norvegicus,1", f"Rattus norvegicus,{written}")
        )
    )
    assert refusals(package) == []
    assert [one.count for one in sightings(package) if one.species == "Rattus norvegicus"] == [1]


@pytest.mark.parametrize("written", ["1.5", "0.0", "1e3", "1,0", ".", "1000001", "nan"])
def test_what_is_no_whole_number_is_no_count(written: str) -> None:
    rows = OBSERVATIONS.replace("Rattus norvegicus,1", f'Rattus norvegicus,"{written}"')
    package = read(files(observations=rows))
    assert "must be a whole number" in refusals(package)[0]
    assert [one[:7] for one in package.incomplete] == ["valley-"]
    assert [one.id for one in package.without_incomplete().devices] == ["ridge"]


def test_an_absent_count_is_one_animal_and_reported() -> None:
    package = read(
        files(observations=OBSERVATIONS.replace("Rattus norvegicus,1", "Rattus norvegicus,"))
    )
    assert [one.count for one in sightings(package) if one.species == "Rattus norvegicus"] == [1]
    assert [one.text for one in package.findings.repaired] == ["not given; taken as 1"]


def test_ids_are_equal_at_every_reading_and_differ_between_packages() -> None:
    again = [one.id for one in read(files()).readings]
    assert again == [one.id for one in read(files()).readings]
    assert len(set(again)) == len(again)
    assert not set(again) & {one.id for one in read(files(), prefix="2026-").readings}


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        ("datapackage.json", b"{", "datapackage.json: not a JSON object"),
        (
            "datapackage.json",
            b"{}",
            "datapackage.json: no resource 'deployments' with one path; has: none",
        ),
        ("deployments.csv", b"deploymentID\n", "deployments.csv: column latitude is missing"),
        ("deployments.csv", b"\x93\xfa\x96{", "deployments.csv: not UTF-8"),
        ("observations.csv", HEAD.encode() + b"x" * 200_000, "observations.csv: not CSV"),
        ("observations.csv", b"", "observations.csv: column observationID is missing"),
    ],
)
def test_an_unreadable_file_is_named(name: str, content: bytes, why: str) -> None:
    with pytest.raises(PackageError, match=f"^{why}"):
        read({**files(), name: content})


@pytest.mark.parametrize("path", ["https://example.org/x.csv", "/etc/passwd", "../x.csv", 7])
def test_nothing_outside_the_package_is_opened(path: object) -> None:
    descriptor = json.dumps({"resources": [{"name": "deployments", "path": path}]}).encode()
    with pytest.raises(PackageError, match="deployments"):
        read({**files(), "datapackage.json": descriptor})


@given(st.binary(max_size=300), st.sampled_from(["deployments.csv", "observations.csv"]))
@example(b'"', "deployments.csv")  # the quote swallows every deployment
def test_any_bytes_give_a_package_or_name_their_file(junk: bytes, name: str) -> None:
    content = files()
    content[name] = content[name].replace(b"ridge", junk, 2)
    named: set[str] = set()
    try:
        package = read(content)
        named = {row.file for row in package.findings.refused}
    except PackageError as error:
        named = {str(error).partition(":")[0]}
    assert name in named or package.devices


def test_a_deployment_at_zero_has_no_place_and_keeps_its_effort() -> None:
    package = read(files(DEPLOYMENTS.replace("32.70,128.80", "0,0")))
    ridge = next(one for one in package.devices if one.name == "尾根")
    assert (ridge.lat, ridge.lon) == (None, None)
    assert "without a place" in str(package.findings.repaired[0])
    assert len(package.readings) == len(read(files()).readings)


@pytest.mark.parametrize("place", ["0.31,36.90", "51.48,0.001", "-1.5,9.0"])
def test_a_deployment_on_the_equator_or_at_greenwich_keeps_its_place(place: str) -> None:
    package = read(files(DEPLOYMENTS.replace("32.70,128.80", place)))
    assert f"{package.devices[0].lat:g}" == f"{float(place.split(',')[0]):g}"
