"""How long the session waits before it connects to the broker again. PURE.

Owns the delays and how they grow. Must not wait itself (`session`), nor decide what an error means (`link`).
"""

from msgspec import Struct

from gateway.mqtt.link import Retry


class Backoff(Struct, frozen=True):
    """How long to wait before the next attempt."""

    first_s: float = 0.5
    cap_s: float = 60.0
    slow_s: float = 30.0  # least wait if a person must change something
    settled_s: float = 20.0  # after a connection of this length the count starts again

    def delay_s(self, attempt: int, retry: Retry, chance: float) -> float:
        """Seconds before attempt `attempt` + 1; `chance` in 0..1 varies half of it."""
        wait = min(self.cap_s, self.first_s * 2.0 ** min(attempt, 30))
        if retry is Retry.SLOWLY:
            wait = max(wait, self.slow_s)
        return wait * (0.5 + chance / 2)
