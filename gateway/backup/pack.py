"""Makes the one file: a plain tar of a short explanation, the wrapped key, and the encrypted content.

The content is a gzipped tar for age: a person without this program opens it with tar and age. Owns the
order of its members. It is written beside its final name and renamed when it is whole and on the disk.
Nothing is in memory at once but some hundred kilobytes. Must not decide what belongs to a gateway (`places`).
"""

import gzip
import hashlib
import io
import os
import tarfile
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import IO

import pyrage
from msgspec import Struct

from gateway.atomic_file import replacing
from gateway.backup.errors import BackupError
from gateway.backup.manifest import ABOUT, LIST, About, FileEntry, encode

README, KEY, CONTENT = "README.txt", "key.age", "content.age"
HOW = """猪垣 (Shishigaki) の控えです。戻すには: sudo shishigaki restore このファイル
手で開くには、下のとおり。
Backup of a Shishigaki gateway. To restore: sudo shishigaki restore THIS-FILE. To open it by hand:
    tar xf THIS-FILE
    age -d -o key.txt key.age          (asks for the passphrase / 合言葉をきかれます)
    age -d -i key.txt content.age | tar xzf -
"""
LEVEL = 6  # of gzip
BLOCK = tarfile.BLOCKSIZE


class Source(Struct, frozen=True):
    """One file to pack: its name in the backup, and where it lies."""

    name: str
    path: Path


def pack(
    target: Path,
    about: About,
    sources: Iterable[Source],
    wrapped: bytes,
    to: list[pyrage.x25519.Recipient],
) -> list[FileEntry]:
    """Write the backup to `target`. Raises BackupError; then there is no such file."""
    try:
        with replacing(target, 0o640) as out:
            return _write(out, about, sources, wrapped, to)
    except OSError as error:
        raise BackupError(
            f"{target}: {error.strerror}; 控えはできていません / no backup was made"
        ) from None


def _write(
    out: IO[bytes],
    about: About,
    sources: Iterable[Source],
    wrapped: bytes,
    to: list[pyrage.x25519.Recipient],
) -> list[FileEntry]:
    """The outer tar; the header of the content follows its end, when its length is known."""
    stamp = int(about.made_at.timestamp())
    for name, data in ((README, HOW.encode()), (KEY, wrapped)):
        out.write(_head(name, len(data), stamp) + data + bytes(-len(data) % BLOCK))
    head = out.tell()
    out.write(bytes(BLOCK))
    entries = _encrypt(out, about, sources, to)
    size = out.tell() - head - BLOCK
    out.write(bytes(-size % BLOCK) + bytes(2 * BLOCK))
    out.seek(head)
    out.write(_head(CONTENT, size, stamp))
    return entries


def _head(name: str, size: int, stamp: int) -> bytes:
    info = tarfile.TarInfo(name)
    info.size, info.mtime, info.mode = size, stamp, 0o600
    return info.tobuf(tarfile.GNU_FORMAT)


def _encrypt(
    out: IO[bytes], about: About, sources: Iterable[Source], to: list[pyrage.x25519.Recipient]
) -> list[FileEntry]:
    """Encrypt the inner tar while another thread makes it. Raises what went wrong in either."""
    reading, writing = os.pipe()
    entries: list[FileEntry] = []
    wrong: list[BaseException] = []

    def work() -> None:
        try:
            with os.fdopen(writing, "wb") as pipe:
                entries.extend(_inner(pipe, about, sources))
        except BaseException as error:
            wrong.append(error)

    thread = threading.Thread(target=work, name="backup", daemon=True)
    thread.start()
    with os.fdopen(reading, "rb") as pipe:
        try:
            pyrage.encrypt_io(pipe, out, to)
        except OSError:
            if not wrong:
                raise
        except pyrage.EncryptError as error:
            raise OSError(28, str(error)) from None
    thread.join()
    if wrong:
        raise wrong[0]
    return entries


def _inner(pipe: IO[bytes], about: About, sources: Iterable[Source]) -> list[FileEntry]:
    stamp = int(about.made_at.timestamp())
    with (
        gzip.GzipFile("", "wb", LEVEL, pipe, stamp) as packed,
        tarfile.open(fileobj=packed, mode="w|") as tar,
    ):
        _add(tar, ABOUT, encode(about), stamp)
        entries = [entry for source in sources if (entry := _pack_one(tar, source))]
        _add(tar, LIST, encode(entries), stamp)
    return entries


def _add(tar: tarfile.TarFile, name: str, data: bytes, stamp: int) -> None:
    info = tarfile.TarInfo(name)
    info.size, info.mtime, info.mode = len(data), stamp, 0o600
    tar.addfile(info, io.BytesIO(data))


def _pack_one(tar: tarfile.TarFile, source: Source) -> FileEntry | None:
    """None for a file that has gone since it was listed."""
    try:
        file = source.path.open("rb")
    except FileNotFoundError:
        return None
    with file:
        info = tar.gettarinfo(arcname=source.name, fileobj=file)
        info.name = source.name
        hashed = Hashed(file, info.size)
        tar.addfile(info, hashed)
    return FileEntry(
        source.name, info.mode & 0o7777, info.uname, info.gname, info.size, hashed.sha256
    )


class Hashed(io.RawIOBase):
    """Reads exactly the announced bytes of a file, and hashes them on the way."""

    def __init__(self, file: IO[bytes], size: int) -> None:
        self._file, self._left, self._hash = file, size, hashlib.sha256()

    @property
    def sha256(self) -> str:
        return self._hash.hexdigest()

    def read(self, size: int = -1) -> bytes:
        """A file that became shorter is filled with zeros: the tar stays whole."""
        wanted = self._left if size < 0 else min(size, self._left)
        data = self._file.read(wanted)
        data += bytes(wanted - len(data))
        self._left -= wanted
        self._hash.update(data)
        return data
