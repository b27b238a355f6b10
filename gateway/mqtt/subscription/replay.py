"""Which messages with the retain flag a broker replayed, and which it only passed on with the flag.

Owns this decision for one connection. MQTT says that the flag means "kept from before your SUBSCRIBE";
some brokers and bridges also leave it on live messages. Must not judge what a message says.
"""

from collections.abc import Callable

REPLAY_S = 120.0  # after a SUBSCRIBE, and after a stop of reading, replays may still come
MOST = 50_000  # topics that one connection remembers


class Replays:
    """What one connection has heard with the flag. `clock`: seconds that never go back."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._until_s = clock()
        self._heard: dict[str, int] = {}  # topic -> hash of the payload that came first

    def expect(self) -> None:
        """The broker begins, or goes on, to send what it has kept."""
        self._until_s = self._clock() + REPLAY_S

    def is_replay(self, topic: str, payload: bytes) -> bool:
        """Whether a message that came with the flag is one that the broker had kept.

        One topic is replayed with one content only: whatever else comes on it is live.
        """
        if self._clock() > self._until_s:
            return False
        content, known = hash(payload), self._heard.get(topic)
        if known is None and len(self._heard) < MOST:
            self._heard[topic] = content
        return known in (None, content)
