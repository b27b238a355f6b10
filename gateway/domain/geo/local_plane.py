"""A plane in metres around a point, for single places. PURE.

Owns the length of a degree outside the analysis. The earth is a sphere here, with an error of a few per
mille at the size of a town. Must not import numpy: rules use it. For maps: `dashboard.analysis.projection`.
"""

import math

METRES_PER_DEGREE = 111_320.0  # of latitude, and of longitude on the equator


def to_metres(lat: float, lon: float, lat0: float, lon0: float) -> tuple[float, float]:
    """Metres east and north of (lat0, lon0); also for numpy arrays of `lat` and `lon`."""
    east = (lon - lon0) * math.cos(math.radians(lat0)) * METRES_PER_DEGREE
    return east, (lat - lat0) * METRES_PER_DEGREE


def from_metres(east_m: float, north_m: float, lat0: float, lon0: float) -> tuple[float, float]:
    """Latitude and longitude of a point so many metres east and north of (lat0, lon0)."""
    east_degrees = east_m / METRES_PER_DEGREE / math.cos(math.radians(lat0))
    return lat0 + north_m / METRES_PER_DEGREE, lon0 + east_degrees
