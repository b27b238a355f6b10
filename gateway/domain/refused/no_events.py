"""Messages that gave no event, counted since the start, for /metrics and for the table. PURE.

Owns the counts in memory, and which of them are not stored yet. Must not decide what gives an event.
"""

from collections import Counter
from collections.abc import Mapping

Key = tuple[str, str]  # (device, empty: not registered; reason)
MOST_LABELS = 20  # devices with their own label: those with the most messages
OTHERS = "other"


class NoEventCounts:
    """Counts by device and reason. Bounded: all names outside the list are counted as one."""

    def __init__(self) -> None:
        self._total: Counter[Key] = Counter()
        self._unwritten: Counter[Key] = Counter()

    def add(self, counts: Mapping[Key, int]) -> None:
        """Add the counts of a committed batch."""
        self._total.update(counts)
        self._unwritten.update(counts)

    def take(self) -> Counter[Key]:
        """The counts to store now; call `give_back` if that fails."""
        taken, self._unwritten = self._unwritten, Counter()
        return taken

    def give_back(self, counts: Counter[Key]) -> None:
        """The counts could not be stored: keep them for the next attempt."""
        self._unwritten.update(counts)

    def shown(self) -> Counter[Key]:
        """The devices with the most messages; all other devices are counted under one label."""
        return _shown(self._total)


def _shown(total: Counter[Key]) -> Counter[Key]:
    devices: Counter[str] = Counter()
    for (device, _), messages in total.items():
        devices[device] += messages
    most = {device for device, _ in devices.most_common(MOST_LABELS) if device}
    found: Counter[Key] = Counter()
    for (device, reason), messages in total.items():
        found[device if device in most else OTHERS, reason] += messages
    return found
