"""What the operating system says about the files of a database that is open.

SQLite goes on in its open files when somebody deletes or replaces them: every commit succeeds, and all of
them are gone when the process ends. Owns the comparison of the files under the database's names with those
that were opened. Must not open or change a file.
"""

import contextlib
import os
import stat
from collections.abc import Sequence
from pathlib import Path

Identity = tuple[int, int]  # device, inode
ENDS = ("", "-wal", "-shm")
MISSING: Identity = (0, 0)  # the number of no file


class LiveFile:
    """The files of one database, as they were when it was opened. Make it just after opening.

    `ends`: of the names that SQLite has open; one that is missing already was taken away meanwhile.
    """

    def __init__(self, path: Path, ends: Sequence[str] = ENDS) -> None:
        self.path = path
        names = [f"{path}{end}" for end in ends]
        self._opened = {name: _identity(name) or MISSING for name in names}

    def fault(self) -> str:
        """Which file is not the one that was opened, and what became of it; "" when all are. Any thread."""
        for name, known in self._opened.items():
            present = _identity(name)
            if present != known:
                words = (
                    "置き換えられました / was replaced" if present else "消されました / was deleted"
                )
                return f"{Path(name).name} {words}"
        return ""

    def ours(self) -> list[Path]:
        """The files that are still those that were opened."""
        return [Path(name) for name, known in self._opened.items() if _identity(name) == known]

    def read_only(self) -> list[str]:
        """The files that could not be opened for writing again; the open ones would still be written."""
        return [name for name in self._opened if not _is_writable(name)]

    def let_write(self) -> None:
        """Give the owner back the right to write, where that is us."""
        for name in self.read_only():
            with contextlib.suppress(OSError):
                Path(name).chmod(stat.S_IMODE(Path(name).stat().st_mode) | 0o600)

    def second_name(self) -> str:
        """A hard link to one of the files: a program that opens it there finds another -wal; or ""."""
        for name in self._opened:
            with contextlib.suppress(OSError):
                if (links := Path(name).stat().st_nlink) > 1:
                    return f"{Path(name).name} 名前が{links}つあります / has {links} names (hard links)"
        return ""


def _is_writable(name: str) -> bool:
    try:
        mode = Path(name).stat().st_mode
    except OSError:
        return True  # not there: told by `fault`
    return os.access(name, os.R_OK | os.W_OK) and bool(mode & stat.S_IWUSR)


def _identity(name: str) -> Identity | None:
    try:
        found = os.stat(name)  # noqa: PTH116 - asked at every commit; a Path costs more than the call
    except OSError:
        return None
    return found.st_dev, found.st_ino
