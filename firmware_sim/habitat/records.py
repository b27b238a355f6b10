"""What truly happened, as values: passages of animals, springs, messages and their fate on the air.

Owns the kinds of records of a truth file and their fields. Must not write files or decide what happens.
Times are Unix seconds; a record's tag stands under `t`.
"""

from msgspec import Struct


class TruthRecord(Struct, frozen=True, omit_defaults=True, tag_field="t", gc=False):
    """Something that happened at a time."""

    at: float


class Passage(TruthRecord, frozen=True, omit_defaults=True, tag="passage", gc=False):
    """Animals passed a device's place, whether or not the device worked."""

    device: str
    species: str
    group: int
    herd: int = -1  # -1: of animals that are drawn from a density


class Spring(TruthRecord, frozen=True, omit_defaults=True, tag="spring", gc=False):
    """A trap sprang. `caught`: how many animals are in it."""

    device: str
    cause: str  # species, "false", "storm" or "hand"
    caught: int = 0


class Armed(TruthRecord, frozen=True, omit_defaults=True, tag="armed", gc=False):
    """A trap was set."""

    device: str


class AtRest(TruthRecord, frozen=True, omit_defaults=True, tag="at_rest", gc=False):
    """A trap was closed for the season: it cannot spring."""

    device: str


class Sent(TruthRecord, frozen=True, omit_defaults=True, tag="sent", gc=False):
    """A device sent, or stored, a message. `state`: what it says of the trap, if a reader can tell."""

    device: str
    id: str
    kind: str
    state: str = ""  # "sprung", "armed"
    believed: float | None = None  # the time that the device's own clock gave, if it gave one


class Heard(TruthRecord, frozen=True, omit_defaults=True, tag="heard", gc=False):
    """A message reached the broker, `copies` times."""

    device: str
    id: str
    copies: int = 1


class Lost(TruthRecord, frozen=True, omit_defaults=True, tag="lost", gc=False):
    """A message will never reach the broker."""

    device: str
    id: str
    why: str  # "air", "offline", "flash", "duty"


class Reach(TruthRecord, frozen=True, omit_defaults=True, tag="reach", gc=False):
    """From now on the device is on the air, or not; and whether it works at all."""

    device: str
    on: bool
    works: bool = True  # False: without power, or gone


class Told(TruthRecord, frozen=True, omit_defaults=True, tag="told", gc=False):
    """What a trapper found at `at` and wrote down at `recorded_at`; None: never."""

    device: str
    deed: str
    recorded_at: float | None
    species: str = ""
    count: int = 0


class Expected(TruthRecord, frozen=True, omit_defaults=True, tag="expected", gc=False):
    """Expected visits of a species in the day that begins at `at`, at each device of the file's head."""

    species: str
    visits: list[float]


class Damage(TruthRecord, frozen=True, omit_defaults=True, tag="damage", gc=False):
    """Animals damaged a field."""

    species: str
    lat: float
    lon: float
    area_m2: float


Record = Passage | Spring | Armed | AtRest | Sent | Heard | Lost | Reach | Told | Expected | Damage
