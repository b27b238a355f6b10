"""What a board tells of itself: voltage, heat, wear, the year; and files that were broken."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gateway.config import Config, check
from gateway.doctor.case import Case
from gateway.doctor.checks.backups import backups
from gateway.doctor.checks.board import supply, temperature
from gateway.doctor.checks.certificates import certificates
from gateway.doctor.checks.clock import clock
from gateway.doctor.checks.database import database
from gateway.doctor.checks.disk import mount, room, wear
from gateway.doctor.finding import Outcome
from gateway.store.connection import open_writer
from gateway.store.schema import MIGRATIONS
from tests.support.certificates import make_certificate
from tests.support.servers import free_port

NOW = datetime(2026, 11, 29, 3, tzinfo=UTC)


def case_of(folder: Path, now: datetime = NOW, **settings: dict[str, object]) -> Case:
    values = {"store": {"path": str(folder / "data" / "x.db")}, "broker": {"port": free_port()}}
    (folder / "data").mkdir(exist_ok=True)
    return Case(check({**values, **settings}), now, system=folder)


def put(folder: Path, path: str, text: str = "") -> None:
    (folder / path).parent.mkdir(parents=True, exist_ok=True)
    (folder / path).write_text(text)


@pytest.mark.parametrize(
    ("path", "text", "outcome"),
    [
        ("sys/devices/platform/soc/soc:firmware/get_throttled", "50005", Outcome.FAULT),
        ("sys/devices/platform/soc/soc:firmware/get_throttled", "50000", Outcome.FAULT),
        ("sys/devices/platform/soc/soc:firmware/get_throttled", "0", Outcome.WELL),
        ("nothing", "", Outcome.UNKNOWN),
    ],
)
def test_too_little_voltage_now_or_since_the_start_is_a_fault(
    tmp_path: Path, path: str, text: str, outcome: Outcome
) -> None:
    put(tmp_path, path, text)
    assert supply(case_of(tmp_path)).outcome is outcome


@pytest.mark.parametrize(("alarm", "outcome"), [("1", Outcome.FAULT), ("0", Outcome.WELL)])
def test_the_voltage_of_boards_with_the_newer_driver_is_read(
    tmp_path: Path, alarm: str, outcome: Outcome
) -> None:
    put(tmp_path, "sys/class/hwmon/hwmon0/name", "cpu_thermal\n")
    put(tmp_path, "sys/class/hwmon/hwmon1/name", "rpi_volt\n")
    put(tmp_path, "sys/class/hwmon/hwmon1/in0_lcrit_alarm", f"{alarm}\n")
    assert supply(case_of(tmp_path)).outcome is outcome


@pytest.mark.parametrize(
    ("told", "outcome"),
    [("45277", Outcome.WELL), ("84000", Outcome.FAULT), ("hot", Outcome.UNKNOWN)],
)
def test_heat_is_a_fault_from_80_degrees_on(tmp_path: Path, told: str, outcome: Outcome) -> None:
    put(tmp_path, "sys/class/thermal/thermal_zone0/temp", told)
    assert temperature(case_of(tmp_path)).outcome is outcome


@pytest.mark.parametrize(
    ("told", "outcome"), [("0x02 0x09", Outcome.FAULT), ("0x01 0x01", Outcome.WELL)]
)
def test_a_worn_card_is_a_fault(tmp_path: Path, told: str, outcome: Outcome) -> None:
    case = case_of(tmp_path)
    device = case.data.stat().st_dev
    put(tmp_path, f"sys/dev/block/{os.major(device)}:{os.minor(device)}/device/life_time", told)
    assert wear(case).outcome is outcome


def test_of_a_broken_database_the_wear_is_unknown_and_the_database_is_the_fault(
    tmp_path: Path,
) -> None:
    case = case_of(tmp_path)
    case.database.write_bytes(bytes(8_192))
    assert wear(case).outcome is Outcome.UNKNOWN
    assert database(case).outcome is Outcome.FAULT


def test_the_year_1970_is_a_fault_whatever_the_time_service_says(tmp_path: Path) -> None:
    put(tmp_path, "run/systemd/timesync/synchronized")
    assert clock(case_of(tmp_path)).outcome is Outcome.WELL
    found = clock(case_of(tmp_path, datetime(1970, 1, 1, tzinfo=UTC)))
    assert (found.outcome, found.values["year"]) == (Outcome.FAULT, 1970)


@pytest.mark.parametrize(
    ("there", "key"),
    [
        ([], "doctor.clock_nothing"),
        (["usr/lib/systemd/systemd-timesyncd"], "doctor.clock_stopped"),
        (["usr/lib/systemd/systemd-timesyncd", "run/systemd/timesync/x"], "doctor.clock_waits"),
        (["run/chrony/chronyd.pid"], "doctor.clock_other"),
    ],
)
def test_what_keeps_the_clock_is_named(tmp_path: Path, there: list[str], key: str) -> None:
    for path in there:
        put(tmp_path, path)
    assert clock(case_of(tmp_path)).key == key


def test_a_certificate_is_told_21_days_before_its_end(tmp_path: Path) -> None:
    make_certificate(tmp_path / "ca.crt", tmp_path / "ca.key", "pi.local", 90)
    pem = str(tmp_path / "ca.crt")
    end = certificates(case_of(tmp_path, mqtt={"ca_file": pem})).values["day"]
    last = datetime.fromisoformat(str(end)).replace(tzinfo=UTC)
    for before, outcome in ((22, Outcome.WELL), (20, Outcome.FAULT), (-1, Outcome.FAULT)):
        found = certificates(
            case_of(tmp_path, last - timedelta(days=before), mqtt={"ca_file": pem})
        )
        assert found.outcome is outcome, before
    assert certificates(case_of(tmp_path, mqtt={"ca_file": "/no/file"})).outcome is Outcome.FAULT


def test_a_database_of_a_newer_version_is_named_and_left_alone(tmp_path: Path) -> None:
    case = case_of(tmp_path)
    connection = open_writer(case.database)
    connection.pragma("user_version", len(MIGRATIONS) + 1)
    connection.close()
    found = database(case)
    assert (found.outcome, found.key) == (Outcome.FAULT, "doctor.newer")
    assert found.values["found"] == len(MIGRATIONS) + 1


def test_a_broken_head_and_a_broken_page_are_named_as_damage(tmp_path: Path) -> None:
    case = case_of(tmp_path)
    open_writer(case.database).close()
    assert database(case).outcome is Outcome.WELL
    whole = case.database.read_bytes()
    for at, length in ((0, 16), (4096, 4096)):
        case.database.write_bytes(whole[:at] + b"\x55" * length + whole[at + length :])
        found = database(case)
        assert (found.outcome, found.key) == (Outcome.FAULT, "doctor.damaged"), at
        assert "restart" in found.command


def test_a_missing_folder_is_named_with_the_command_that_makes_it(tmp_path: Path) -> None:
    case = Case(Config(), NOW, system=tmp_path)
    gone = Case(check({"store": {"path": str(tmp_path / "gone" / "x.db")}}), NOW)
    found = mount(gone)
    assert (found.outcome, found.key) == (Outcome.FAULT, "doctor.no_folder")
    assert found.command.startswith("sudo install -d ")
    assert room(case).outcome is Outcome.WELL


def test_no_copy_an_old_copy_and_no_room_for_the_next_are_named(
    tmp_path: Path,
) -> None:
    case = case_of(tmp_path)
    case.database.write_bytes(bytes(1000))
    assert backups(case).key == "doctor.no_backup"
    copy = case.data / "backup" / "shishigaki-20261128T000000Z.db"
    put(tmp_path, str(copy.relative_to(tmp_path)), "x")
    for age_h, key in ((1, "doctor.backup_well"), (40, "doctor.backup_old")):
        at = (NOW - timedelta(hours=age_h)).timestamp()
        os.utime(copy, (at, at))
        assert backups(case).key == key
    os.truncate(case.database, 2**43)  # a sparse file, larger than the disk
    found = backups(case)
    assert found.key == "doctor.backup_no_room"
    assert int(found.values["lacking"]) > 2**20
