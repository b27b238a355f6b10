"""Shares of a surge: devices whose messages are judged together. PURE.

Judging costs each device in a slice once, however many of its messages are in it. With thousands of devices
in turn a slice of the whole backlog would hold few messages of each. So what waits is kept apart by device,
and a slice takes from one share only. All messages of a device are in one share and keep their order.
Owns the choice of the share. Must not store (`store.tables.backlog`), nor choose the size of a slice
(`slices`).
"""

import zlib
from collections.abc import Collection, Iterable, Sequence

from gateway.domain.model import Message

DEVICES = 500  # in one share, about
MOST_SHARES = 10
MOST_TOPICS = 50_000  # remembered; more only cost the time to look again


class Shares:
    """The shares of one gateway, by topic."""

    def __init__(self) -> None:
        self._of: dict[str, int] = {}
        self._number = 1

    def split(
        self, messages: Sequence[Message], ids: Collection[str], waiting: int | None = None
    ) -> dict[int, list[Message]]:
        """The messages of each share, in their order.

        `ids`: the registered devices; `waiting`: a share of what waits. The division stays until nothing
        waits: otherwise a device's newer messages could be judged before its older ones.
        """
        self._divide(number_of(len(ids)) if waiting is None else division_of(waiting))
        found: dict[int, list[Message]] = {}
        names: set[str] | None = None
        for message in messages:
            share = self._of.get(message.topic)
            if share is None:
                names = names_of(ids) if names is None else names
                share = self._of[message.topic] = share_of(message.topic, names, self._number)
            found.setdefault(share, []).append(message)
        return found

    def _divide(self, number: int) -> None:
        if number != self._number or len(self._of) > MOST_TOPICS:
            self._number, self._of = number, {}


def number_of(devices: int) -> int:
    """How many shares so many devices need."""
    return max(1, min(round(devices / DEVICES), MOST_SHARES))


def division_of(share: int) -> int:
    """Into how many shares the messages of this share were divided."""
    return min(share // MOST_SHARES + 1, MOST_SHARES)


def names_of(ids: Iterable[str]) -> set[str]:
    """The names by which topics may name these devices."""
    return {id_.rpartition("/")[2] for id_ in ids}


def share_of(topic: str, names: Collection[str], number: int) -> int:
    """The share of a topic: that of the device it names; a topic that names none has its own.

    The first share of `number` is (number - 1) * MOST_SHARES, so that a share tells its division.
    """
    named = next((level for level in topic.split("/") if level in names), topic)
    place = zlib.crc32(named.encode("utf-8", "surrogatepass")) % number
    return (number - 1) * MOST_SHARES + place
