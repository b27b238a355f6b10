"""Time zones by their IANA names.

Owns the look-up of a name that a person or a device list gave. Must not choose a zone.
"""

from functools import lru_cache
from zoneinfo import ZoneInfo


@lru_cache(maxsize=64)
def find_zone(name: str) -> ZoneInfo | None:
    """The zone of an IANA name such as Asia/Tokyo; None when there is none of that name."""
    if not name:
        return None
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return None
