"""One thing that happens to a device. Owns the value; must not decide when it happens or what it does."""

from typing import NamedTuple


class Stimulus(NamedTuple):
    """Something that happens to a device."""

    at: float  # Unix seconds
    what: str  # a key of `SimulatedDevice.ACTS`
    species: str = ""
    group: int = 0
    herd: int = -1
