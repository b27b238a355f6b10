"""Which tables and indexes the pages in the -wal belong to.

Owns reading of frames (walformat.html) while the gateway runs, by plain reading: it takes no lock. Must not
write. Only for benchmarks: beside a gateway of its own process SQLite's locks are not at risk.
"""

import contextlib
import struct
import threading
from collections import Counter
from pathlib import Path

import apsw

HEADER, FRAME = 32, 24


class PageWatch:
    """Counts frames while it lives; `say` ends it."""

    def __init__(self, database: Path, every_s: float = 0.5) -> None:
        self._database, self._every_s = database, every_s
        self._wal = database.with_name(database.name + "-wal")
        self._seen: dict[int, bytes] = {}  # frame number -> its header, to tell a new one
        self._pages: Counter[int] = Counter()
        self.commits = 0
        self._ended = threading.Event()
        self._look(count=False)
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def say(self) -> None:
        """Print frames by table or index."""
        self._ended.set()
        self._thread.join()
        self._look(count=True)
        owners = self._owners()
        by_name: Counter[str] = Counter()
        for page, frames in self._pages.items():
            by_name[owners.get(page, "free or new")] += frames
        total = sum(by_name.values())
        print(
            f"{self.commits} commits, {total} frames, {total / max(1, self.commits):.1f} a commit"
        )
        for name, frames in by_name.most_common(14):
            print(f"   {name:24} {frames:6}  {frames / max(1, self.commits):5.2f} a commit")

    def _run(self) -> None:
        while not self._ended.wait(self._every_s):
            self._look(count=True)

    def _look(self, *, count: bool) -> None:
        with self._wal.open("rb") as file:
            head = file.read(HEADER)
            size = struct.unpack(">I", head[8:12])[0]
            number = 0
            while len(frame := file.read(FRAME)) == FRAME:
                if frame[8:16] != head[16:24]:
                    break  # left from before the log began again
                if self._seen.get(number) != frame:
                    self._seen[number] = frame
                    page, pages_after = struct.unpack(">II", frame[:8])
                    if count:
                        self._pages[page] += 1
                        self.commits += pages_after > 0
                number += 1
                file.seek(size, 1)

    def _owners(self) -> dict[int, str]:
        """Page number -> table or index, by the virtual table dbstat of a copy."""
        with contextlib.closing(
            apsw.Connection(str(self._database), flags=apsw.SQLITE_OPEN_READONLY)
        ) as reader:
            return {
                int(page): str(name)
                for name, page in reader.execute("SELECT name, pageno FROM dbstat")
            }


def say_pages(database: Path) -> PageWatch:
    """Begin to count."""
    return PageWatch(database)
