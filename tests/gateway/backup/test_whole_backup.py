"""The whole gateway in one file: all of it comes back onto a blank card, and what is made stays in bounds."""

import errno
import os
import shutil
import subprocess
import tarfile
from pathlib import Path
from typing import Any

import pyrage
import pytest

from gateway.backup import unpack
from gateway.backup.errors import BackupError
from gateway.backup.places import DATABASE
from gateway.backup.putting_back import stage
from gateway.backup.storage import BackupStorage
from gateway.config.backup import Backup
from tests.gateway.backup.whole import (
    EVENTS,
    PASSPHRASE,
    WholeGateway,
    content,
    events_of,
    restored,
)
from tests.support.servers import need


def test_everything_that_belongs_to_the_gateway_comes_back_onto_a_blank_card(
    gateway: WholeGateway, made: Path, tmp_path: Path
) -> None:
    places = restored(made, tmp_path / "card", PASSPHRASE)
    card = tmp_path / "card" / gateway.folder.relative_to("/")
    assert events_of(places.database) == EVENTS
    assert content(card / "etc") == content(gateway.folder / "etc")
    assert (card / "etc/secrets/mqtt_password").stat().st_mode & 0o777 == 0o600
    found = set(content(card)) - set(content(card / "etc"))
    assert {name for name in found if not name.startswith("etc/")} == {
        "data/gateway.db",
        "data/gateway.db.lock",
        "data/area.geojson",
        "data/trap-photos/aa.jpg",
        "mosquitto/shishigaki.passwd",
        "mosquitto/certs/shishigaki-ca.crt",
    }


def test_the_file_tells_nothing_without_the_passphrase_and_opens_by_hand_with_it(
    made: Path,
) -> None:
    data = made.read_bytes()
    assert b"goto" not in data
    assert b"secret of the gateway" not in data
    with tarfile.open(made) as outer:
        assert outer.getnames() == ["README.txt", "key.age", "content.age"]


def test_age_itself_opens_it(gateway: WholeGateway, made: Path, tmp_path: Path) -> None:
    need(shutil.which("age"), "age")
    subprocess.run(["tar", "xf", made], cwd=tmp_path, check=True)
    key = gateway.folder / "etc/secrets/backup_identity"
    listed = subprocess.run(
        ["sh", "-c", f"age -d -i {key} content.age | tar tzf -"],
        cwd=tmp_path,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    assert DATABASE in listed
    assert "settings/secrets/mqtt_password" in listed


def test_a_further_recipient_opens_it_without_the_passphrase(
    gateway: WholeGateway, tmp_path: Path
) -> None:
    office = pyrage.x25519.Identity.generate()
    text = gateway.settings_file.read_text()
    try:
        gateway.settings_file.write_text(
            f'{text}\n[backup]\nrecipients = ["{office.to_public()}"]\n'
        )
        made = gateway.backup(tmp_path / "usb")
    finally:
        gateway.settings_file.write_text(text)
    with stage(tmp_path, "staged") as folder:
        assert unpack.unpack(made, folder, [office]).about.site == "goto"


def test_a_backup_that_does_not_fit_is_an_error_and_leaves_nothing(
    gateway: WholeGateway, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = shutil.disk_usage(tmp_path)._replace(free=1_000_000)
    monkeypatch.setattr("gateway.backup.making.shutil.disk_usage", lambda _: usage)
    with pytest.raises(BackupError, match="free"):
        gateway.backup(tmp_path / "usb")
    assert content(tmp_path / "usb") == {}


def test_a_disk_that_fills_while_the_file_is_written_is_an_error_and_leaves_nothing(
    gateway: WholeGateway, tmp_path: Path
) -> None:
    import resource

    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    import signal

    old = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        size = (gateway.data / "gateway.db").stat().st_size
        resource.setrlimit(resource.RLIMIT_FSIZE, (size // 2, before[1]))
        with pytest.raises(Exception, match=r".") as error:
            gateway.backup(tmp_path / "usb")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, old)
    assert type(error.value).__name__ in {"BackupError", "StoreError"}
    assert content(tmp_path / "usb") == {}


def test_a_file_that_goes_while_it_is_packed_costs_nothing_else(
    gateway: WholeGateway, tmp_path: Path
) -> None:
    gone = gateway.data / "gone.txt"
    gone.symlink_to(gateway.data / "nowhere")
    try:
        made = gateway.backup(tmp_path / "usb")
    finally:
        gone.unlink()
    assert events_of(restored(made, tmp_path / "card").database) == EVENTS


def test_the_newest_are_kept_and_files_of_others_stay(
    gateway: WholeGateway, tmp_path: Path
) -> None:
    usb = tmp_path / "usb"
    gateway.backup(usb)
    for day in range(10, 15):
        (usb / f"shishigaki-goto-202610{day}T000000Z.backup").write_bytes(b"")
    (usb / "shishigaki-hida-20261001T000000Z.backup").write_bytes(b"")
    (usb / "holiday.jpg").write_bytes(b"")
    storage = BackupStorage(Backup(target=str(usb), keep=2), "goto", tmp_path / "unused")
    assert len(storage.trim()) == 4
    assert [name[16:24] for name in storage.names()] == ["20261014", "20261129"]
    assert {"holiday.jpg", "shishigaki-hida-20261001T000000Z.backup"} <= set(content(usb))


def test_a_stick_that_is_not_there_is_named_and_the_card_is_not_filled() -> None:
    storage = BackupStorage(
        Backup(target="/media/no-such-stick/shishigaki"), "goto", Path("/unused")
    )
    with pytest.raises(BackupError, match="USB"), storage.prepared():
        pass
    assert not Path("/media/no-such-stick").exists()


def test_a_second_backup_waits_its_turn_and_takes_nothing_from_the_first(tmp_path: Path) -> None:
    first, second = (BackupStorage(Backup(), "goto", tmp_path) for _ in range(2))
    begun = tmp_path / ".shishigaki-goto-20261010T000000Z.backup.part"
    with first.prepared():
        begun.write_bytes(b"half of it")
        with pytest.raises(BackupError, match="another backup is being made"), second.prepared():
            pass
        assert begun.exists()
    with second.prepared():
        assert not begun.exists(), "control: what nobody makes any more goes"


def test_a_folder_that_we_may_not_read_is_an_error_not_a_backup_without_it(
    gateway: WholeGateway, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scandir = os.scandir

    def refusing(path: Any = ".") -> Any:
        if str(path).endswith("secrets"):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refusing)
    with pytest.raises(BackupError, match="secrets: Permission denied"):
        gateway.backup(tmp_path / "usb")
    assert list((tmp_path / "usb").iterdir()) == []
