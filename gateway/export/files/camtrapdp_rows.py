"""How values are written in a Camtrap DP package: names, kinds, times. PURE. Owns these forms."""

from datetime import UTC, datetime, timedelta

from gateway.domain import species

EXACT_M = 10  # coordinateUncertainty of an exact place


def scientific(code: str) -> str:
    """The scientific name of a species; a name without a code of ours is returned as it is."""
    row = species.BY_CODE.get(code)
    return row.scientific if row else code


def observation_type(code: str) -> str:
    """What kind of observation a species is."""
    if code == species.PERSON:
        return "human"
    return "unknown" if code == species.UNKNOWN else "animal"


def second(at: datetime) -> datetime:
    """Rounded to whole seconds, as in the format of the standard."""
    return (at + timedelta(milliseconds=500)).replace(microsecond=0)


def time(at: datetime) -> str:
    """A time in the format of the standard."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
