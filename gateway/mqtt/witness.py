"""The interface through which a session reports its connections.

Owns the interface. Must not store anything (`losses.gaps`).
"""

from datetime import datetime
from typing import Protocol


class ConnectionListener(Protocol):
    """Stores whether the broker has kept our session (implemented by `gateway.mqtt.losses.gaps`)."""

    async def connecting(self) -> None:
        """We are about to connect."""

    def not_connected(self) -> None:
        """The attempt failed."""

    def connected(
        self, at: datetime, *, remembered: bool, taken_since: datetime | None = None
    ) -> None:
        """The broker accepted us. `remembered`: it had kept our session; `taken_since`: since when
        another program may have read from it.
        """


class NoConnectionListener:
    """Ignores all reports."""

    async def connecting(self) -> None:
        """Notes nothing."""

    def not_connected(self) -> None:
        """Notes nothing."""

    def connected(
        self, at: datetime, *, remembered: bool, taken_since: datetime | None = None
    ) -> None:
        """Notes nothing."""
