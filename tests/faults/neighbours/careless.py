"""A gateway without the safeguards of its database file, for controls: `python -m ... CARE run -c FILE`.

Owns the attributes that are replaced. With CARE `nothing` the gateway is complete. It always logs every
opening of the live database file that is not done by SQLite (`OPENED`).
"""

import contextlib
import os
import sys
import traceback
from pathlib import Path

from gateway.cli import main
from gateway.store.file import live_file, raw_file

OPENED = "the live database was opened outside SQLite"
SIDES = ("", "-wal", "-shm")


def read_plainly(path: Path, offset: int, amount: int) -> bytes:
    """Opens the file directly: closing this descriptor drops all locks of the process."""
    with path.open("rb") as file:
        file.seek(offset)
        return file.read(amount)


def see_nothing(_: live_file.LiveFile) -> str:
    """Does not check whether the files are still there."""
    return ""


LOCKS = (raw_file, "read", read_plainly)
LOOKING = (live_file.LiveFile, "fault", see_nothing)
CARES: dict[str, tuple[tuple[object, str, object], ...]] = {
    "nothing": (),
    "locks": (LOCKS,),
    "looking": (LOOKING,),
    "locks and looking": (LOCKS, LOOKING),  # both
}


def without(care: str) -> tuple[str, str]:
    """The program for `Service`."""
    assert care in CARES, f"{care!r} is none of {list(CARES)}"
    return ("tests.faults.neighbours.careless", care)


def guard(database: Path) -> None:
    """From now on log every opening of the database by name or link that is not done by SQLite."""

    def heard(event: str, arguments: tuple[object, ...]) -> None:
        if event == "sqlite3.connect" or (event == "open" and is_live(arguments[0], database)):
            sys.stderr.write(f"{OPENED}: {event} {arguments}\n")
            traceback.print_stack()

    sys.addaudithook(heard)


def is_live(name: object, database: Path) -> bool:
    """Whether a file that is about to be opened is one of the database's."""
    if not isinstance(name, str | bytes | os.PathLike):
        return False
    for side in SIDES:
        with contextlib.suppress(OSError, ValueError):
            if os.path.samefile(name, f"{database}{side}"):  # noqa: PTH121 - a Path of bytes is none
                return True
    return False


if __name__ == "__main__":
    guard(Path(sys.argv[-1]).with_name("gateway.db"))
    for place, name, instead in CARES[sys.argv.pop(1)]:
        assert hasattr(place, name), f"{place} has no {name}: the control would take out nothing"
        setattr(place, name, instead)
    main()
