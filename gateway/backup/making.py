"""Makes a backup of the whole gateway while it runs: a checked copy of the database, then everything else.

Owns the order, the room that is asked for beforehand, and the name of the file. Must not know where it is
sent to (`storage`).
"""

import shutil
import tempfile
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from gateway.backup.errors import BackupError
from gateway.backup.keys import Keys, recipient
from gateway.backup.manifest import FORMAT, About
from gateway.backup.pack import Source, pack
from gateway.backup.places import DATABASE, Places
from gateway.store.recovery.backup import save
from gateway.store.schema import MIGRATIONS
from gateway.version import program_version

MB = 1_000_000
SPARE = 20 * MB


def file_name(site: str, made_at: datetime) -> str:
    """The name of a backup."""
    return f"shishigaki-{site}-{made_at:%Y%m%dT%H%M%SZ}.backup"


def make(places: Places, keys: Keys, folder: Path, now: datetime) -> Path:
    """Write the backup into `folder`; returns its path. Raises BackupError or StoreError."""
    config = places.config
    _check_room(places, folder)
    target = folder / file_name(config.site.name, now)
    about = About(
        format=FORMAT,
        program=program_version(),
        schema=len(MIGRATIONS),
        site=config.site.name,
        title=config.site.title,
        made_at=now,
        settings_file=str(places.settings_file.absolute()),
    )
    to = [keys.identity().to_public(), *map(recipient, config.backup.recipients)]
    with tempfile.TemporaryDirectory(prefix=".backup-", dir=folder) as text:
        copy = Path(text) / places.database.name
        save(places.database, copy)
        pack(target, about, _sources(places, copy), keys.wrapped(), to)
    return target


def _sources(places: Places, copy: Path) -> Iterator[Source]:
    """The settings first: a restore needs them to know the places of all others."""
    yield from (Source(name, path) for name, path in places.files())
    yield Source(DATABASE, copy)


def _check_room(places: Places, folder: Path) -> None:
    """Raises BackupError when the copy and the file would not fit: better told than found at night."""
    database = places.database.stat().st_size if places.database.exists() else 0
    needed = 2 * database + sum(path.stat().st_size for _, path in places.files()) + SPARE
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise BackupError(
            f"{folder}: {needed // MB} MB が要りますが空きは {free // MB} MB です。控えはできていません / "
            f"needs {needed // MB} MB, {free // MB} MB are free; no backup was made"
        )
