"""The doctor names what is wrong, and disturbs nobody."""

import asyncio
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest
from msgspec.structs import replace
from typer.testing import CliRunner

from gateway.cli import app
from gateway.clock import utc_now
from gateway.config import Config, StoreSettings, check
from gateway.doctor.case import Case
from gateway.doctor.checks import people as checks
from gateway.doctor.finding import Outcome
from gateway.domain.alerts.lifecycle import Duty
from gateway.domain.people.person import Person, UserRole
from gateway.domain.people.session import token_id
from gateway.ingest.people import importing
from gateway.ingest.photos.keeping import PhotoKeeper
from gateway.store import Store
from tests.gateway.ingest.photos.sending import ONE, pieces
from tests.support.people import keep, login, take_out
from tests.support.samples import TOKYO
from tests.support.servers import Mosquitto, free_port


def examine(folder: Path, port: int, extra: str = "") -> tuple[int, dict[str, tuple[bool, str]]]:
    """Exit code, and each check's verdict and words by its English name."""
    path = folder / "s.toml"
    path.write_text(
        f'[mqtt]\nport = {port}\n[store]\npath = "{folder}/x.db"\ndisk_reserve_mb = 0\n{extra}'
    )
    result = CliRunner().invoke(app, ["doctor", "-c", str(path), "--json"])
    rows = msgspec.json.decode(result.stdout)
    return result.exit_code, {row["name"]: (row["ok"], row["told"]) for row in rows}


@pytest.mark.real
def test_a_broker_that_answers_is_well(tmp_path: Path, mosquitto: Mosquitto) -> None:
    _, found = examine(tmp_path, mosquitto.port)
    assert found["broker"][0]
    assert found["database"] == (True, found["database"][1])
    assert not (tmp_path / "x.db").exists(), "looking must not make a database"


def test_a_broker_that_does_not_answer_is_named(tmp_path: Path) -> None:
    port = free_port()
    code, found = examine(tmp_path, port)
    assert code == 1
    assert not found["broker"][0]
    assert f"127.0.0.1:{port}" in found["broker"][1]


def test_a_full_disk_and_an_unknown_channel_are_named(tmp_path: Path) -> None:
    people = '[[people]]\nname = "tanaka"\nchannels = ["nonsense://secret"]\n'
    code, found = examine(tmp_path, free_port(), people)
    assert code == 1
    assert not found["channels"][0]
    assert "tanaka" in found["channels"][1]
    assert "secret" not in found["channels"][1]


def login_line(
    folder: Path, dashboard: str = "", *accounts: str, removed: bool = False
) -> tuple[bool, str]:
    with closing(Store(folder / "x.db", TOKYO)) as store:
        for name in accounts:
            keep(store, login(name, UserRole.ADMIN, "x"))
            if removed:
                take_out(store, name)
    return examine(folder, free_port(), f"[dashboard]\n{dashboard}\n")[1]["login"]


def test_open_reading_is_shown_with_how_to_close_it(tmp_path: Path) -> None:
    ok, found = login_line(tmp_path)
    assert ok
    assert "without a login" in found
    assert "shishigaki users add" in found
    assert login_line(tmp_path, "", "hana") == (True, "1 人が入れます / 1 people may log in")


@pytest.mark.parametrize("setting", ['host = "0.0.0.0"', 'public_url = "https://x.example"'])
def test_pages_that_nobody_can_log_in_to_are_a_fault(tmp_path: Path, setting: str) -> None:
    ok, found = login_line(tmp_path, setting)
    assert not ok
    assert "nobody can log in" in found


def test_pages_whose_last_account_was_removed_are_a_fault_too(tmp_path: Path) -> None:
    assert login_line(tmp_path, "", "hana", removed=True)[0] is False


@pytest.mark.parametrize("damage", ["changed", "missing"])
def test_a_photo_that_is_not_what_was_kept_is_a_fault(tmp_path: Path, damage: str) -> None:
    with closing(Store(tmp_path / "x.db", TOKYO)) as store:
        config = check({"store": {"path": str(store.path), "disk_reserve_mb": 0}})
        asyncio.run(PhotoKeeper(store, config, utc_now).keep(pieces(ONE), "taro"))
    _, found = examine(tmp_path, free_port())
    assert found["photos"] == (True, "1 枚、0 / 2000 MB / 1 photos, 0 / 2000 MB")
    [path] = (tmp_path / "trap-photos").rglob("*.jpg")
    if damage == "changed":
        path.write_bytes(b"another")
    else:
        path.unlink()
    _, found = examine(tmp_path, free_port())
    assert not found["photos"][0]
    assert "1 / 1" in found["photos"][1]


@pytest.mark.parametrize("how", ["used", "too late"])
def test_a_link_that_no_longer_logs_in_is_no_way_in(tmp_path: Path, how: str) -> None:
    """Nobody has a password: the first administrator came by a link that is used up or over."""
    now = utc_now()
    with closing(Store(tmp_path / "x.db", TOKYO)) as store:
        keep(store, Person(name="taro", role=UserRole.ADMIN))
        token = store.write_now(lambda tx: tx.sessions.make_link("taro", "test", now, 1))
        case = Case(Config(store=StoreSettings(path=str(store.path))), now)
        assert checks.login(case).key == "doctor.login_by_link"
        if how == "used":
            store.write_now(lambda tx: tx.sessions.use_link(token_id(token), now))
        later = replace(case, now=now + timedelta(days=2))
    found = checks.login(later)
    assert (found.outcome, found.command) == (Outcome.FAULT, "sudo shishigaki users qr taro")


def test_who_is_to_be_told_is_somebody_with_a_duty_or_gets_one(tmp_path: Path) -> None:
    """A channel without a duty is refused, so that the command would mend nothing."""
    with closing(Store(tmp_path / "x.db", TOKYO)) as store:
        case = Case(Config(store=StoreSettings(path=str(store.path))), utc_now())
        keep(store, Person(name="ghost"))
        store.write_now(lambda tx: importing.bring_in(tx, (), (), utc_now()))
        assert checks.people(case).command.endswith("change ghost --duty office --channels")
        keep(store, Person(name="taro", duties=(Duty.TRAPPER,)))
        assert checks.people(case).command.endswith("change taro --channels")
