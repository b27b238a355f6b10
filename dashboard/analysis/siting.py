"""Where to trap next: the places that together can be expected to catch the most.

Owns the choice, its proof, and the price of moving a proposed trap. Pure; the objective and the
rules are `ground`'s, the sentences about a place are `reasons`'.

Guarantee: greedy choice of N places among those allowed reaches at least 1 - 1/e = 63 % of the best
possible, since the objective is monotone and submodular (Nemhauser, Wolsey & Fisher 1978). With a
minimum distance between traps the general guarantee falls to 1/6: one trap can keep at most five
others, apart from each other, from standing (Fisher, Nemhauser & Wolsey 1978 for k-extendible
systems). Both are worst cases. `Plan.bound100` is an upper limit of what any choice could reach
*here*, so `Plan.proven` is usually far higher.
"""

import numpy as np
from msgspec import Struct

from dashboard.analysis import trap_field
from dashboard.analysis.projection import Bools, Floats
from dashboard.analysis.trap_field import Ground

ROUNDS = 4  # of putting each trap back where it is best, given the others
GridCell = tuple[int, int]  # row, column


class TrapSite(Struct, frozen=True):
    """A proposed trap."""

    x_m: float
    y_m: float
    rate100: float  # expected passes per 100 nights at the place
    gain100: float  # what only this trap adds to the plan, per 100 nights
    access_m: float | None  # to road or path
    next_trap_m: float | None  # to the nearest other trap, old or proposed


class Plan(Struct, frozen=True):
    """Proposed places, the most valuable first."""

    places: tuple[TrapSite, ...]  # fewer than asked for where no more are allowed
    expected100: float  # per 100 nights, all new traps together
    bound100: float  # no choice within the rules can expect more

    @property
    def proven(self) -> float:
        """Share of the best possible that the plan surely reaches; 1 where nothing is to gain."""
        return min(1.0, self.expected100 / self.bound100) if self.bound100 > 0 else 1.0


class Move(Struct, frozen=True):
    """What moving one proposed trap costs."""

    loss100: float  # expected events per 100 nights lost; below 0: the move is a gain
    loss_share: float  # of the whole plan's expectation
    too_close_m: float | None  # distance to a trap nearer than the rules allow
    too_far_m: float | None  # distance to access beyond the rules
    excluded: bool
    unknown: bool  # nobody measured there


def propose(land: Ground) -> Plan:
    """Choose places greedily, then put each back where it is best until none gains."""
    chosen: list[GridCell] = []
    bound = np.inf
    for _ in range(land.rules.count):
        gains, free = trap_field.gains100(land, *_centres(land, chosen))
        bound = min(bound, _value(land, chosen) + _best_sum(land, gains))
        if not free.any():
            break
        chosen.append(_argmax(gains, free))
    gains, _ = trap_field.gains100(land, *_centres(land, chosen))
    bound = min(bound, _value(land, chosen) + _best_sum(land, gains))
    return _plan(land, _settled(land, chosen), bound)


def loss_when_moved(land: Ground, plan: Plan, index: int, x_m: float, y_m: float) -> Move:
    """What the plan loses when its place `index` goes to another point, and which rules it breaks."""
    others = [place for i, place in enumerate(plan.places) if i != index]
    xs = np.array([place.x_m for place in others])
    ys = np.array([place.y_m for place in others])
    after = trap_field.expected100(land, np.append(xs, x_m), np.append(ys, y_m))
    loss = plan.expected100 - after
    near = _nearest(x_m, y_m, np.append(xs, land.old_x_m), np.append(ys, land.old_y_m))
    road = trap_field.access_m(land.rules, x_m, y_m)
    return Move(
        loss,
        loss / plan.expected100 if plan.expected100 > 0 else 0.0,
        near if near is not None and near < land.rules.min_distance_m else None,
        road if road is not None and road > land.rules.max_access_m else None,
        trap_field.is_excluded(land.rules, x_m, y_m),
        not trap_field.is_known(land, x_m, y_m),
    )


def _settled(land: Ground, chosen: list[GridCell]) -> list[GridCell]:
    """Take each trap up in turn and put it where it gains most, given the others."""
    for _ in range(ROUNDS):
        before = list(chosen)
        for i in range(len(chosen)):
            others = chosen[:i] + chosen[i + 1 :]
            gains, free = trap_field.gains100(land, *_centres(land, others))
            best = _argmax(gains, free)
            if gains[best] > gains[chosen[i]] * (1 + 1e-12):
                chosen = [*chosen[:i], best, *chosen[i + 1 :]]
        if chosen == before:
            break
    return chosen


def _best_sum(land: Ground, gains: Floats) -> float:
    """No `count` allowed traps can add more than this: at most one stands in any small block.

    Two cells of a block lie nearer to each other than the minimum distance.
    """
    side = max(1, int(np.ceil(land.rules.min_distance_m / land.grid.cell_m / np.sqrt(2))))
    rows, columns = land.grid.shape
    padded = np.zeros((-(-rows // side) * side, -(-columns // side) * side))
    padded[:rows, :columns] = np.where(land.allowed, gains, 0)
    blocks = padded.reshape(padded.shape[0] // side, side, -1, side).max(axis=(1, 3)).ravel()
    return float(np.sort(blocks)[-land.rules.count :].sum()) if land.rules.count else 0.0


def _plan(land: Ground, chosen: list[GridCell], bound: float) -> Plan:
    everything = _value(land, chosen)
    gains = [everything - _value(land, chosen[:i] + chosen[i + 1 :]) for i in range(len(chosen))]
    ranked = sorted(zip(gains, chosen, strict=True), key=lambda pair: -pair[0])
    order = [cell for _, cell in ranked]
    places = [_place(land, order, i, gain) for i, (gain, _) in enumerate(ranked)]
    return Plan(tuple(places), everything, bound)


def _place(land: Ground, chosen: list[GridCell], index: int, gain: float) -> TrapSite:
    row, column = chosen[index]
    x, y = float(land.grid.x_m[column]), float(land.grid.y_m[row])
    xs, ys = _centres(land, chosen[:index] + chosen[index + 1 :])
    near = _nearest(x, y, np.append(xs, land.old_x_m), np.append(ys, land.old_y_m))
    rate = float(land.rate100[row, column])
    return TrapSite(x, y, rate, gain, trap_field.access_m(land.rules, x, y), near)


def _value(land: Ground, chosen: list[GridCell]) -> float:
    return trap_field.expected100(land, *_centres(land, chosen))


def _centres(land: Ground, cells: list[GridCell]) -> tuple[Floats, Floats]:
    rows, columns = np.array(cells, dtype=np.intp).reshape(-1, 2).T
    return land.grid.x_m[columns], land.grid.y_m[rows]


def _argmax(gains: Floats, free: Bools) -> GridCell:
    row, column = np.unravel_index(np.argmax(np.where(free, gains, -1)), gains.shape)
    return int(row), int(column)


def _nearest(x: float, y: float, xs: Floats, ys: Floats) -> float | None:
    return float(np.hypot(xs - x, ys - y).min()) if len(xs) else None
