"""The Camtrap DP package: by the standard's rules, and back through our own importer unchanged."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from gateway.cli import app
from gateway.domain.geo import mesh
from gateway.domain.model import Device, Event, Kind, Reading, Role, TimeQuality, TimeSource
from gateway.export.files import camtrapdp as camtrapexport
from gateway.export.files.camtrapdp import PackageInfo
from gateway.ingest.files import replay
from gateway.ingest.files.camtrapdp import package as camtrapdp
from gateway.store import Store
from gateway.store.answers import DeviceEffort
from tests.gateway.export.files import standard
from tests.gateway.export.files.standard import rows

NOW = datetime(2026, 11, 23, tzinfo=UTC)
START = datetime(2026, 9, 1, tzinfo=UTC)
ZONE = ZoneInfo("Asia/Tokyo")
CAM = Device(id="cam-1", role=Role.DETECTOR, name="沢", lat=32.6903, lon=128.8411)
OPEN, EXACT = (PackageInfo("題", "goto-2026", "五島市", NOW, exact) for exact in (False, True))


def event(minutes: float, kind: Kind = Kind.HEARTBEAT, **facts: object) -> Event:
    at = START + timedelta(minutes=minutes)
    return Event(
        id=f"{kind}-{minutes}",
        device="cam-1",
        kind=kind,
        observed_at=at,
        received_at=at,
        time_quality=TimeQuality.SYNCED,
        **facts,  # type: ignore[arg-type]
    )


def seen(minutes: float, species: str | None = "boar", **facts: object) -> Event:
    return event(minutes, Kind.DETECTION, species=species, **facts)


def package(events: list[Event], about: PackageInfo = EXACT) -> dict[str, bytes]:
    return camtrapexport.package([CAM], lambda _: events, about)


def check_by_the_standard(files: dict[str, bytes]) -> None:
    assert standard.troubles(files) == []
    about = msgspec.json.decode(files["datapackage.json"])
    names = {one["scientificName"] for one in about["taxonomic"]}
    assert names == {r["scientificName"] for r in rows(files, "observations")} - {""}
    held = {r["deploymentID"]: r for r in rows(files, "deployments")}
    for row in rows(files, "observations"):
        run = held[row["deploymentID"]]
        assert (
            run["deploymentStart"] <= row["eventStart"] <= row["eventEnd"] <= run["deploymentEnd"]
        )


EVENTS = st.lists(
    st.tuples(
        st.integers(0, 40_000),
        st.sampled_from(["", "boar", "deer", "person", "unknown", "Sus barbatus"]),
        st.integers(1, 9),
    ),
    min_size=1,
    max_size=40,
)


@given(EVENTS, st.sampled_from([OPEN, EXACT]))
def test_packages_of_any_events_are_valid_by_the_standard(
    told: list[tuple[int, str, int]], about: PackageInfo
) -> None:
    events = [seen(m, s, count=n, confidence=0.5) if s else event(m) for m, s, n in sorted(told)]
    check_by_the_standard(package(events, about))


def test_records_within_half_an_hour_are_one_event_with_its_largest_count() -> None:
    found = rows(
        package([event(0), seen(10, count=2), seen(35, count=5), seen(100), event(300)]),
        "observations",
    )
    assert [(r["eventStart"][11:16], r["eventEnd"][11:16], r["count"]) for r in found] == [
        ("00:10", "00:35", "5"),
        ("01:40", "01:40", "1"),
    ]


def test_a_silent_gap_ends_a_deployment_and_is_not_effort() -> None:
    runs = rows(package([event(0), event(300), event(3_000), event(3_360)]), "deployments")
    assert [(r["deploymentStart"][8:16], r["deploymentEnd"][8:16]) for r in runs] == [
        ("01T00:00", "01T05:00"),
        ("03T02:00", "03T08:00"),
    ]


def test_a_published_package_does_not_tell_where_a_camera_stands() -> None:
    files = package([event(0), seen(10), event(300)], OPEN)
    everything = b"".join(files.values()).decode()
    assert "32.69" not in everything
    assert "沢" not in everything
    [row] = rows(files, "deployments")
    square = mesh.code(CAM.lat or 0, CAM.lon or 0, "5km")
    assert mesh.code(float(row["latitude"]), float(row["longitude"]), "5km") == square
    assert (row["locationName"], row["coordinateUncertainty"]) == (square, "3733")


def test_a_package_without_any_device_is_refused() -> None:
    with pytest.raises(ValueError, match="no detector"):
        package([])


def counted(store: Store, device: str) -> list[tuple[str, DeviceEffort]]:
    def read(reader: object) -> list[tuple[str, DeviceEffort]]:
        return [
            (kind, rate)
            for kind in sorted(reader.species())  # type: ignore[attr-defined]
            for rate in reader.rates(0, 30_000, kind)  # type: ignore[attr-defined]
            if rate.device.startswith(device)
        ]

    return store.read_now(read)


def camera_reading(minutes: float, kind: Kind, species: str | None = None) -> Reading:
    at = START + timedelta(minutes=minutes)
    return Reading(
        id=f"{kind}-{minutes}-{species}",
        device="cam-1",
        kind=kind,
        device_time=at,
        time_source=TimeSource.GPS,
        species=species,
    )


def test_effort_and_events_come_back_through_our_own_importer(tmp_path: Path) -> None:
    first = Store(tmp_path / "first.db", ZONE)
    beats = [
        camera_reading(m, Kind.HEARTBEAT)
        for m in (*range(0, 9_000, 300), *range(20_000, 30_000, 300))
    ]
    animals = [
        camera_reading(m + 7, Kind.DETECTION, s)
        for m in range(0, 8_000, 431)
        for s in ("boar", "deer", "unknown")
    ]
    reported = sorted([*beats, *animals], key=lambda one: str(one.device_time))
    replay.import_history(first, [CAM], reported, NOW)
    config = tmp_path / "c.toml"
    config.write_text(
        f'[store]\npath = "{first.path}"\n[site]\ntitle = "五島市"\n', encoding="utf-8"
    )
    out = tmp_path / "package"
    done = CliRunner().invoke(app, ["export", "camtrapdp", "--out", str(out), "-c", str(config)])
    assert done.exit_code == 0, done.output
    check_by_the_standard({path.name: path.read_bytes() for path in out.iterdir()})
    found = camtrapdp.parse(lambda name: (out / name).read_bytes(), ZONE, NOW)
    assert found.findings.refused == []
    second = Store(tmp_path / "second.db", ZONE)
    replay.import_history(second, found.devices, found.readings, NOW)
    for store in (first, second):
        assert [kind for kind, _ in counted(store, "cam-1")], "something was counted"
    sums = [
        {
            kind: (
                sum(r.independent for k, r in counted(store, "cam-1") if k == kind),
                sum(r.alive_days for k, r in counted(store, "cam-1") if k == kind),
            )
            for kind in ("boar", "deer", "unknown")
        }
        for store in (first, second)
    ]
    for kind in sums[0]:
        assert sums[0][kind][0] == sums[1][kind][0]
        assert sums[0][kind][1] == pytest.approx(sums[1][kind][1], abs=1e-9)
    first.close()
    second.close()
