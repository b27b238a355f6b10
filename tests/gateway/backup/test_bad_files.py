"""A backup that cannot be used is named, and nothing is changed."""

import errno
import os
from pathlib import Path

import pyrage
import pytest

from gateway.backup import making, unpack
from gateway.backup.errors import BackupError, CutFileError, NewerFileError, WrongKeyError
from gateway.backup.putting_back import stage
from gateway.backup.unpack import is_whole_backup
from tests.gateway.backup.whole import WholeGateway, content, restored


def refused(made: Path, root: Path, kind: type[Exception], passphrase: str = "") -> str:
    with pytest.raises(kind) as error:
        restored(made, root, passphrase)
    assert content(root) == {}, "something was changed"
    return str(error.value)


def test_a_wrong_passphrase_is_named_and_changes_nothing(made: Path, tmp_path: Path) -> None:
    assert "合言葉" in refused(made, tmp_path, WrongKeyError, "another passphrase")
    stranger = pyrage.x25519.Identity.generate()
    with stage(tmp_path, "staged") as folder, pytest.raises(WrongKeyError):
        unpack.unpack(made, folder, [stranger])


@pytest.mark.parametrize("share", [0.1, 0.3, 0.5, 0.9, 0.95])
def test_a_truncated_file_is_named_and_changes_nothing(
    made: Path, tmp_path: Path, share: float
) -> None:
    cut = tmp_path / "cut.backup"
    cut.write_bytes(made.read_bytes()[: int(made.stat().st_size * share)])
    assert is_whole_backup(cut)
    refused(cut, tmp_path / "card", CutFileError)


@pytest.mark.parametrize("share", [0.2, 0.5, 0.8])
def test_a_flipped_byte_is_found(made: Path, tmp_path: Path, share: float) -> None:
    data = bytearray(made.read_bytes())
    data[int(len(data) * share)] ^= 1
    (tmp_path / "bad.backup").write_bytes(data)
    refused(tmp_path / "bad.backup", tmp_path / "card", CutFileError)


def test_a_file_of_a_newer_program_is_named(
    gateway: WholeGateway, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(making, "FORMAT", 2)
    monkeypatch.setattr(making, "program_version", lambda: "9.9.9")
    newer = gateway.backup(tmp_path / "usb")
    assert "9.9.9" in refused(newer, tmp_path / "card", NewerFileError)


def test_a_full_disk_is_named_and_changes_nothing(
    made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_file: object, _path: Path) -> tuple[int, str]:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(unpack, "_write", full)
    assert "No space" in refused(made, tmp_path, BackupError)


def test_a_name_that_leads_elsewhere_is_refused(gateway: WholeGateway) -> None:
    for name in ("settings/../../etc/passwd", "/etc/passwd", "elsewhere/x", "settings", ""):
        with pytest.raises(BackupError):
            gateway.places.path_of(name)
