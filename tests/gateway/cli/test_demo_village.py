"""The demo's reports: few, near what was seen, the same at each start."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from dashboard.analysis.projection import Plane
from gateway.cli.demo.village import NEAR_M, reports
from gateway.domain.model import Device, Event, Kind, Role, TimeQuality

TOKYO = ZoneInfo("Asia/Tokyo")
AT = datetime(2026, 9, 1, 20, tzinfo=UTC)
PLACES = {
    "cam-1": Device(id="cam-1", role=Role.DETECTOR, lat=32.69, lon=128.84),
    "cam-2": Device(id="cam-2", role=Role.DETECTOR),
}


def seen(no: int, species: str = "boar", device: str = "cam-1") -> Event:
    return Event(
        id=f"e-{no}",
        device=device,
        kind=Kind.DETECTION,
        observed_at=AT,
        received_at=AT,
        time_quality=TimeQuality.SYNCED,
        species=species,
    )


STORY = [seen(no) for no in range(4_000)]


def test_each_start_has_the_same_few_reports() -> None:
    found = reports(STORY, PLACES, TOKYO)
    assert found == reports(STORY, PLACES, TOKYO)
    assert 60 < len(found) < 160
    assert {one.day for one in found} == {date(2026, 9, 2)}, "the local day"


def test_they_lie_near_the_sensor_and_not_all_at_one_place() -> None:
    found = reports(STORY, PLACES, TOKYO)
    x, y = Plane(32.69, 128.84).to_metres([r.lat for r in found], [r.lon for r in found])
    assert ((x**2 + y**2) ** 0.5 <= NEAR_M * 1.01).all()
    assert len(set(zip(x.tolist(), y.tolist(), strict=True))) == len(found)


def test_only_pests_at_known_places_are_reported() -> None:
    assert reports([seen(n, "person") for n in range(500)], PLACES, TOKYO) == []
    assert reports([seen(n, device="cam-2") for n in range(500)], PLACES, TOKYO) == []
