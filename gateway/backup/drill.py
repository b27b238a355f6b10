"""The drill: the newest backup is restored into a temporary place and looked at, as on the day it is needed.

Owns what is looked at. Must not touch the running gateway.
"""

import contextlib
from datetime import datetime
from pathlib import Path

import pyrage

from gateway.backup.errors import BackupError
from gateway.backup.places import BROKER, PHOTOS, Places
from gateway.backup.putting_back import places_of, put_all_back, stage
from gateway.backup.state import BackupResult
from gateway.backup.storage import BackupStorage
from gateway.backup.unpack import unpack
from gateway.config import Config
from gateway.ingest.photos.files import PhotoFiles
from gateway.store.connection import StoreError
from gateway.store.reader import Reader

STAGE = ".drill"


def drill(
    storage: BackupStorage, data: Path, identity: pyrage.x25519.Identity, now: datetime
) -> BackupResult:
    """Restore the newest backup of the storage below `data` and look at it. Raises nothing but bugs."""
    name = ""
    try:
        names = storage.names()
        if not names:
            return BackupResult(at=now, wrong="控えがひとつもありません / there is no backup")
        name = names[-1]
        with storage.fetched(name) as path:
            return tried(path, data, identity, now)
    except (BackupError, StoreError, OSError) as error:
        return BackupResult(at=now, wrong=str(error)[:300], name=name)


def tried(path: Path, data: Path, identity: pyrage.x25519.Identity, now: datetime) -> BackupResult:
    """One backup, restored into a temporary root. Raises BackupError or StoreError."""
    with stage(data, STAGE) as folder:
        content, root = folder / "content", folder / "root"
        content.mkdir()
        root.mkdir()
        opened = unpack(path, content, [identity])
        places = places_of(opened, root)
        put_all_back(opened, places, now)
        events, photos = _look(places)
        name, size = path.name, path.stat().st_size
        return BackupResult(at=now, name=name, size=size, events=events, photos=photos)


def _look(places: Places) -> tuple[int, int]:
    """(events, photos). Raises BackupError when something that a gateway needs is missing."""
    with contextlib.closing(Reader(places.database)) as reader:
        events, photos = reader.influx.head(), reader.photos.all()
    folder = places.rooms[PHOTOS]
    lost = [one for one in photos if PhotoFiles(folder).read(one.kept_sha256) is None]
    if lost:
        raise BackupError(f"{len(lost)} / {len(photos)} 枚の写真がありません / photos are missing")
    _look_at_broker(places)
    return events, len(photos)


def _look_at_broker(places: Places) -> None:
    """The passwords of the sensors, where this machine's broker has them."""
    theirs = Places(places.settings_file, places.config).rooms[BROKER] / "shishigaki.passwd"
    ours = places.rooms[BROKER] / "shishigaki.passwd"
    if theirs.exists() and not ours.exists():
        raise BackupError(
            "shishigaki.passwd: センサーのパスワードがありません / passwords of sensors are missing"
        )


def key_folder(config: Config, settings_file: Path) -> Path:
    """Where the keys of backups lie."""
    return (
        Path(config.backup.secrets)
        if config.backup.secrets
        else settings_file.absolute().parent / "secrets"
    )
