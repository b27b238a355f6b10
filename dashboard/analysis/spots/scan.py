"""Hot and cold spots over several neighbourhood distances (bands), corrected for all of them.

Owns the bands, the scan and its power. Pure.

Each band gives every sensor its Gi* (`significance.gi_star`). Which |z| chance reaches is found by dealing
the rates anew over the places, with a fixed seed: of each deal the largest |z| of every band is kept. A
sensor's p in a band is the share of deals that reach its |z| anywhere; its final p is the share of deals
whose smallest p over the bands is as small. So a map without spots shows any in at most 5 % of cases, however
many sensors and bands there are.
Source: Westfall & Young 1993, Resampling-Based Multiple Testing.
"""

import numpy as np
from msgspec import Struct

from dashboard.analysis.projection import Floats, SensorSites, distances
from dashboard.analysis.significance import Spot

LEAST_SITES = 5
MOST_BANDS = 6
BAND_STEP_M = 100.0
DEALS, DEALS_OF_MANY, MANY_SITES = 499, 99, 300
SEED = 7
SHARE = 0.05  # of maps without spots that show one
FACTORS = (2, 3, 5, 10)  # how many times the rate around: of planted spots
PLANTED, PLANTED_OF_MANY = 60, 20
POWER = 0.8


class Scan(Struct, frozen=True, eq=False):
    """The result of a scan; arrays (S,). p is 1 and z 0 where nothing can be tested."""

    bands_m: tuple[float, ...]
    z: Floats  # in each sensor's own band
    p: Floats  # corrected for sensors and bands
    band_m: Floats  # where each sensor stands out most
    deals: int
    finds: (
        int | None
    )  # spots of so many times the rate around are found in 8 of 10 cases; None: not even 10

    def spots(self) -> list[Spot]:
        """Each site as hot, cold or neither."""
        pairs = zip(self.z.tolist(), self.p.tolist(), strict=True)
        return ["" if p > SHARE else "hot" if z > 0 else "cold" for z, p in pairs]

    @property
    def found_bands_m(self) -> tuple[float, ...]:
        """The bands in which something was found, ascending."""
        return tuple(sorted(set(self.band_m[self.p <= SHARE].tolist())))


def candidates(sites: SensorSites) -> tuple[float, ...]:
    """Bands from the typical distance of neighbours to half the extent, in steps of 100 m."""
    if len(sites.n) < 2:
        return ()
    apart = distances(sites.x_m, sites.y_m, sites.x_m, sites.y_m)
    others = np.where(np.eye(len(apart), dtype=bool), np.inf, apart)
    near = max(float(np.median(others.min(axis=1))), BAND_STEP_M)
    wide = max(float(apart.max()) / 2, near)
    rounded = np.ceil(np.geomspace(near, wide, MOST_BANDS) / BAND_STEP_M) * BAND_STEP_M
    return tuple(sorted(set(rounded.tolist())))


def scan(sites: SensorSites, bands_m: tuple[float, ...] | None = None) -> Scan:
    """Scan the rates of all sites. `bands_m` None: `candidates`."""
    bands = candidates(sites) if bands_m is None else bands_m
    count, rates = len(sites.n), sites.rate100
    nothing = Scan(bands, np.zeros(count), np.ones(count), np.full(count, np.nan), 0, None)
    if count < LEAST_SITES or not bands or np.ptp(rates) == 0:
        return nothing
    apart = distances(sites.x_m, sites.y_m, sites.x_m, sites.y_m)
    near = [_neighbours(apart, band) for band in bands]
    deals = DEALS if count <= MANY_SITES else DEALS_OF_MANY
    draw = np.random.default_rng(SEED)
    dealt = draw.permuted(np.tile(rates, (deals, 1)), axis=1).T  # (S, deals)
    columns = np.column_stack([rates, dealt])
    z = np.stack([_z(one, columns) for one in near])  # (bands, S, 1 + deals)
    most = np.abs(z).max(axis=1)  # (bands, 1 + deals)
    limits = np.sort(most, axis=1)
    least = _share_reaching(limits, most).min(axis=0)
    own = _share_reaching(limits, np.abs(z[:, :, 0]))  # (bands, S)
    best = own.argmin(axis=0)
    p = np.array([np.mean(least <= one) for one in own.min(axis=0).tolist()])
    planted = PLANTED if count <= MANY_SITES else PLANTED_OF_MANY
    power = _finds(near, dealt[:, :planted], limits, least, draw)
    at = np.arange(count)
    return Scan(bands, z[best, at, 0], p, np.array(bands)[best], deals, power)


def _neighbours(apart: Floats, band: float) -> Floats:
    near: Floats = (apart <= band).astype(np.float64)
    return near


def _z(near: Floats, columns: Floats) -> Floats:
    """Gi* of each site for every column of rates; 0 where all sites are neighbours."""
    count, size = len(near), near.sum(axis=1)[:, None]
    spread = columns.std(axis=0) * np.sqrt(size * (count - size) / (count - 1))
    above: Floats = near @ columns - size * columns.mean(axis=0)
    z: Floats = np.divide(above, spread, out=np.zeros_like(above), where=spread > 0)
    return z


def _share_reaching(limits: Floats, values: Floats) -> Floats:
    """For each value of a band the share of the band's deals (sorted) that are as large."""
    below = [
        np.searchsorted(row, some * (1 - 1e-12)) for row, some in zip(limits, values, strict=True)
    ]
    found: Floats = 1 - np.stack(below) / float(limits.shape[1])
    return found


def _finds(
    near: list[Floats], dealt: Floats, limits: Floats, least: Floats, draw: np.random.Generator
) -> int | None:
    """The smallest of FACTORS that is found in 8 of 10 planted spots.

    A spot is a sensor with its neighbours of the middle band, in a deal without any other structure.
    """
    middle = near[len(near) // 2]
    centres = draw.integers(0, len(middle), dealt.shape[1])
    inside = middle[:, centres] > 0  # (S, planted)
    for factor in FACTORS:
        planted = np.where(inside, dealt * factor, dealt)
        z = np.stack([_z(one, planted) for one in near])
        shares = _share_reaching(limits, np.where(inside, z, 0.0).max(axis=1)).min(axis=0)
        found = np.searchsorted(np.sort(least), shares, side="right") / len(least) <= SHARE
        if found.mean() >= POWER:
            return factor
    return None
