"""Processes by their working folder. Owns reading /proc; must not start or end anything."""

from pathlib import Path


def processes_in(folder: Path) -> list[int]:
    """Processes whose working folder this is: PostgreSQL and its workers stand in their data."""
    found = []
    for process in Path("/proc").iterdir():
        if not process.name.isdecimal():
            continue
        try:
            if (process / "cwd").readlink() == folder:
                found.append(int(process.name))
        except OSError:  # it has just ended, or is somebody else's
            continue
    return found
