"""The files of a package on the disk: a folder, or a zip with the package at its top or in one folder.

Owns the size limits: a zip is judged by its directory before anything is unpacked. Must not know what a file
means.
"""

import zipfile
from pathlib import Path

from gateway.ingest.files.camtrapdp.tables import DESCRIPTOR, PackageError, Read
from gateway.ingest.tables.rows import read_bytes
from gateway.ingest.tables.text_file import TableError

MAX_TABLE_BYTES = 200_000_000  # of one table of a package, unpacked
MAX_FILES = 100_000  # in a zip: packages may hold their pictures


def reader(path: Path) -> Read:
    """Reads files of the package. Raises PackageError."""
    root = _root(path)

    def read(name: str) -> bytes:
        try:
            with (root / name).open("rb") as file:
                data: bytes = file.read(MAX_TABLE_BYTES + 1)
        except (OSError, KeyError, zipfile.BadZipFile, RuntimeError) as error:
            reason = getattr(error, "strerror", None) or "no such file"
            raise PackageError(f"{name}: {reason}") from None
        if len(data) > MAX_TABLE_BYTES:
            raise PackageError(f"{name}: more than {MAX_TABLE_BYTES // 1_000_000} MB unpacked")
        return data

    return read


def bytes_of(path: Path) -> bytes:
    """A table's bytes. Raises TableError."""
    try:
        return read_bytes(path)
    except OSError as error:
        raise TableError(f"{path}: {error.strerror}") from None


def _root(path: Path) -> Path | zipfile.Path:
    if not zipfile.is_zipfile(path):
        return path.parent if path.name == DESCRIPTOR else path
    with zipfile.ZipFile(path) as packed:
        if len(packed.infolist()) > MAX_FILES:
            raise PackageError(f"{path.name}: more than {MAX_FILES:,} files in the zip")
    top = zipfile.Path(path)
    folders = [one for one in top.iterdir() if one.is_dir()]
    inside = len(folders) == 1 and not (top / DESCRIPTOR).exists()
    return folders[0] if inside else top
