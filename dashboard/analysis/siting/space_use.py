"""How animals use space: the size of their home ranges and how far they walk in a day. PURE.

Owns the table, with the source of each figure, and what follows from it for a trap. A home range is
taken as round and normal: its 95 % area is pi * 5.99 * sigma^2. How much ground a camera covers for
walking animals follows Rowcliffe et al. 2008 (random encounter model).
"""

import math

from msgspec import Struct

CHI2_95 = 5.991  # 95 % of a normal distribution in the plane lies within sqrt(5.991) sigma
CAMERA_REACH_KM, CAMERA_ANGLE = 0.008, 0.7  # radius and angle (radians) in which a camera detects


class SpaceUse(Struct, frozen=True):
    """One row: areas in km2, distance in km per day; an empty source means an assumption of ours."""

    home_range_km2: float
    least_km2: float
    most_km2: float
    source: str
    day_range_km: float
    day_range_source: str = ""

    @property
    def sigma_m(self) -> float:
        """Standard deviation of an animal's place around the middle of its home range."""
        return 1000 * math.sqrt(self.home_range_km2 / (math.pi * CHI2_95))

    @property
    def passed_km2(self) -> float:
        """Passes of a camera per day divided by animals per km2: the ground covered in a day."""
        return self.day_range_km * CAMERA_REACH_KM * (2 + CAMERA_ANGLE) / math.pi

    @property
    def passes_at_middle(self) -> float:
        """Passes per day of one animal at a camera in the middle of its home range."""
        return self.passed_km2 / (2 * math.pi * (self.sigma_m / 1000) ** 2)


OTHERS = SpaceUse(1.0, 0.2, 5.0, "", 6.0)
"""For a species without a row, and for all species together."""

TABLE: dict[str, SpaceUse] = {
    "boar": SpaceUse(
        2.0,
        0.32,
        28.5,
        "Ikeda et al. 2023, Mammal Study 48: 191-201 (Gifu, 7 animals)",
        12.7,
        "Palencia et al. 2019, Journal of Zoology (Doñana)",
    ),
    "deer": SpaceUse(
        1.0,
        0.16,
        2.1,
        "Maeji et al. 2000 (Ohdaigahara); Mammalian Science 47: 1-9, 2007 (Osaka)",
        6.0,
    ),
    "raccoon_dog": SpaceUse(
        0.54, 0.35, 0.75, "Journal of Mammalogy 70: 330-334, 1989 (Kyushu and Honshu)", 6.0
    ),
}


def of(species: str) -> SpaceUse:
    """The row of a species, or that of the others."""
    return TABLE.get(species, OTHERS)
