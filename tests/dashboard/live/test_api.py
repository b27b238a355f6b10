"""The shapes under /api."""

import pytest

from gateway.domain.model import Device, Kind, Role
from tests.dashboard.client import Client
from tests.dashboard.place import CAMERAS, TRAPS, Place, ago, reading


def test_devices_are_one_geojson_collection(client: Client) -> None:
    answer = client.get("/api/devices.geojson")
    assert answer.headers["content-type"] == "application/geo+json"
    found = {one["id"]: one for one in answer.json()["features"]}
    assert len(found) == len(TRAPS) + len(CAMERAS)
    sprung = found["trap-03"]
    assert sprung["geometry"] == {"type": "Point", "coordinates": [TRAPS[2].lon, TRAPS[2].lat]}
    reported = {
        key: sprung["properties"][key] for key in ("name", "role", "condition", "battery_pct")
    }
    assert reported == {
        "name": "岐宿の沢 3号",
        "role": "trap",
        "condition": "sprung",
        "battery_pct": 71.0,
    }
    assert sprung["properties"]["since"] == "2026-11-22T23:00:00Z"


def test_traps_come_the_most_urgent_first(client: Client) -> None:
    traps = client.get("/api/traps").json()
    assert [trap["id"] for trap in traps[:2]] == ["trap-03", "trap-04"]
    assert {trap["role"] for trap in traps} == {"trap"}


def test_alerts_name_rule_and_subject(client: Client) -> None:
    alerts = client.get("/api/alerts").json()
    assert [(one["rule"], one["subject"], one["level"]) for one in alerts] == [
        ("trap_sprung", "trap-04", "capture"),
        ("trap_sprung", "trap-03", "capture"),
        ("first_appearance", "cam-02/deer", "info"),
    ]


def test_events_are_the_newest_first_and_as_many_as_asked(client: Client) -> None:
    events = client.get("/api/events", params={"limit": 3}).json()
    assert len(events) == 3
    assert events[0]["kind"] == "detection"
    assert events[0]["species"] == "deer"


@pytest.mark.parametrize("limit", ["0", "-1", "1001", "x", "１", "9" * 30, ""])
def test_a_limit_out_of_range_is_refused_with_the_range(client: Client, limit: str) -> None:
    answer = client.get("/api/events", params={"limit": limit})
    assert (answer.status_code, answer.json()) == (
        400,
        {"error": "limit: a whole number from 1 to 1000", "code": "bad_parameter"},
    )


def test_rates_carry_their_effort_and_interval(client: Client) -> None:
    found = client.get("/api/rates.geojson", params={"days": 30}).json()["features"]
    rates = {one["id"]: one["properties"] for one in found}
    most = rates["cam-05"]
    assert most["events"] == 9
    assert most["rate"] == pytest.approx(100 * 9 / most["days"])
    assert most["low"] < most["rate"] < most["high"]
    assert "cam-08" not in rates, "never heard: no effort, no rate"
    deer = client.get("/api/rates.geojson", params={"days": 30, "species": "deer"}).json()
    assert [one["id"] for one in deer["features"] if one["properties"]["events"]] == ["cam-02"]


def test_a_sensor_that_cannot_identify_species_has_no_rate_for_a_species(
    place: Place, visitor: Client
) -> None:
    pir = Device(id="pir-1", role=Role.DETECTOR, name="人感1", lat=32.67, lon=128.75)
    place.store.write_now(lambda tx: tx.put_device(pir))
    for hours in range(200, 0, -5):
        place.hear(reading("pir-1", Kind.HEARTBEAT, ago(hours=hours)))
        place.hear(reading("pir-1", Kind.DETECTION, ago(hours=hours - 1), species="unknown"))

    def devices_with_rates(species: str) -> set[str]:
        answer = visitor.get("/api/rates.geojson", params={"days": 30, "species": species})
        return {one["id"] for one in answer.json()["features"]}

    assert "pir-1" in devices_with_rates("")
    assert "pir-1" in devices_with_rates("unknown")
    assert "pir-1" not in devices_with_rates("boar")
    assert "cam-07" in devices_with_rates("boar"), (
        "heard, and never told anything: it may have seen none"
    )
    left_out = "率から除いたセンサー：人感1"
    assert left_out in visitor.get("/", params={"species": "boar"}).text
    assert left_out not in visitor.get("/").text


def test_too_little_effort_gives_no_rate(client: Client) -> None:
    found = client.get("/api/rates.geojson", params={"days": 1}).json()["features"]
    assert found
    assert all(one["properties"]["rate"] is None for one in found)
