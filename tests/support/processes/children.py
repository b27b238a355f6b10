"""Other processes as the kernel shows them. Owns reading /proc; must not start or end anything."""

import os
from pathlib import Path


def children(parent: int, word: str) -> list[int]:
    """Processes that `parent` started and whose command holds a word."""
    running = (folder for folder in Path("/proc").iterdir() if folder.name.isdecimal())
    ours = (folder for folder in running if _parent(folder) == parent)
    return [int(folder.name) for folder in ours if word in _command(folder)]


def memory_mb(pid: int, what: str = "VmRSS") -> float:
    """Resident memory of a process; VmHWM: the most it ever had."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith(what)).split()[1]) / 1_000


def cpu_s(pid: int) -> float:
    """CPU time that a process has spent."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _parent(folder: Path) -> int:
    try:
        return int((folder / "stat").read_text().rpartition(")")[2].split()[1])
    except OSError:  # it has just ended
        return 0


def _command(folder: Path) -> str:
    try:
        return (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        return ""
