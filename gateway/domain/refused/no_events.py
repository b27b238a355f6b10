"""Messages that gave no event, counted since the start, for /metrics and for the table. PURE.

Owns the counts in memory and what of them is not written yet. Must not decide what gives an event.
"""

from collections import Counter
from collections.abc import Mapping

Key = tuple[str, str]  # (device, empty: not registered; reason)
MOST_LABELS = 20  # devices with a label of their own: those with the most messages
OTHERS = "other"


class NoEventCounts:
    """Counts by device and reason. Bounded: names outside the list are counted under one."""

    def __init__(self) -> None:
        self._total: Counter[Key] = Counter()
        self._unwritten: Counter[Key] = Counter()

    def add(self, counts: Mapping[Key, int]) -> None:
        """A batch was committed."""
        self._total.update(counts)
        self._unwritten.update(counts)

    def take(self) -> Counter[Key]:
        """What is to be written now; `give_back` if that fails."""
        taken, self._unwritten = self._unwritten, Counter()
        return taken

    def give_back(self, counts: Counter[Key]) -> None:
        """It could not be written."""
        self._unwritten.update(counts)

    def shown(self) -> Counter[Key]:
        """Those of the devices with the most messages, the others together."""
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
