"""Rules about animals at places: living areas, protected land, first appearances."""

from datetime import timedelta
from typing import Any

import pytest

from gateway.domain.geo.areas import AreaError, Land, parse
from gateway.domain.model import AlertLevel
from tests.gateway.alerts.rules.cameras import DETECTION, LAT, LON, camera, rules_of, square


def test_a_boar_in_a_living_area_is_a_danger_alert(make: Any) -> None:
    site = make(devices=[camera()], areas=[square("岐宿", living=True)])
    site.hear("cam-01", DETECTION, 1, species="boar", confidence=0.9)
    assert site.open()["living_area", "岐宿/boar"].level is AlertLevel.DANGER
    assert "protected_land" not in rules_of(site)


def test_a_deer_near_farmland_warns_and_one_far_away_does_not(make: Any) -> None:
    areas = [square("畑", half_m=100, near_m=200)]
    devices = [camera("near", north_m=290), camera("far", north_m=320)]
    site = make(devices=devices, areas=areas)
    site.hear("far", DETECTION, 1, species="deer")
    assert "protected_land" not in rules_of(site)
    site.hear("near", DETECTION, 2, species="deer")
    assert ("protected_land", "畑/deer") in site.open()


def test_land_is_watched_in_its_hours_and_for_its_species_only(make: Any) -> None:
    # T0 is 09:00 in Tokyo
    areas = [square("通学路", hours="07-09"), square("田", species=("monkey",))]
    site = make(devices=[camera()], areas=areas)
    site.hear("cam-01", DETECTION, 30, species="deer")
    assert "protected_land" not in rules_of(site)
    site.hear("cam-01", DETECTION, 24 * 60 - 30, species="deer")
    assert [s for r, s in site.open() if r == "protected_land"] == ["通学路/deer"]


@pytest.mark.parametrize("facts", [{"species": "cat"}, {"species": "deer", "confidence": 0.2}])
def test_pets_and_doubtful_sightings_alert_nobody(make: Any, facts: dict[str, Any]) -> None:
    site = make(devices=[camera()], areas=[square("畑")])
    assert site.hear("cam-01", DETECTION, 1, **facts).opened == []


def test_a_thousand_detections_in_a_minute_are_one_message(make: Any) -> None:
    site = make(devices=[camera()], areas=[square("畑")])
    for second in range(1000):
        site.hear("cam-01", DETECTION, second * 0.06, species="deer")
    alert = site.open()["protected_land", "畑/deer"]
    assert alert.causes == 1000
    land = [a for a in site.waiting() if a[0] == "tanaka"]
    assert len(land) == 2  # one of the land, one of the first appearance


def test_an_appearance_ends_when_it_is_calm_and_returns_as_the_same_alert(make: Any) -> None:
    site = make(devices=[camera()], areas=[square("畑")])
    site.hear("cam-01", DETECTION, 0, species="deer")
    assert site.tick(59).ended == []
    assert {a.rule for a in site.tick(61).ended} == {"protected_land", "first_appearance"}
    [again] = site.hear("cam-01", DETECTION, 65, species="deer").opened
    assert (again.reopened, again.causes) == (1, 2)


def test_the_first_of_a_species_in_an_area_alerts_once_in_thirty_days(make: Any) -> None:
    site = make(devices=[camera("a"), camera("b"), camera("c", area="富江")])
    day = 24 * 60
    assert len(site.hear("a", DETECTION, 0, species="monkey").opened) == 1
    site.tick(2 * day)
    assert site.hear("b", DETECTION, 20 * day, species="monkey").opened == []
    assert len(site.hear("c", DETECTION, 20 * day, species="monkey").opened) == 1
    site.tick(60 * day)
    assert len(site.hear("a", DETECTION, 60 * day, species="monkey").opened) == 1


def test_land_that_is_no_geojson_is_refused_by_name() -> None:
    for data in (b"{}", b"[", b'{"type":"FeatureCollection","features":[]}'):
        with pytest.raises(AreaError, match="畑"):
            parse(Land(name="畑"), data)


def test_the_distance_to_land_is_in_metres_in_every_direction() -> None:
    area = square("畑", half_m=100, near_m=200)
    east = 1 / (111_320 * 0.8416)  # cos(32.69 deg): the square is 84 m wide to each side
    assert area.touches(LAT, LON + 283 * east)
    assert not area.touches(LAT, LON + 286 * east)
    assert area.touches(LAT - 299 / 111_320, LON)
    assert not area.touches(LAT - 302 / 111_320, LON)


def test_an_old_appearance_is_for_the_statistics(make: Any) -> None:
    site = make(devices=[camera()], areas=[square("畑")])
    site.minutes = timedelta(days=2) / timedelta(minutes=1)
    assert site.hear("cam-01", DETECTION, 0, species="deer").opened == []
