"""Two stock SQLite programs that open, read and close the gateway's database all the time.

Owns these two processes. Each has a copy of SQLite of its own, as what people use on a real site has:
Debian's `sqlite3` shell, and Python's `sqlite3`.
"""

import sqlite3
import sys
import time
from contextlib import closing
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.support.processes.child import Child
from tests.support.servers import need, wait_for

PAUSE_S = 0.1
SQL = "SELECT count(*) FROM (SELECT no FROM event ORDER BY no DESC LIMIT 10)"
SHELL = f"""while :; do "$0" "$1" '{SQL}' && echo looked; sleep {PAUSE_S}; done"""


class StockReaders:
    """Both programs, from `with` to its end."""

    def __init__(self, database: Path, folder: Path) -> None:
        self._database = database
        self._shell = Child(folder / "reader-shell.log")
        self._python = Child(folder / "reader-python.log")

    def __enter__(self) -> Self:
        program = need("/usr/bin/sqlite3", "sqlite3")
        self._shell.start(["/bin/sh", "-c", SHELL, program, str(self._database)])
        self._python.start([sys.executable, "-m", __name__, str(self._database)])
        wait_for(lambda: min(self.looks()) > 0, "both readers to look", 60)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._shell.end()
        self._python.end()

    def looks(self) -> tuple[int, int]:
        """How often each has opened, read and closed the file without an error."""
        return self._shell.log.count("looked"), self._python.log.count("looked")

    def look_again(self) -> None:
        """Wait until both have opened and closed the file once more, from beginning to end."""
        before = self.looks()
        wait_for(
            lambda: all(now > then + 1 for now, then in zip(self.looks(), before, strict=True)),
            "both readers to look again",
            60,
        )


def look(database: Path) -> bool:
    """Open, read and close once; whether it could be read."""
    try:
        with closing(sqlite3.connect(f"file:{database}?mode=rw", uri=True)) as connection:
            connection.execute(SQL).fetchone()
    except sqlite3.Error as error:
        sys.stderr.write(f"{error}\n")
        return False
    return True


if __name__ == "__main__":
    while True:
        if look(Path(sys.argv[1])):
            print("looked", flush=True)
        time.sleep(PAUSE_S)
