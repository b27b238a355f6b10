"""The monthly drill and the commands."""

import contextlib
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from gateway.backup.drill import drill
from gateway.backup.errors import BackupError
from gateway.backup.keys import Keys, invented
from gateway.backup.state import last
from gateway.backup.storage import BackupStorage
from gateway.cli import app
from gateway.config.backup import Backup
from gateway.store.reader import Reader
from gateway.store.setting_keys import SettingKey
from tests.gateway.backup.whole import (
    EVENTS,
    NOW,
    WholeGateway,
    content,
    events_of,
)


def test_the_drill_restores_the_newest_and_says_what_it_found(
    gateway: WholeGateway, made: Path, tmp_path: Path
) -> None:
    storage = BackupStorage(Backup(target=str(made.parent)), "goto", tmp_path)
    found = drill(storage, tmp_path, gateway.keys.identity(), NOW)
    assert (found.wrong, found.events, found.name) == ("", EVENTS, made.name)
    assert content(tmp_path) == {}, "the drill leaves nothing behind"


@pytest.mark.parametrize("harm", ["cut", "none"])
def test_a_drill_that_fails_says_why(
    gateway: WholeGateway, made: Path, tmp_path: Path, harm: str
) -> None:
    usb = tmp_path / "usb"
    usb.mkdir()
    if harm == "cut":
        (usb / made.name).write_bytes(made.read_bytes()[:-5_000])
    found = drill(
        BackupStorage(Backup(target=str(usb)), "goto", usb), tmp_path, gateway.keys.identity(), NOW
    )
    assert found.wrong
    assert found.events == 0


def run(*arguments: str, typed: str = "") -> str:
    result = CliRunner().invoke(app, list(arguments), input=typed)
    assert result.exit_code == 0, f"{result.output}{result.exception!r}"
    return result.output


def test_the_commands_make_check_try_and_restore_one(tmp_path: Path) -> None:
    gateway = WholeGateway(tmp_path / "gateway")
    config = ("--config", str(gateway.settings_file))
    typed = "a passphrase of ours\n"
    run("backup", "--new-key", *config, typed=typed)
    run("backup", "--all", str(tmp_path / "usb"), *config)
    [made] = (tmp_path / "usb").glob("*.backup")
    assert "ok" in run(
        "restore",
        str(made),
        "--check",
        "--root",
        str(tmp_path / "pc"),
        typed="a passphrase of ours\n",
    )
    run("restore", str(made), "--root", str(tmp_path / "card"), typed="a passphrase of ours\n")
    card = tmp_path / "card" / gateway.data.relative_to("/")
    assert events_of(card / "gateway.db") == EVENTS
    run("backup", "--all", *config)
    run("backup", "--drill", *config)
    with contextlib.closing(Reader(gateway.data / "gateway.db")) as reader:
        backup, tried = last(reader, SettingKey.BACKUP), last(reader, SettingKey.DRILL)
    assert backup is not None
    assert tried is not None
    assert (backup.wrong, tried.wrong, tried.events) == ("", "", EVENTS)
    assert tried.well_at == tried.at


def test_without_keys_the_backup_says_how_to_make_them(tmp_path: Path) -> None:
    gateway = WholeGateway(tmp_path)
    shutil.rmtree(tmp_path / "etc/secrets")
    with pytest.raises(BackupError, match="--new-key"):
        gateway.backup(tmp_path / "usb")


def test_keys_need_a_long_passphrase_and_an_invented_one_is_long_enough(tmp_path: Path) -> None:
    with pytest.raises(BackupError):
        Keys(tmp_path).make("short")
    assert len(invented()) == 24
    assert invented() != invented()
