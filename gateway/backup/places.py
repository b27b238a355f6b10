"""What belongs to one gateway, and where it lies on a machine.

Owns the rooms of a backup (settings, broker, data), the files that stay out, and the way back from a name in
the file to a path. Must not read the files.
"""

import os
import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from msgspec import Struct

from gateway.backup.errors import BackupError
from gateway.config import Config
from gateway.ingest.photos.files import INCOMING
from gateway.ingest.photos.keeping import folder as photo_folder

DATABASE = "data/database"  # the name of the database's copy, whatever the database is called
PHOTOS, SETTINGS, BROKER, DATA = "photos", "settings", "broker", "data"
# Of the broker's folder only what is ours: passwords, rules, certificates, our parts of its configuration.
_OF_BROKER = re.compile(
    r"(shishigaki|equipment)[^/]*(/.*)?|certs/.*|conf\.d/(shishigaki|equipment)[^/]*"
)
# Beside the database: copies, what was put aside, locks, and what is under way.
_NOT_OF_DATA = re.compile(
    r"(backup|backup-all|broken-.*|\..*)(/.*)?|.*\.(before-.*|part|restoring|rescued|rescuing|salvaged|new|lock|schema)"
)


class Places(Struct, frozen=True):
    """Where the rooms of one gateway lie. `root`: another one for a card in another machine, and in tests."""

    settings_file: Path
    config: Config
    root: Path = Path("/")

    @property
    def database(self) -> Path:
        return self._under(Path(self.config.store.path).absolute())

    @property
    def rooms(self) -> dict[str, Path]:
        """Room -> folder."""
        return {
            SETTINGS: self._under(self.settings_file.absolute().parent),
            BROKER: self._under(Path(self.config.broker.folder)),
            PHOTOS: self._under(photo_folder(self.config).absolute()),
            DATA: self.database.parent,
        }

    def files(self) -> Iterator[tuple[str, Path]]:
        """(name in the backup, path) of every file but the database, in a fixed order."""
        rooms, database = self.rooms, self.database
        for room, folder in rooms.items():
            for path in _walk(folder):
                name = path.relative_to(folder).as_posix()
                if path.is_symlink() or not path.is_file() or not _belongs(room, name):
                    continue
                if room == DATA and (
                    path.name.startswith(database.name) or rooms[PHOTOS] in path.parents
                ):
                    continue
                yield f"{room}/{name}", path

    def path_of(self, name: str) -> Path:
        """Where a file of the backup belongs. Raises BackupError for a name that leads elsewhere."""
        parts = PurePosixPath(name).parts
        folder = self.rooms.get(parts[0]) if parts else None
        if folder is None or len(parts) < 2 or ".." in parts or name.startswith("/"):
            raise BackupError(f"{name!r}: no file of a gateway; このファイルは使えません")
        return self.database if name == DATABASE else folder.joinpath(*parts[1:])

    def _under(self, path: Path) -> Path:
        return self.root / path.relative_to("/")


def _walk(folder: Path) -> Iterator[Path]:
    """Every file below a folder. Raises BackupError where we may not look: a part would be missing."""
    for at, folders, names in os.walk(folder, onerror=_refuse):
        folders.sort()
        yield from (Path(at, name) for name in sorted(names))


def _refuse(error: OSError) -> None:
    if not isinstance(error, FileNotFoundError):
        raise BackupError(
            f"{error.filename}: {error.strerror}; 管理者で / as root: sudo shishigaki backup --all"
        ) from None


def _belongs(room: str, name: str) -> bool:
    if room == BROKER:
        return _OF_BROKER.fullmatch(name) is not None
    if room == PHOTOS:
        return not name.startswith(f"{INCOMING}/")  # arriving: the phone sends it again
    return room != DATA or _NOT_OF_DATA.fullmatch(name) is None
