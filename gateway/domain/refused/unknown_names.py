"""Names of devices that nobody registered: how many are listed, which filter a flood shares. PURE.

Owns the limits and the topic filters by which names are counted. Must not store or alert. A broker does
not tell who published a message, so its topic is the only evidence of the sender.
"""

import math
from collections import Counter
from datetime import datetime, timedelta
from hashlib import blake2b

MOST_LISTED = 1_000  # names that wait for approval
MOST_SHARING_A_FILTER = 300  # of these, names whose topics differ in one level only
LIMITS = {
    True: (MOST_LISTED, 600),
    False: (MOST_SHARING_A_FILTER, 300),
}  # (in the list, new within an hour)
HOUR = timedelta(hours=1)
MOST_LEVELS = 8  # of a topic that are compared
EVERYTHING = "#"
REGISTERS = 2_048  # of an estimate: a standard error of 2 %


def filters(topic: str) -> list[str]:
    """The topic filters under which a name is counted, the narrowest first.

    The device's topic without its last level, then the same with each level in turn replaced by "+": a
    sender that invents names varies one level.
    """
    levels = topic.split("/")[:MOST_LEVELS]
    if len(levels) > 2:
        levels.pop()
    opened = (
        "/".join([*levels[:place], "+", *levels[place + 1 :], "#"]) for place in range(len(levels))
    )
    return ["/".join([*levels, "#"]), *opened, EVERYTHING]


class UnknownNames:
    """The names in the list, counted by filter."""

    def __init__(self) -> None:
        self.topics: dict[str, str] = {}  # name -> topic of its first message
        self._counts: Counter[str] = Counter()
        self._new: Counter[str] = Counter()  # added in the hour that began at `_since`
        self._since: datetime | None = None

    def full(self, topic: str, now: datetime) -> str | None:
        """The filter that has no room for another name; None: there is room."""
        self._turn_hour(now)
        for wanted in filters(topic):
            most, an_hour = LIMITS[wanted == EVERYTHING]
            if self._counts[wanted] >= most or self._new[wanted] >= an_hour:
                return wanted
        return None

    def add(self, name: str, topic: str, at: datetime) -> None:
        """Add a name to the list."""
        if name in self.topics:
            return
        self._turn_hour(at)
        self.topics[name] = topic
        self._counts.update(filters(topic))
        self._new.update(filters(topic))

    def remove(self, name: str) -> None:
        """Remove a name that was approved, revoked or forgotten; within the hour it still counts as new."""
        if (topic := self.topics.pop(name, None)) is not None:
            self._counts.subtract(filters(topic))

    def under(self, wanted: str) -> list[str]:
        """The names in the list that a filter counts."""
        return [name for name, topic in self.topics.items() if wanted in filters(topic)]

    def _turn_hour(self, now: datetime) -> None:
        if self._since is None or now - self._since >= HOUR:
            self._since = now
            self._new.clear()


class NameEstimate:
    """Estimates how many different names there were, without storing them: HyperLogLog."""

    def __init__(self, registers: bytes = b"") -> None:
        self._registers = bytearray(registers if len(registers) == REGISTERS else REGISTERS)

    def add(self, name: str) -> None:
        """Count a name; counting it again changes nothing."""
        digest = int.from_bytes(blake2b(name.encode("utf-8", "replace"), digest_size=8).digest())
        place, rest = digest % REGISTERS, digest // REGISTERS
        rank = 54 - rest.bit_length()  # 53 bits are left: leading zeros and one
        self._registers[place] = max(self._registers[place], rank)

    @property
    def registers(self) -> bytes:
        """To be stored."""
        return bytes(self._registers)

    @property
    def count(self) -> int:
        """The estimated number of different names."""
        empty = self._registers.count(0)
        if empty > REGISTERS // 10:
            return round(REGISTERS * math.log(REGISTERS / empty))
        alpha = 0.7213 / (1 + 1.079 / REGISTERS)
        return round(alpha * REGISTERS**2 / sum(2.0**-rank for rank in self._registers))
