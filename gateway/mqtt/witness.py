"""What a session tells of its connections to whoever remembers them over restarts.

Owns the contract. Must not remember anything itself (`gaps`).
"""

from datetime import datetime
from typing import Protocol


class ConnectionListener(Protocol):
    """Who notes durably whether the broker has kept a session for us (`gateway.mqtt.losses.gaps`)."""

    async def connecting(self) -> None:
        """We are about to connect."""

    def not_connected(self) -> None:
        """The attempt failed."""

    def connected(
        self, at: datetime, *, remembered: bool, taken_since: datetime | None = None
    ) -> None:
        """The broker accepted us. `remembered`: it had a session of ours; `taken_since`: since when
        another program may have read from it.
        """


class NoConnectionListener:
    """For a session whose past matters to nobody."""

    async def connecting(self) -> None:
        """Notes nothing."""

    def not_connected(self) -> None:
        """Notes nothing."""

    def connected(
        self, at: datetime, *, remembered: bool, taken_since: datetime | None = None
    ) -> None:
        """Notes nothing."""
