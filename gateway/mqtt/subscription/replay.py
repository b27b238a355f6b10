"""Decides whether a message with the retain flag was retained by the broker or is live.

Owns this decision for one connection. By the standard the flag means "retained before the SUBSCRIBE", but
some brokers and bridges also set it on live messages. Must not read the content of a message.
"""

from collections.abc import Callable

REPLAY_S = (
    120.0  # retained messages may come this long after a SUBSCRIBE and after a pause in reading
)
MAX_TOPICS = 50_000  # remembered per connection


class Replays:
    """The messages with the flag on one connection. `clock`: monotonic seconds."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._until_s = clock()
        self._heard: dict[str, int] = {}  # topic -> hash of the payload that came first

    def expect(self) -> None:
        """The broker starts or continues to send retained messages."""
        self._until_s = self._clock() + REPLAY_S

    def is_replay(self, topic: str, payload: bytes) -> bool:
        """Whether a message with the flag was retained by the broker.

        A topic has one retained message only: any other payload on it is live.
        """
        if self._clock() > self._until_s:
            return False
        content, known = hash(payload), self._heard.get(topic)
        if known is None and len(self._heard) < MAX_TOPICS:
            self._heard[topic] = content
        return known in (None, content)
