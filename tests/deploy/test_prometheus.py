"""deploy/prometheus: rules, board and documented metrics fit what /metrics says, by Prometheus's own tool."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.clock import utc_now
from gateway.domain.model import Device, DeviceState, Role, Standing
from gateway.export.influx.forward.metrics import Meters
from gateway.metrics import Health
from gateway.metrics.disk_wear import DiskWear
from gateway.metrics.site_figures import look
from gateway.mqtt.session import Counters
from gateway.store.file.file_watch import FileWatch
from tests.deploy.folder import DEPLOY
from tests.support.samples import TRAP, at, open_store
from tests.support.servers import need

FOLDER = DEPLOY / "prometheus"
ROW = re.compile(r"^\| `(shishigaki_\w+)` \| (\w+) \| ([\w, ]*) ?\| ([^|]+) \|$", re.MULTILINE)
NAME = re.compile(r"\bshishigaki_\w+")


def promtool(*arguments: str, told: str = "") -> subprocess.CompletedProcess[str]:
    program = need(shutil.which("promtool"), "prometheus")
    return subprocess.run(
        [program, *arguments], input=told, capture_output=True, text=True, timeout=60, check=False
    )


@pytest.fixture(scope="module")
def metrics(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """What /metrics says with every part, as Prometheus reads it."""
    store = open_store(tmp_path_factory.mktemp("metrics"), TRAP)
    health = Health()
    health.follow(Counters(connected=True, connections=2))
    for what, value in (("dropped", 3), ("clients", 7)):
        health.broker_says(what, value)
    health.registry.register(DiskWear(store.path))
    FileWatch(store, utc_now).measure(health.registry)
    Meters(health.registry)
    figures = store.read_now(lambda reader: look(reader, at(0)))
    yield health.metrics(figures, {"disk": "full"}).decode()
    store.close()


def families(text: str) -> dict[str, str]:
    """Metric -> type."""
    return dict(re.findall(r"^# TYPE (\w+) (\w+)$", text, re.MULTILINE))


@pytest.mark.real
def test_prometheus_finds_nothing_to_say_about_the_metrics(metrics: str) -> None:
    done = promtool("check", "metrics", told=metrics)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.real
def test_control_a_counter_without_its_ending_is_found(metrics: str) -> None:
    done = promtool(
        "check", "metrics", told=metrics.replace("session_acked_total", "session_acked")
    )
    assert done.returncode != 0


@pytest.mark.real
@pytest.mark.parametrize(
    "arguments", [("check", "rules", "rules.yml"), ("test", "rules", "rules_test.yml")]
)
def test_the_rules_are_right_and_fire_when_they_must(arguments: tuple[str, str, str]) -> None:
    *words, name = arguments
    done = promtool(*words, str(FOLDER / name))
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.real
def test_control_a_rule_that_fires_too_late_is_found(tmp_path: Path) -> None:
    for name in ("rules.yml", "rules_test.yml"):
        (tmp_path / name).write_text((FOLDER / name).read_text().replace("for: 30m", "for: 40m"))
    assert promtool("test", "rules", str(tmp_path / "rules_test.yml")).returncode != 0


def test_each_metric_is_documented_with_its_type_and_no_other(metrics: str) -> None:
    rows = {name: kind for name, kind, _, _ in ROW.findall((FOLDER / "README.md").read_text())}
    assert rows == families(metrics)


@pytest.mark.parametrize("name", ["rules.yml", "rules_test.yml", "board.json"])
def test_rules_and_board_ask_only_for_metrics_that_exist(metrics: str, name: str) -> None:
    known = families(metrics)
    buckets = {f"{one}_bucket" for one, kind in known.items() if kind == "histogram"}
    asked = set(NAME.findall((FOLDER / name).read_text()))
    assert asked
    assert asked - set(known) - buckets == set()


def test_the_board_has_one_id_for_each_panel_and_asks_the_chosen_source() -> None:
    board = json.loads((FOLDER / "board.json").read_text())
    ids = [panel["id"] for panel in board["panels"]]
    assert len(set(ids)) == len(ids)
    assert {panel["datasource"]["uid"] for panel in board["panels"]} == {"${source}"}


def test_silent_devices_open_alerts_and_the_newest_message_are_told(tmp_path: Path) -> None:
    other = Device(id="trap-02", role=Role.TRAP)
    waiting = Device(id="trap-03", role=Role.TRAP, standing=Standing.PENDING)
    store = open_store(tmp_path, TRAP, other, waiting)
    store.write_now(lambda tx: tx.put_states([DeviceState(device="trap-02", last_seen=at(0))]))
    figures = store.read_now(lambda reader: look(reader, at(1)))
    text = Health().metrics(figures, {}).decode()
    assert 'shishigaki_devices{role="trap"} 2.0' in text
    assert 'shishigaki_silent_devices{role="trap"} 1.0' in text
    assert 'shishigaki_open_alerts{acknowledged="no",level="capture"} 0.0' in text
    assert "\nshishigaki_last_message_age_seconds " not in text, "nothing was heard yet"
    store.close()


def test_wear_is_what_the_kernel_tells(tmp_path: Path) -> None:
    (tmp_path / "io").write_text("rchar: 5\nwrite_bytes: 4096\n")
    status = tmp_path.stat().st_dev
    disk = tmp_path / "sys" / f"{status >> 8 & 0xFFF}:{status & 0xFF}"
    (disk / "device").mkdir(parents=True)
    (disk / "stat").write_text("1 2 3 4 5 6 100 8\n")
    wear = DiskWear(tmp_path / "x.db", tmp_path / "sys", tmp_path / "io")

    def told() -> dict[str, list[float]]:
        return {family.name: [one.value for one in family.samples] for family in wear.collect()}

    assert told() == {
        "shishigaki_written_bytes": [4096.0],
        "shishigaki_disk_written_bytes": [51_200.0],
        "shishigaki_disk_life_used_ratio": [],
    }
    (disk / "device" / "life_time").write_text("0x02 0x0a\n")
    assert told()["shishigaki_disk_life_used_ratio"] == [1.0]
    (disk / "device" / "life_time").write_text("0x00 0x00\n")
    assert told()["shishigaki_disk_life_used_ratio"] == []
