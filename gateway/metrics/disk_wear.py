"""How much is written to the disk under the database, and how worn the card says it is.

Owns what the kernel tells in /proc and /sys; where it tells nothing, there is no metric. An SD card tells no
wear; eMMC tells its used life in steps of a tenth.
"""

import os
from collections.abc import Iterable
from pathlib import Path

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

SECTOR_BYTES = 512  # the unit of the kernel's counts, whatever the disk has
WRITTEN = 6  # the field "sectors written" in a disk's `stat`
LIFE_STEP = 0.1
SYS, IO = Path("/sys/dev/block"), Path("/proc/self/io")


class DiskWear(Collector):
    """The metrics of one database's disk."""

    def __init__(self, database: Path, sys: Path = SYS, io: Path = IO) -> None:
        self._database, self._sys, self._io = database, sys, io

    def collect(self) -> Iterable[Metric]:
        """The samples."""
        own = CounterMetricFamily(
            "shishigaki_written_bytes", "Bytes that the gateway has caused to be written to disks"
        )
        disk = CounterMetricFamily(
            "shishigaki_disk_written_bytes", "Bytes written to the database's disk since the boot"
        )
        life = GaugeMetricFamily(
            "shishigaki_disk_life_used_ratio", "Used life of the disk as it says itself; 1: all"
        )
        for family, value in (
            (own, self.own_bytes()),
            (disk, self.disk_bytes()),
            (life, self.life_used()),
        ):
            if value is not None:
                family.add_metric([], value)
        return [own, disk, life]

    def own_bytes(self) -> float | None:
        """Bytes that this process has caused to be written since its start."""
        return process_bytes(self._io)

    def disk_bytes(self) -> float | None:
        """Bytes written to the disk since the boot, by all programs."""
        fields = text_of(self._disk() / "stat").split()
        return float(fields[WRITTEN]) * SECTOR_BYTES if len(fields) > WRITTEN else None

    def life_used(self) -> float | None:
        """The more worn of the two kinds of memory that eMMC tells; 0: not told."""
        disk = self._disk()
        life_time = text_of(disk / "device" / "life_time") or text_of(
            disk / ".." / "device" / "life_time"
        )
        steps = [int(step, 16) for step in life_time.split()]
        return min(1.0, max(steps) * LIFE_STEP) if any(steps) else None

    def _disk(self) -> Path:
        try:
            device = self._database.parent.stat().st_dev
        except OSError:
            device = 0
        return Path(os.path.realpath(self._sys / f"{os.major(device)}:{os.minor(device)}"))


def process_bytes(io: Path) -> float | None:
    """Bytes that a process has caused to be written, from its /proc/PID/io; None where that is not told."""
    for line in text_of(io).splitlines():
        name, _, value = line.partition(": ")
        if name == "write_bytes":
            return float(value)
    return None


def text_of(path: Path) -> str:
    """What a file of the kernel says; "" where it has none."""
    try:
        return path.read_text()
    except (OSError, UnicodeDecodeError):
        return ""
