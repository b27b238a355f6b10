"""gateway.ingest.files.replay: imported readings through the gateway's own door, once."""

from contextlib import closing
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from dashboard.analysis.rate import rai
from gateway.alerts.evaluation import tick
from gateway.alerts.policy import Policy
from gateway.domain import species
from gateway.domain.model import Device, Reading, Role, Standing, TimeQuality
from gateway.ingest.files import replay
from gateway.ingest.files.replay import HistoryError
from gateway.store import Store
from gateway.store.answers import DeviceEffort
from tests.gateway.ingest.files.packages import NOW, files, read
from tests.science.shared import ROOT, needs_shared, values
from tests.support.samples import TOKYO, open_store

FOREVER = (-(10**6), 10**6)


def take(store: Store) -> replay.ReplaySummary:
    package = read(files())
    return replay.import_history(store, package.devices, package.readings, NOW)


def by_device(store: Store, kind: str | None = None) -> dict[str, DeviceEffort]:
    return {one.device: one for one in store.read_now(lambda r: r.rates(*FOREVER, kind))}


def test_effort_is_the_deployment_to_the_millisecond(tmp_path: Path) -> None:
    with closing(open_store(tmp_path)) as store:
        take(store)
        ridge = by_device(store)["ridge"]
        assert (ridge.alive_days, ridge.armed_days) == (10.0, 0.0)
        boar = by_device(store, "boar")["ridge"]
        assert (boar.independent, boar.animals) == (2, 5)  # 10 min apart, yet two events there


def test_importing_twice_adds_nothing(tmp_path: Path) -> None:
    with closing(open_store(tmp_path)) as store:
        first, before = take(store), by_device(store)
        again = take(store)
        assert (again.devices_new, again.events_new) == (0, 0)
        assert again.events_known == first.events_new > 0
        assert by_device(store) == before


def test_small_steps_give_the_same_figures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for folder, step in (("a", 2_000), ("b", 1)):
        (tmp_path / folder).mkdir()
        monkeypatch.setattr(replay, "STEP", step)
        with closing(open_store(tmp_path / folder)) as store:
            take(store)
            if folder == "a":
                whole = by_device(store)
            else:
                assert by_device(store) == whole


def test_history_alerts_nobody_and_is_judged_by_its_own_time(tmp_path: Path) -> None:
    with closing(open_store(tmp_path)) as store:
        take(store)
        assert store.read_now(lambda r: r.open_alerts()) == []
        assert not store.read_now(lambda r: r.outbox())
        for event in store.read_now(lambda r: r.latest_events()):
            assert event.observed_at == event.device_time
            assert event.time_quality is TimeQuality.RTC


@pytest.mark.parametrize("year", ["2003", "2019"])
def test_records_older_than_every_device_of_ours_count_all_the_same(
    tmp_path: Path, year: str
) -> None:
    dated = {
        name: text.replace(b"2026-01", f"{year}-01".encode()) for name, text in files().items()
    }
    package = read(dated)
    with closing(open_store(tmp_path)) as store:
        found = replay.import_history(store, package.devices, package.readings, NOW)
        boar = by_device(store, "boar")["ridge"]
        assert (boar.independent, boar.animals, boar.alive_days) == (2, 5, 10.0)
        assert (found.events_known, store.read_now(lambda r: r.open_alerts())) == (0, [])


@pytest.mark.parametrize("days", [0, 1, 365, 3650])
def test_a_camera_taken_down_is_not_reported_silent(tmp_path: Path, days: int) -> None:
    with closing(open_store(tmp_path)) as store:
        take(store)
        outcome = store.write_now(lambda tx: tick(tx, NOW + timedelta(days), Policy()))
        assert outcome.opened == []


@pytest.mark.parametrize(
    ("there", "why"),
    [
        (Device(id="ridge", role=Role.TRAP, name="三井楽"), "already belongs to 三井楽"),
        (
            Device(id="ridge", role=Role.DETECTOR, dialect="camtrapdp", standing=Standing.REVOKED),
            "device ridge is revoked",
        ),
    ],
)
def test_another_sources_device_is_never_written_to(
    tmp_path: Path, there: Device, why: str
) -> None:
    with closing(open_store(tmp_path, there)) as store:
        with pytest.raises(HistoryError, match=why):
            take(store)
        assert store.read_now(lambda r: r.latest_events()) == []
        assert store.read_now(lambda r: r.devices()) == [there]


def test_a_reading_without_time_is_refused(tmp_path: Path) -> None:
    package = read(files())
    timeless: list[Reading] = [msgspec.structs.replace(package.readings[0], device_time=None)]
    with (
        closing(open_store(tmp_path)) as store,
        pytest.raises(HistoryError, match="history needs a time"),
    ):
        replay.import_history(store, package.devices, timeless, NOW)


@needs_shared
def test_effort_events_and_rai_of_the_published_example_are_met_to_1e_12(tmp_path: Path) -> None:
    expected = values("reference/camtrapdp_tdwg_example.json")
    folder = ROOT / "data/camtrapdp"
    package = read({path.name: path.read_bytes() for path in folder.iterdir()})
    assert not package.findings.refused
    with closing(Store(tmp_path / "test.db", TOKYO)) as store:
        replay.import_history(store, package.devices, package.readings, NOW)
        days = {one.device: one.alive_days for one in by_device(store).values()}
        assert days == pytest.approx(expected["trap_days"], rel=1e-12)
        assert sum(days.values()) == pytest.approx(expected["total_trap_days"], rel=1e-12)
        assert len(expected["table"]) == 36
        for row in expected["table"]:
            kind = species.code(row["scientificName"]) or row["scientificName"]
            rate = by_device(store, kind)[row["deploymentID"]]
            found = rai(rate.independent, rate.alive_days)
            assert (found.n, rate.animals) == (row["n_obs"], row["n_individuals"])
            assert found.per100 == pytest.approx(row["rai"], rel=1e-12, abs=1e-12)
            assert 100 * rate.animals / rate.alive_days == pytest.approx(
                row["rai_individuals"], rel=1e-12, abs=1e-12
            )
