"""A disk in memory that loses, tears and re-orders what was not synced when the power goes.

Owns a file layer for SQLite. A write is certain only after the sync of its file; at a power cut every
other write since then is on the platter wholly, in part (sectors of 512 bytes), or not at all.
"""

import random
from typing import Any

import apsw

SECTOR = 512
Image = dict[str, bytes]


class _Content:
    """One file: what is certain, and what was written since."""

    def __init__(self, data: bytes = b"") -> None:
        self.certain = bytearray(data)
        self.now = bytearray(data)
        self.writes: list[tuple[int, bytes]] = []  # since the last sync; (size, b"") cuts off

    def write(self, at: int, data: bytes) -> None:
        _put(self.now, at, data)
        self.writes += [(at + n, data[n : n + SECTOR]) for n in range(0, len(data), SECTOR)]

    def cut_off(self, size: int) -> None:
        del self.now[size:]
        self.writes.append((size, b""))

    def sync(self) -> None:
        self.certain = bytearray(self.now)
        self.writes.clear()

    def after_cut(self, rng: random.Random) -> bytes:
        """What a reader finds after the power came back."""
        left = bytearray(self.certain)
        kept = [write for write in self.writes if rng.random() < 0.5]
        rng.shuffle(kept)
        for at, data in kept:
            _put(left, at, data)
        return bytes(left)


def _put(target: bytearray, at: int, data: bytes) -> None:
    if not data:
        del target[at:]
        return
    if len(target) < at:
        target.extend(bytes(at - len(target)))
    target[at : at + len(data)] = data


class PowerCutError(Exception):
    """The power is gone; nothing more is written."""


class Disk(apsw.VFS):
    """Register under a name of its own; `cut_after` writes the power goes."""

    def __init__(self, name: str, image: Image, cut_after: int, rng: random.Random) -> None:
        super().__init__(name, "")
        self.files = {path: _Content(data) for path, data in image.items()}
        self.left, self.rng = cut_after, rng
        self.image: Image | None = None  # after the cut

    def count(self) -> None:
        """One write or sync more; the power may go instead."""
        self.left -= 1
        if self.left == 0 and self.image is None:
            self.image = {path: file.after_cut(self.rng) for path, file in self.files.items()}

    def xFullPathname(self, name: str) -> str:  # noqa: N802 - SQLite's names
        return name

    def xAccess(self, pathname: str, flags: int) -> bool:  # noqa: N802
        return pathname in self.files

    def xDelete(self, filename: str, syncdir: bool) -> None:  # noqa: N802
        self.files.pop(filename, None)

    def xOpen(self, name: Any, flags: list[int]) -> "File":  # type: ignore[override]  # noqa: N802
        path = name.filename() if hasattr(name, "filename") else str(name)
        flags[1] = flags[0]
        return File(self, self.files.setdefault(path, _Content()))


class File:
    """An open file of a Disk."""

    def __init__(self, disk: Disk, content: _Content) -> None:
        self._disk, self._content = disk, content

    def xRead(self, amount: int, offset: int) -> bytes:  # noqa: N802
        return bytes(self._content.now[offset : offset + amount])

    def xWrite(self, data: bytes, offset: int) -> None:  # noqa: N802
        self._content.write(offset, bytes(data))
        self._disk.count()

    def xTruncate(self, size: int) -> None:  # noqa: N802
        self._content.cut_off(size)

    def xSync(self, flags: int) -> None:  # noqa: N802
        self._disk.count()
        self._content.sync()

    def xFileSize(self) -> int:  # noqa: N802
        return len(self._content.now)

    def xLock(self, level: int) -> None:  # noqa: N802
        """Nobody else is here."""

    def xUnlock(self, level: int) -> None:  # noqa: N802
        """Nobody else is here."""

    def xCheckReservedLock(self) -> bool:  # noqa: N802
        return False

    def xFileControl(self, op: int, pointer: int) -> bool:  # noqa: N802
        return False

    def xSectorSize(self) -> int:  # noqa: N802
        return SECTOR

    def xDeviceCharacteristics(self) -> int:  # noqa: N802
        return 0

    def xClose(self) -> None:  # noqa: N802
        """Nothing to let go of."""
