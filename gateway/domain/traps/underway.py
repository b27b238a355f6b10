"""When somebody who is on the way expects to be there. PURE.

Owns the choices that are offered and their times. Must not know the settings' names.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta, tzinfo

EVENING = "evening"


def choices(minutes: Sequence[int], evening_hour: int, local: datetime) -> list[str]:
    """The values that are offered, the preselected one first; the evening while it is to come."""
    offered = [str(one) for one in minutes]
    return [*offered, EVENING] if evening_hour >= 0 and local.hour < evening_hour else offered


def expected(
    choice: str, minutes: Sequence[int], evening_hour: int, now: datetime, zone: tzinfo
) -> datetime:
    """The time of a choice; of the first where none was made. Raises ValueError for any other value."""
    local = now.astimezone(zone)
    if choice == EVENING and choice in choices(minutes, evening_hour, local):
        evening = local.replace(hour=evening_hour, minute=0, second=0, microsecond=0)
        return evening.astimezone(now.tzinfo)
    if choice and choice not in map(str, minutes):
        raise ValueError(f"under way {choice!r}: allowed are {', '.join(map(str, minutes))}")
    return now + timedelta(minutes=int(choice or minutes[0]))
