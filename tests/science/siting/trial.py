"""One trial of ways to choose trap places on a landscape whose animals are known.

Owns how ways are given the same sensors, land and rules, and how many animals each takes in truth. The
truth is counted animal by animal, not by the formula that chooses.
"""

import numpy as np
from msgspec import Struct

from dashboard.analysis.projection import Bools, Floats
from dashboard.analysis.siting import choice, interval, trap_field
from dashboard.analysis.siting.interval import Catch, Expectation
from dashboard.analysis.siting.space_use import TABLE, SpaceUse
from dashboard.analysis.siting.trap_field import Rules, TrapEffect
from dashboard.office.siting import proposals
from dashboard.office.siting.proposals import Surface
from tests.science.siting import landscapes, peers
from tests.science.siting.landscapes import Kind, Landscape
from tests.science.siting.peers import Points

BOAR = TABLE["boar"]
TRAPS, NIGHTS, APART_M, WITHIN_M = 10, 60, 300.0, 1_500.0
CAPTURES = 20  # behind the share of passes that traps catch
PEERS = ("density of detections", "spread by hand", "best sensors", "plan of passes")


class Trial(Struct, frozen=True):
    """Animals taken in truth by each way, and what ours expected."""

    ours: float
    peers: dict[str, float]
    expected: Expectation
    counted: int  # in ours, with the chance of counting


def trial(kind: Kind, seed: int, share: float, truth: SpaceUse = BOAR) -> Trial:
    """Choose in every way, and count. `truth`: how the animals really use space; we assume BOAR."""
    land = landscapes.landscape(kind, seed, truth)
    found = proposals.estimated(tuple(landscapes.recorded(land, seed)), BOAR.sigma_m, WITHIN_M)
    middle = found.plane.to_metres(landscapes.CENTRE.lat0, landscapes.CENTRE.lon0)
    shift = landscapes.SIDE_M / 2 - float(middle[0]), landscapes.SIDE_M / 2 - float(middle[1])
    allowed = _allowed(land, found, shift)
    grid, sites = found.grid, found.sites
    ways = {
        "density of detections": peers.density_of_detections(sites, grid, allowed, TRAPS, APART_M),
        "spread by hand": peers.spread_by_hand(grid, allowed, TRAPS),
        "best sensors": peers.best_sensors(sites, TRAPS),
        "plan of passes": peers.plan_of_passes(sites, grid, allowed, TRAPS, APART_M),
    }

    def taken(points: Points) -> float:
        return landscapes.taken(land, points[0] + shift[0], points[1] + shift[1], NIGHTS, share)

    points, expected = _ours(found, allowed, share)
    ours = taken(points)
    counted = int(np.random.default_rng([seed, 9]).poisson(ours))
    return Trial(ours, {name: taken(way) for name, way in ways.items()}, expected, counted)


def _allowed(land: Landscape, found: Surface, shift: tuple[float, float]) -> Bools:
    x, y = np.meshgrid(found.grid.x_m + shift[0], found.grid.y_m + shift[1])
    inside = (x >= 0) & (x <= landscapes.SIDE_M) & (y >= 0) & (y <= landscapes.SIDE_M)
    allowed: Bools = inside & land.is_land(x, y) & ~np.isnan(found.estimate.log_rate)
    return allowed


def _ours(found: Surface, allowed: Bools, share: float) -> tuple[Points, Expectation]:
    effect = TrapEffect(NIGHTS, BOAR.sigma_m, share * BOAR.passes_at_middle)
    rate: Floats = np.where(allowed, found.estimate.rate100, np.nan)
    none = np.empty(0)
    field = trap_field.prepare(
        found.grid, rate, 0.01 / BOAR.passed_km2, effect, Rules(TRAPS, APART_M), none, none
    )
    plan = choice.propose(proposals.careful(field, found.estimate))
    catch = Catch(CAPTURES, CAPTURES / share, CAPTURES)
    expected = interval.expectation(field, plan, found.sites, found.model, catch)
    places = [(place.x_m, place.y_m) for place in plan.places]
    x, y = np.array(places).T
    return (x, y), expected.total
