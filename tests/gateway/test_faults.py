"""The gateway's own faults: each is seen, told to the office as one alert, and over when it is over."""

import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from gateway.alerts.evaluation import tick
from gateway.alerts.texts import subject
from gateway.clock import Machine, Timekeeper, utc_now
from gateway.config import check
from gateway.faults import GatewayFaults
from gateway.metrics import Health
from gateway.mqtt import Counters
from gateway.store.clocks.clock_correction import ClockCorrections
from gateway.store.housekeeping import Housekeeping
from gateway.store.recovery.file_report import FileReport
from gateway.words.catalogue import translations
from tests.gateway.alerts.site import Site
from tests.support.certificates import make_certificate
from tests.support.samples import T0


class Own:
    """A gateway's parts as its `GatewayFaults` sees them, with a clock that tests turn."""

    def __init__(self, folder: Path, mqtt: dict[str, str] | None = None, *more: Any) -> None:
        self.site = Site(folder)
        self.now = T0
        self.counters, self.health = Counters(connected=True), Health()
        settings = {"store": {"path": str(folder / "test.db"), "disk_reserve_mb": 1}}
        session: Any = SimpleNamespace(counters=self.counters)
        config = check(settings | ({"mqtt": mqtt} if mqtt else {}))
        self.faults = GatewayFaults(config, self.health, session, lambda: self.now, more)

    def after(self, **span: float) -> dict[str, str]:
        """Time passes and a tick looks; gives the parts that alerts are open about."""
        self.now += timedelta(**span)
        found = self.faults()
        self.site.store.write_now(
            lambda tx: tick(tx, self.now, self.site.policy, found, self.faults.listening())
        )
        alerts = self.site.store.read_now(lambda r: r.open_alerts())
        return {a.subject: a.note for a in alerts if a.rule == "gateway_fault"}


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Own]:
    own = Own(tmp_path)
    yield own
    own.site.store.close()


def test_a_gateway_in_order_has_no_fault(own: Own) -> None:
    assert own.after(days=1) == {}


def test_a_broker_out_of_reach_is_a_fault_after_two_minutes_and_says_why(own: Own) -> None:
    own.after(seconds=1)
    own.counters.connected, own.counters.error = False, "refused: bad password"
    assert own.after(seconds=30) == {}
    assert own.faults.listening() is None
    assert own.after(seconds=121) == {"broker": "refused: bad password"}
    own.counters.connected = True
    assert own.after(seconds=1) == {}
    assert own.faults.listening() == own.now


def test_a_gateway_that_does_not_catch_up_says_so_after_ten_minutes(own: Own) -> None:
    own.health.behind(5_000)
    assert own.after(seconds=30) == {}
    own.health.behind(7_000)
    assert own.after(minutes=10, seconds=1) == {"backlog": "7000"}
    own.health.behind(0)
    assert own.after(seconds=30) == {}


def test_other_numbers_of_the_broker_are_no_drops(own: Own) -> None:
    for number in (1, 500):
        own.health.broker_says("clients", number)
        assert own.after(seconds=30) == {}


def test_a_disk_that_refuses_is_a_fault_until_a_commit_succeeds(own: Own) -> None:
    own.health.refused_by_disk("disk I/O error")
    assert own.after(seconds=1) == {"disk": "disk I/O error"}
    own.health.disk_error = ""
    assert own.after(seconds=1) == {}


def test_a_disk_that_is_nearly_full_is_a_fault(own: Own, monkeypatch: pytest.MonkeyPatch) -> None:
    free = {"bytes": 900_000}
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=free["bytes"]))
    assert own.after(seconds=1) == {"disk": "0 MB"}
    free["bytes"] = 5_000_000
    assert own.after(seconds=1) == {}


def certificate(folder: Path, days: int) -> str:
    """The path of a fresh certificate."""
    path = folder / f"{days}.pem"
    make_certificate(path, folder / "key.pem", "broker", days)
    return str(path)


@pytest.mark.parametrize("setting", ["ca_file", "cert_file"])
def test_a_certificate_is_a_fault_from_three_weeks_before_its_end(
    tmp_path: Path, setting: str
) -> None:
    files = {setting: certificate(tmp_path, 100)}
    if setting == "cert_file":
        files["key_file"] = str(tmp_path / "key.pem")
    own = Own(tmp_path, files)
    own.now = utc_now()
    assert own.after(days=78) == {}
    own.counters.connected = True
    assert list(own.after(days=2)) == ["certificate"]
    own.site.store.close()


def test_a_clock_nobody_vouches_for_is_a_fault(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    site = Site(tmp_path / "other")
    wall = {"now": T0 - timedelta(days=400)}
    machine = Machine(lambda: wall["now"], lambda: 5.0, lambda: False, keeps_time=False)
    own = Own(tmp_path, None, ClockCorrections(Timekeeper(machine, T0), site.store).faults)
    assert list(own.after(seconds=1)) == ["clock"]
    site.store.close()
    own.site.store.close()


def test_a_database_that_was_salvaged_is_a_fault_for_a_week(tmp_path: Path) -> None:
    store: Any = SimpleNamespace(file_report=None)
    now = {"at": T0}
    own = Own(tmp_path, None, Housekeeping(store, 0, lambda: now["at"], lambda: True).faults)
    assert own.after(seconds=1) == {}
    store.file_report = FileReport(T0, "page 7", "broken-1", {"event": 12}, holes=1)
    now["at"] = T0 + timedelta(days=6)
    assert own.after(days=6) == {"database": "12 events; broken-1"}
    now["at"] = T0 + timedelta(days=8)
    assert own.after(days=2) == {}
    own.site.store.close()


def test_a_sink_that_is_held_up_is_a_fault(tmp_path: Path) -> None:
    shown = {"sink": "401 Unauthorized"}
    own = Own(tmp_path, None, lambda: shown)
    assert own.after(seconds=1) == {"sink": "401 Unauthorized"}
    shown.clear()
    assert own.after(seconds=1) == {}
    own.site.store.close()


def test_two_faults_are_two_alerts_and_one_that_lasts_is_one(own: Own) -> None:
    own.health.refused_by_disk("full")
    own.counters.connected = False
    for _ in range(5):
        own.after(minutes=3)
    alerts = own.site.store.read_now(lambda r: r.open_alerts())
    assert sorted(a.subject for a in alerts if a.rule == "gateway_fault") == ["broker", "disk"]


PARTS = translations("ja").group("gateway_part.")


@pytest.mark.parametrize("part", [key.removeprefix("gateway_part.") for key in PARTS])
def test_every_part_has_words_in_both_languages(own: Own, part: str) -> None:
    own.site.store.write_now(lambda tx: tick(tx, T0, own.site.policy, {part: "x"}, T0))
    [alert] = own.site.store.read_now(lambda r: r.open_alerts())
    assert subject(alert, None, "ja") != part
    assert subject(alert, None, "en") == translations("en")(f"gateway_part.{part}")
