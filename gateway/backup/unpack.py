"""Opens a backup into a folder of its own and checks every file: nothing counts before all of it is right.

Owns the reading of the outer and the inner tar. Must not put anything into its place (`putting_back`).
"""

import hashlib
import os
import tarfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import pyrage
from msgspec import Struct

from gateway.backup.errors import BackupError, CutFileError, WrongKeyError
from gateway.backup.manifest import LIST, About, FileEntry, parse_about, parse_list
from gateway.backup.pack import CONTENT, KEY, README
from gateway.store.schema import MIGRATIONS
from gateway.version import program_version

CHUNK = 1 << 18


class Opened(Struct, frozen=True):
    """A backup whose files lie, checked, in `folder` under numbers."""

    about: About
    entries: list[FileEntry]
    folder: Path

    def path_of(self, entry: FileEntry) -> Path:
        return self.folder / str(self.entries.index(entry))


def is_whole_backup(path: Path) -> bool:
    """Whether this is, or was before it was cut, a backup of a whole gateway, not a copy of a database."""
    try:
        with path.open("rb") as file:
            return file.read(len(README) + 1) == README.encode() + b"\0"
    except OSError:
        return False


def wrapped_key(path: Path) -> bytes:
    """The key that the passphrase opens. Raises CutFileError."""
    with _outer(path) as outer:
        file = outer.extractfile(_member(outer, path, KEY))
        return file.read() if file else b""


def unpack(path: Path, folder: Path, identities: list[pyrage.x25519.Identity]) -> Opened:
    """Decrypt into the empty `folder`.

    Raises WrongKeyError, CutFileError, NewerFileError, or BackupError when there is no room.
    """
    with _outer(path) as outer:
        content = outer.extractfile(_member(outer, path, CONTENT))
        assert content is not None  # noqa: S101 - _member has checked that it is a file
        try:
            return _decrypted(content, path, folder, identities)
        except OSError as error:
            why = f"{folder}: {error.strerror}"
            raise BackupError(f"{why}; 何も戻していません / nothing was put back") from None


@contextmanager
def _outer(path: Path) -> Iterator[tarfile.TarFile]:
    try:
        with tarfile.open(path, "r:") as outer:
            yield outer
    except FileNotFoundError:
        raise BackupError(f"{path}: ファイルがありません / no such file") from None
    except (tarfile.TarError, EOFError) as error:
        raise CutFileError(
            f"{path}: 途中で切れているか壊れています / cut off or damaged: {error}"
        ) from None


def _member(outer: tarfile.TarFile, path: Path, name: str) -> tarfile.TarInfo:
    try:
        member = outer.getmember(name)
    except KeyError:
        raise CutFileError(
            f"{path}: {name} がありません。途中で切れています / is cut off: {name} is missing"
        ) from None
    if not member.isfile():
        raise CutFileError(f"{path}: {name} is no file")
    if member.offset_data + member.size > path.stat().st_size:
        raise CutFileError(f"{path}: 途中で切れています / is cut off")
    return member


def _decrypted(
    content: IO[bytes], path: Path, folder: Path, identities: list[pyrage.x25519.Identity]
) -> Opened:
    reading, writing = os.pipe()
    wrong: list[BaseException] = []

    def work() -> None:
        try:
            with os.fdopen(writing, "wb") as pipe:
                pyrage.decrypt_io(content, pipe, identities)
        except BaseException as error:
            wrong.append(error)

    thread = threading.Thread(target=work, name="decrypt", daemon=True)
    thread.start()
    found: Opened | None = None
    failure: Exception | None = None
    with os.fdopen(reading, "rb") as pipe:
        try:
            found = _files(pipe, folder)
            while pipe.read(CHUNK):  # to the end, so that the last block is checked too
                pass
        except (tarfile.TarError, EOFError, KeyError) as error:
            failure = error
    thread.join()
    if wrong and isinstance(wrong[0], pyrage.DecryptError):
        raise _told(wrong[0], path) from None
    if failure or found is None:
        raise CutFileError(f"{path}: 壊れています / damaged: {failure}")
    return found


def _told(error: pyrage.DecryptError, path: Path) -> BackupError:
    text = str(error)
    if "matching" in text.lower() or "no identity" in text.lower():
        return WrongKeyError(f"{path}: この鍵では開きません / this key does not open it")
    return CutFileError(f"{path}: 途中で切れているか壊れています / cut off or damaged: {text}")


def _files(pipe: IO[bytes], folder: Path) -> Opened:
    """Write each file under its number; check sizes and hashes against the list at the end."""
    about: About | None = None
    hashes: list[tuple[str, int, str]] = []
    with tarfile.open(fileobj=pipe, mode="r|gz") as tar:
        for member in tar:
            file = tar.extractfile(member)
            if file is None:
                raise CutFileError(f"{member.name}: no file")
            if about is None:
                about = parse_about(file.read(1 << 16), len(MIGRATIONS), program_version())
            elif member.name == LIST:
                entries = parse_list(file.read())
                if [(e.name, e.size, e.sha256) for e in entries] != hashes:
                    raise CutFileError(
                        f"{LIST}: 内容が一覧と違います / other files than the list says"
                    )
                return Opened(about, entries, folder)
            else:
                size, sha256 = _write(file, folder / str(len(hashes)))
                hashes.append((member.name, size, sha256))
    raise CutFileError(f"{LIST} がありません / is missing")


def _write(file: IO[bytes], path: Path) -> tuple[int, str]:
    size, found = 0, hashlib.sha256()
    with path.open("wb") as out:
        while data := file.read(CHUNK):
            out.write(data)
            found.update(data)
            size += len(data)
    return size, found.hexdigest()


__all__ = ["Opened", "is_whole_backup", "unpack", "wrapped_key"]
