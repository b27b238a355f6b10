"""deploy/esphome/shishigaki.h on a PC: what it sends is read, and nothing is forgotten before its confirm."""

import json
import shutil
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gateway.dialects import Context
from gateway.dialects.native import decode
from gateway.domain.model import Kind, Message, Reading, TimeSource
from tests.support.servers import need

HERE = Path(__file__).parent
NOW = 1_795_000_000
ROOM = 24
Drive = Callable[..., list[str]]


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    compiler = need(shutil.which("g++"), "g++")
    made = tmp_path_factory.mktemp("queue") / "queue"
    flags = ("-std=c++17", "-Wall", "-Wextra", "-Werror", "-fsanitize=undefined")
    subprocess.run(
        [compiler, *flags, str(HERE / "queue_on_a_pc.cpp"), "-o", str(made)],
        check=True,
        timeout=300,
    )
    return made


@pytest.fixture
def drive(program: Path, tmp_path: Path) -> Drive:
    """Wake the sensor, give it these lines, and let it sleep again; what it printed."""

    def act(*lines: str) -> list[str]:
        done = subprocess.run(
            [str(program), str(tmp_path / "flash")],
            input="\n".join(lines),
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
        )
        assert not done.stderr
        return done.stdout.split("\n")[:-1]

    return act


def readings(lines: list[str], leaf: str = "event") -> list[Reading]:
    at = datetime.fromtimestamp(NOW, UTC)
    return [
        one
        for line in lines
        for one in decode(
            Message(f"wildlife/v1/goto/wana-01/{leaf}", line.encode(), at), Context(site="goto")
        )
    ]


def test_a_spring_waits_over_sleep_and_a_new_battery_until_it_is_confirmed(drive: Drive) -> None:
    assert drive("begin 1", f"contact 0 {NOW}", f"contact 1 {NOW + 60}") == ["1", "1"]
    drive("begin 0")  # it slept
    found = readings(drive("begin 1", "events"))  # the battery was changed
    assert [(one.kind, one.id) for one in found] == [(Kind.SET, "1-1"), (Kind.SPRUNG, "1-2")]
    assert drive("confirm 1-1", "confirm 1-2", "events") == ["0", "1"]
    again = readings(drive("begin 0", f"contact 0 {NOW + 90}", "events")[1:])
    assert [(one.kind, one.id) for one in again] == [(Kind.SET, "2-1")]


def test_what_it_sends_is_read_with_time_battery_and_signal(drive: Drive) -> None:
    [spring] = readings(drive("begin 1", f"contact 1 {NOW}", "events")[1:])
    assert spring.device_time == datetime.fromtimestamp(NOW, UTC)
    assert (spring.time_source, spring.boot, spring.seq) == (TimeSource.NTP, 1, 1)
    assert spring.battery_v == pytest.approx(4.015, abs=0.01)
    assert spring.rssi_dbm == -71
    assert spring.confirm_to == "shishigaki/v1/goto/wana-01/confirm"
    [beat] = readings(drive("heartbeat"), "telemetry")
    assert beat.kind is Kind.HEARTBEAT
    [about] = readings(drive("meta"), "meta")
    assert (about.model, about.heartbeat_s) == ("shishigaki-trap", 3600)


def test_without_a_clock_no_time_is_told(drive: Drive) -> None:
    lines = drive("begin 1", "contact 1 12", "events")[1:]
    assert "ts" not in json.loads(lines[0])


@pytest.mark.parametrize("at", [1_709_164_800, 1_735_689_599, 1_767_225_600, 4_102_444_800])
def test_times_are_right_at_leap_days_and_turns_of_years(drive: Drive, at: int) -> None:
    [line] = drive("begin 1", f"contact 1 {at}", "events")[1:]
    assert datetime.fromisoformat(json.loads(line)["ts"]) == datetime.fromtimestamp(at, UTC)


def test_a_contact_that_did_not_change_is_no_event(drive: Drive) -> None:
    assert drive("begin 1", "contact 1 0", "contact 1 0", "begin 0", "contact 1 0") == [
        "1",
        "0",
        "0",
    ]


def test_a_full_queue_gives_up_detections_and_keeps_springs(drive: Drive) -> None:
    drive("begin 1", *(f"seen {NOW + n}" for n in range(ROOM - 1)), f"contact 1 {NOW}")
    lines = drive(f"contact 0 {NOW + 1}", f"seen {NOW + 99}", "dropped", "events")
    kinds = [one.kind for one in readings(lines[3:])]
    assert lines[:3] == ["1", "1", "2"]
    assert len(kinds) == ROOM
    assert {Kind.SPRUNG, Kind.SET} <= set(kinds)


def test_control_a_queue_full_of_springs_takes_nothing_more_and_counts_it(drive: Drive) -> None:
    drive("begin 1", *(f"contact {n % 2} {NOW}" for n in range(ROOM)))
    assert drive(f"seen {NOW}", "dropped") == ["0", "1"]


def test_it_wakes_soon_while_something_waits_and_rarely_otherwise(drive: Drive) -> None:
    assert drive("begin 1", "sleep 3600", "contact 1 0", "sleep 3600", "sleep 120") == [
        "3600",
        "1",
        "300",
        "120",
    ]


def test_flash_that_holds_nonsense_is_begun_anew(drive: Drive, tmp_path: Path) -> None:
    (tmp_path / "flash").write_bytes(b"\xff" * 4096)
    assert drive("begin 1", "contact 1 0") == ["1"]
