"""The change of the page size in a process of its own that ends at its Nth write or sync.

Owns a file layer that counts them and kills. Must not know what is written.
"""

import os
import signal
from pathlib import Path
from typing import Any

import apsw

from gateway.store.file import page_size

SYSTEM = apsw.vfs_names()[0]


class Counting(apsw.VFS):
    """The system's files; at the step `end` the process is killed."""

    def __init__(self, end: int) -> None:
        super().__init__("counting", SYSTEM, makedefault=True)
        self.steps, self._end = 0, end

    def count(self) -> None:
        """One step more, or the end."""
        self.steps += 1
        if self.steps == self._end:
            os.kill(os.getpid(), signal.SIGKILL)

    def xOpen(self, name: Any, flags: list[int]) -> apsw.VFSFile:  # noqa: N802 - SQLite's names
        return _File(self, name, flags)

    def xDelete(self, filename: str, syncdir: bool) -> None:  # noqa: N802
        self.count()
        super().xDelete(filename, syncdir)


class _File(apsw.VFSFile):
    def __init__(self, layer: Counting, name: Any, flags: list[int]) -> None:
        super().__init__(SYSTEM, name, flags)
        self._layer = layer

    def xWrite(self, data: Any, offset: int) -> None:  # noqa: N802
        self._layer.count()
        super().xWrite(data, offset)

    def xTruncate(self, newsize: int) -> None:  # noqa: N802
        self._layer.count()
        super().xTruncate(newsize)

    def xSync(self, flags: int) -> None:  # noqa: N802
        self._layer.count()
        super().xSync(flags)


def renew_until(path: Path, end: int) -> int:
    """Change the page size of `path`, killed at the step `end` (0: never); gives the steps, 0 when killed."""
    from_child, to_parent = os.pipe()
    child = os.fork()
    if not child:
        try:
            layer = Counting(end)
            if page_size.renew(path):
                os.write(to_parent, str(layer.steps).encode())
        finally:
            os._exit(0)  # without the parent's ends
    os.close(to_parent)
    with os.fdopen(from_child, "rb") as pipe:
        said = pipe.read()
    os.waitpid(child, 0)
    return int(said or 0)
