"""Puts an opened backup into its places: each file is replaced as a whole, the database last.

Owns the order, the mark of an unfinished restore, and what lay there before: it stays beside as
FILE.before-TIME. Killed at any moment, the same command finishes it. Must not open a backup (`unpack`).
"""

import contextlib
import grp
import os
import pwd
import shutil
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

from gateway.atomic_file import replacing, sync
from gateway.backup.errors import BackupError
from gateway.backup.manifest import FileEntry
from gateway.backup.places import DATA, DATABASE, Places
from gateway.backup.unpack import Opened
from gateway.config import ConfigError, load
from gateway.store.recovery.restore import exclusive, put_back_held

MARK = ".restore-unfinished"
Step = Callable[[str], None]


def no_step(_: str) -> None:
    """Nothing happens between two steps; tests end the program there."""


def places_of(opened: Opened, root: Path) -> Places:
    """The places of the gateway in the backup, by its own settings. Raises BackupError."""
    settings_file = Path(opened.about.settings_file)
    name = f"settings/{settings_file.name}"
    entry = next((one for one in opened.entries if one.name == name), None)
    if entry is None:
        raise BackupError(f"{name}: 設定がありません / the backup has no settings")
    try:
        config = load(opened.path_of(entry), {})
    except ConfigError as error:
        raise BackupError(f"{name}: {error}") from None
    return Places(settings_file, config, root)


def put_all_back(
    opened: Opened, places: Places, now: datetime, *, force: bool = False, step: Step = no_step
) -> list[Path]:
    """Put every file into its place; returns what was kept of what lay there.

    Raises BackupError or StoreError before anything is changed when a database is there and not `force`, or
    when somebody uses it.
    """
    targets = [(entry, places.path_of(entry.name)) for entry in opened.entries]
    database, data = places.database, places.rooms[DATA]
    mark = mark_of(data)
    if database.exists() and not force and not mark.exists():
        raise BackupError(
            f"{database}: もうあります。--force は元のものを横に残して置き換えます / exists; --force "
            "replaces it and keeps it beside"
        )
    kept: list[Path] = []
    try:
        _make_folder(data)
        with exclusive(database):
            mark.touch()
            sync(data)
            for entry, target in targets:
                if entry.name != DATABASE:
                    step(entry.name)
                    kept += _put(opened.path_of(entry), entry, target, now)
            step(DATABASE)
            kept += _put_database(opened, database, now)
            step("end")
            mark.unlink()
            sync(data)
    except OSError as error:
        raise BackupError(
            f"{error.filename or database}: {error.strerror}; 直してから同じ命令をもう一度 / mend that, then "
            "run the same command again"
        ) from None
    return kept


def mark_of(data: Path) -> Path:
    """The file that says that a restore was not finished."""
    return data / MARK


@contextlib.contextmanager
def stage(data: Path, name: str) -> Iterator[Path]:
    """An empty folder below the data for what is checked first; a killed run's goes. Raises BackupError."""
    folder = data / name
    try:
        _make_folder(data)
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(mode=0o700)
    except OSError as error:
        raise BackupError(f"{data}: {error.strerror}; 管理者で / as root: sudo") from None
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _put_database(opened: Opened, database: Path, now: datetime) -> list[Path]:
    entry = next((one for one in opened.entries if one.name == DATABASE), None)
    if entry is None:
        raise BackupError(f"{DATABASE}: データベースがありません / the backup has no database")
    before = put_back_held(opened.path_of(entry), database, now, force=True)
    for path in (database, database.with_name(f"{database.name}.lock")):
        if path.exists():
            _own(path, entry)
    return [before] if before else []


def _put(source: Path, entry: FileEntry, target: Path, now: datetime) -> list[Path]:
    """Replace one file; a file with the same content stays as it is."""
    if target.is_file() and target.read_bytes() == source.read_bytes():
        _own(target, entry)
        return []
    _make_folder(target.parent)
    kept = []
    with source.open("rb") as data, replacing(target, 0o600) as file:
        shutil.copyfileobj(data, file)
        _own(Path(file.name), entry)
        if target.exists():
            aside = target.with_name(f"{target.name}.before-{now:%Y%m%dT%H%M%SZ}")
            if not aside.exists():
                os.link(target, aside)
                kept.append(aside)
    return kept


def _make_folder(folder: Path) -> None:
    folder.mkdir(mode=0o750, parents=True, exist_ok=True)


def _own(path: Path, entry: FileEntry) -> None:
    """Mode, and owner and group by name, where this machine knows them and we may."""
    path.chmod(entry.mode)
    with contextlib.suppress(KeyError, PermissionError):
        os.chown(path, -1, grp.getgrnam(entry.group).gr_gid)
    with contextlib.suppress(KeyError, PermissionError):
        os.chown(path, pwd.getpwnam(entry.owner).pw_uid, -1)
