"""What `shishigaki rates --json` prints.

Owns the names of the fields. Must not compute.
"""

from msgspec import Struct

from dashboard.analysis.intervals.ratio import Ratio
from dashboard.analysis.rate import Basis


class SpeciesCount(Struct, frozen=True):
    """One species in one group."""

    species: str
    name: str
    scientific_name: str
    events: int
    individuals: int
    rai: float | None  # independent events per 100 camera-days; None: no effort, hence unknown
    rai_low: float | None  # 95 % interval
    rai_high: float | None
    rai_basis: Basis  # what it stands on: exact (one detector), sites (their differences) or zero
    rai_sites: int
    rai_dispersion: float | None  # how much detectors differ, 1: as a Poisson count
    rai_individuals: float | None
    effort_days: float  # of the detectors that can tell this species
    against_others: Ratio | None = None  # by area: this area's rate over that of all other areas


class RateGroup(Struct, frozen=True, kw_only=True):
    """One device, mesh square or area; group '': devices without place, mesh code or area."""

    group: str
    name: str = ""
    effort_days: float = 0.0  # of its detectors while alive
    species: list[SpeciesCount] = []
    trap_nights: float = 0.0  # of its traps while armed
    captures: int = 0  # as people recorded them; of the chosen species, if one was
    cpue: float | None = None  # captures per 100 trap-nights; None: no effort, hence unknown
    cpue_low: float | None = None  # 95 % interval
    cpue_high: float | None = None
    cpue_basis: Basis = "exact"
    cpue_sites: int = 0
    cpue_dispersion: float | None = None
    springs: int = 0  # not captures: only a person can tell what a sprung trap holds
    springs_per100: float | None = None
    springs_low: float | None = None
    springs_high: float | None = None
    springs_basis: Basis = "exact"
    springs_dispersion: float | None = None


class RatesAnswer(Struct, frozen=True):
    """What `--json` prints; the period includes both days."""

    first_day: str
    last_day: str
    timezone: str
    by: str
    groups: list[RateGroup]
