"""The clock as a value that can be handed in: the service's, a test's, the demo's faster one."""

from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], datetime]
"""Gives the present time, aware and in UTC."""


def utc_now() -> datetime:
    """The clock of the always-on service."""
    return datetime.now(UTC)
