"""A control group of the kernel that kills its processes when they take more memory than it allows.

Owns the group's folder, of version 1 or 2. Needs root; whoever lacks it sees a skip with the reason.
"""

import contextlib
import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path("/sys/fs/cgroup")
INTO = 'echo $$ > "$1/cgroup.procs" && shift && exec "$@"'


class MemoryGroup:
    """One group."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @property
    def prefix(self) -> tuple[str, ...]:
        """Stands before a command that shall run in the group."""
        return "sh", "-c", INTO, "sh", str(self._folder)

    def kills(self) -> int:
        """How often the kernel has killed a process in it for want of memory."""
        name = "memory.events" if _is_version_2() else "memory.oom_control"
        lines = (self._folder / name).read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("oom_kill "))

    def most_mb(self) -> float:
        """The most memory that it took, with what the kernel keeps of files."""
        name = "memory.peak" if _is_version_2() else "memory.max_usage_in_bytes"
        with contextlib.suppress(FileNotFoundError):  # an older kernel does not count it
            return int((self._folder / name).read_text()) / 1_000_000
        return float("nan")


@contextlib.contextmanager
def memory_group(limit_bytes: int) -> Iterator[MemoryGroup]:
    """A group with this limit and no swap; removed at the end."""
    above = ROOT if _is_version_2() else ROOT / "memory"
    folder = above / f"shishigaki-test-{os.getpid()}"
    limits = ("memory.max", "memory.swap.max")
    if not _is_version_2():
        limits = ("memory.limit_in_bytes", "memory.memsw.limit_in_bytes")
    try:
        folder.mkdir()
        (folder / limits[0]).write_text(str(limit_bytes))
        with contextlib.suppress(OSError):  # a kernel without accounting of swap
            (folder / limits[1]).write_text("0" if _is_version_2() else str(limit_bytes))
    except OSError as error:
        pytest.skip(f"a group with a limit of memory needs root and a writable {above}: {error}")
    try:
        yield MemoryGroup(folder)
    finally:
        _remove(folder)


def _is_version_2() -> bool:
    return (ROOT / "cgroup.controllers").exists()


def _remove(folder: Path) -> None:
    """The kernel gives a group free a moment after its last process has ended."""
    for _ in range(100):
        with contextlib.suppress(OSError):
            folder.rmdir()
            return
        time.sleep(0.05)
