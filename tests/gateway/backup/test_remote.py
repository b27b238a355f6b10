"""Backups on another machine: brought whole, fetched, the oldest deleted; over a real SFTP connection."""

from pathlib import Path

import pytest

from gateway.backup.drill import drill
from gateway.backup.errors import BackupError
from gateway.backup.storage import FETCHING, BackupStorage
from gateway.config.backup import Backup
from tests.gateway.backup.sftp import PASSWORD, SftpServer
from tests.gateway.backup.whole import EVENTS, NOW, WholeGateway, content

pytest.importorskip("fsspec", reason="the extra remote: pip install fsspec paramiko")


def settings(port: int, password: str = PASSWORD, keep: int = 2) -> Backup:
    options = {"port": port, "password": password, "allow_agent": False, "look_for_keys": False}
    return Backup(target="sftp://hana@127.0.0.1/town/backups", keep=keep, options=options)


def test_a_backup_goes_to_sftp_is_tried_from_there_and_the_oldest_go(
    gateway: WholeGateway, tmp_path: Path
) -> None:
    far, near = tmp_path / "far", tmp_path / "near"
    far.mkdir()
    with SftpServer(far) as server:
        storage = BackupStorage(settings(server.port), "goto", near)
        with storage.prepared():
            made = gateway.backup(storage.folder)
            whole = made.read_bytes()
            storage.bring(made)
        assert content(near) == {}, "the card keeps no copy"
        assert content(far) == {f"town/backups/{made.name}": whole}
        for day in (10, 11):
            (far / f"town/backups/shishigaki-goto-202610{day}T000000Z.backup").write_bytes(b"")
        assert storage.trim() == ["shishigaki-goto-20261010T000000Z.backup"]
        found = drill(storage, tmp_path / "data", gateway.keys.identity(), NOW)
    assert (found.wrong, found.events) == ("", EVENTS)
    assert content(near) == {}


def test_a_machine_that_is_away_or_refuses_is_named(tmp_path: Path) -> None:
    (tmp_path / "far").mkdir()
    with SftpServer(tmp_path / "far") as server:
        storage = BackupStorage(settings(server.port, "another"), "goto", tmp_path / "near")
        with pytest.raises(BackupError, match="not reached"):
            storage.names()
    with pytest.raises(BackupError, match="sftp://"):
        BackupStorage(settings(server.port), "goto", tmp_path / "near").names()


def test_a_backup_that_could_not_be_sent_does_not_stay_on_the_card(
    gateway: WholeGateway, tmp_path: Path
) -> None:
    """Night after night they would fill it."""
    with SftpServer(tmp_path) as server:
        away = server.port
    storage = BackupStorage(settings(away), "goto", tmp_path / "near")
    for _ in range(2):
        with storage.prepared():
            made = gateway.backup(storage.folder)
            assert made.exists(), "control: there is something to leave"
            with pytest.raises(BackupError, match="not reached"):
                storage.bring(made)
        assert content(tmp_path / "near") == {}


def test_what_a_killed_run_left_on_the_card_goes_with_the_next(tmp_path: Path) -> None:
    near = tmp_path / "near"
    storage = BackupStorage(Backup(target="memory://backups"), "goto", near)
    name = "shishigaki-goto-20261010T000000Z.backup"
    for left in (storage.folder / name, storage.folder / f".{name}.part", near / FETCHING / name):
        left.parent.mkdir(parents=True, exist_ok=True)
        left.write_bytes(b"left")
    own = near / name
    own.write_bytes(b"made before the remote place was set")
    with storage.prepared(), pytest.raises(BackupError), storage.fetched(name):
        pass
    assert content(near) == {name: own.read_bytes()}, "an earlier local backup stays"
