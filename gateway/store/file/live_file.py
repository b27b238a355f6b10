"""Whether the files under the database's names are still the files that were opened.

SQLite continues in its open files when somebody deletes or replaces them: every commit succeeds, and all are
lost when the process ends. Owns this comparison, by device and inode. Must not open a file or change its
content.
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
    """The files of one database at the moment it was opened. Create it just after opening.

    `ends`: suffixes of the names that SQLite has open; a file that is already missing was deleted meanwhile.
    """

    def __init__(self, path: Path, ends: Sequence[str] = ENDS) -> None:
        self.path = path
        names = [f"{path}{end}" for end in ends]
        self._opened = {name: _identity(name) or MISSING for name in names}

    def fault(self) -> str:
        """The file that was deleted or replaced, in words; "" when there is none. Any thread."""
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
        """The files that are read-only now; SQLite would still write into its open ones."""
        return [name for name in self._opened if not _is_writable(name)]

    def let_write(self) -> None:
        """Give the owner write permission again, where the files are ours."""
        for name in self.read_only():
            with contextlib.suppress(OSError):
                Path(name).chmod(stat.S_IMODE(Path(name).stat().st_mode) | 0o600)

    def second_name(self) -> str:
        """A hard link to one of the files, in words, or "". Under another name there is another -wal."""
        for name in self._opened:
            with contextlib.suppress(OSError):
                if (links := Path(name).stat().st_nlink) > 1:
                    return f"{Path(name).name} 名前が{links}つあります / has {links} names (hard links)"
        return ""


def _is_writable(name: str) -> bool:
    try:
        mode = Path(name).stat().st_mode
    except OSError:
        return True  # missing: reported by `fault`
    return os.access(name, os.R_OK | os.W_OK) and bool(mode & stat.S_IWUSR)


def _identity(name: str) -> Identity | None:
    try:
        found = os.stat(name)  # noqa: PTH116 - called at every commit; a Path costs more than the call
    except OSError:
        return None
    return found.st_dev, found.st_ino
