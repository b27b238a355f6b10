"""Siting: the trap places that together are expected to take most animals. PURE.

Owns the choice, its proven quality, and the loss when a proposed trap is moved. The objective and the
rules: `trap_field`. The sentences about a place: `dashboard.office.siting.reasons`.

Guarantee: the greedy choice of N allowed places reaches at least 1 - 1/e = 63 % of the best possible
value, because the objective is monotone and submodular (Nemhauser, Wolsey & Fisher 1978). With a
minimum distance between traps the general guarantee is only 1/6, because one trap can exclude up to
five others that do not exclude each other (Fisher, Nemhauser & Wolsey 1978 for k-extendible systems).
Both are worst cases. `Plan.bound` is an upper bound for *these* data, so `Plan.proven` is usually
far higher.
"""

import numpy as np
from msgspec import Struct

from dashboard.analysis.projection import Bools, Floats
from dashboard.analysis.siting import trap_field
from dashboard.analysis.siting.gains import GridCell, Search
from dashboard.analysis.siting.trap_field import TrapField

IMPROVEMENT_ROUNDS = 4  # in each round every trap moves to its best place, given the others


class TrapSite(Struct, frozen=True):
    """A proposed trap."""

    x_m: float
    y_m: float
    rate100: float  # expected passes of a camera per 100 nights at the place
    gain: float  # animals that the plan takes less without this trap
    access_m: float | None  # distance to the nearest road or path
    next_trap_m: float | None  # distance to the nearest other trap, in place or proposed
    start_m: float | None = None  # distance from where the trapper starts


class Plan(Struct, frozen=True):
    """Proposed places, the most valuable first."""

    places: tuple[TrapSite, ...]  # fewer than requested if the rules allow no more
    expected: float  # animals that all new traps together take in the nights of the field
    bound: float  # upper bound of `expected` for any choice within the rules

    @property
    def proven(self) -> float:
        """Proven share of the best possible value; 1 if there is nothing to gain."""
        return min(1.0, self.expected / self.bound) if self.bound > 0 else 1.0


class Move(Struct, frozen=True):
    """What moving one proposed trap costs."""

    loss: float  # animals; negative if the move is better
    loss_share: float  # loss divided by the expectation of the plan
    too_close_m: float | None  # distance to a trap, if below the minimum
    too_far_m: float | None  # distance to access, if above the maximum
    excluded: bool
    unknown: bool  # no estimate at this point


def propose(field: TrapField) -> Plan:
    """Choose places greedily, then improve each place until no move has a gain."""
    search, bound = Search(field), np.inf
    for _ in range(field.rules.count):
        bound = min(bound, search.value + _best_sum(field, search.gains))
        free = search.free()
        if not free.any():
            break
        search.add(_argmax(search.gains, free))
    bound = min(bound, search.value + _best_sum(field, search.gains))
    _improve(search)
    return _plan(field, search.chosen, bound)


def loss_when_moved(field: TrapField, plan: Plan, index: int, x_m: float, y_m: float) -> Move:
    """The loss when place `index` of the plan moves to another point, and the broken rules."""
    others = [place for i, place in enumerate(plan.places) if i != index]
    xs = np.array([place.x_m for place in others])
    ys = np.array([place.y_m for place in others])
    after = trap_field.expected(field, np.append(xs, x_m), np.append(ys, y_m))
    loss = plan.expected - after
    near = _nearest(x_m, y_m, np.append(xs, field.old_x_m), np.append(ys, field.old_y_m))
    road = trap_field.access_m(field.rules, x_m, y_m)
    return Move(
        loss,
        loss / plan.expected if plan.expected > 0 else 0.0,
        near if near is not None and near < field.rules.min_distance_m else None,
        road if road is not None and road > field.rules.max_access_m else None,
        trap_field.is_excluded(field.rules, x_m, y_m),
        not trap_field.is_known(field, x_m, y_m),
    )


def _improve(search: Search) -> None:
    """Move each trap in turn to the place with the highest gain, given the others."""
    for _ in range(IMPROVEMENT_ROUNDS):
        before = list(search.chosen)
        for cell in before:
            search.remove(cell)
            best = _argmax(search.gains, search.free())
            is_better = search.gains[best] > search.gains[cell] * (1 + 1e-9)
            search.add(best if is_better else cell)
        if sorted(search.chosen) == sorted(before):
            break


def _best_sum(field: TrapField, gains: Floats) -> float:
    """Upper bound of what `count` allowed traps can add.

    Cells are grouped into blocks smaller than the minimum distance, so a block holds at most one
    trap: the bound is the sum of the `count` highest block maxima.
    """
    side = max(1, int(np.ceil(field.rules.min_distance_m / field.grid.cell_m / np.sqrt(2))))
    rows, columns = field.grid.shape
    padded = np.zeros((-(-rows // side) * side, -(-columns // side) * side))
    padded[:rows, :columns] = np.where(field.allowed, gains, 0)
    blocks = padded.reshape(padded.shape[0] // side, side, -1, side).max(axis=(1, 3)).ravel()
    return float(np.sort(blocks)[-field.rules.count :].sum()) if field.rules.count else 0.0


def _plan(field: TrapField, chosen: list[GridCell], bound: float) -> Plan:
    everything, gains = _marginal(field, chosen)
    ranked = sorted(zip(gains, chosen, strict=True), key=lambda pair: -pair[0])
    order = [cell for _, cell in ranked]
    places = [_place(field, order, i, gain) for i, (gain, _) in enumerate(ranked)]
    return Plan(tuple(places), everything, max(bound, everything))


def _place(field: TrapField, chosen: list[GridCell], index: int, gain: float) -> TrapSite:
    row, column = chosen[index]
    x, y = float(field.grid.x_m[column]), float(field.grid.y_m[row])
    xs, ys = _centres(field, chosen[:index] + chosen[index + 1 :])
    near = _nearest(x, y, np.append(xs, field.old_x_m), np.append(ys, field.old_y_m))
    rate = float(field.rate100[row, column])
    road, start = (of(field.rules, x, y) for of in (trap_field.access_m, trap_field.start_m))
    return TrapSite(x, y, rate, gain, road, near, start)


def _marginal(field: TrapField, chosen: list[GridCell]) -> tuple[float, list[float]]:
    """What all take together, and what would be missing without each."""
    xs, ys = _centres(field, chosen)
    rates = [
        trap_field.taken_from(field, x, y) for x, y in zip(xs.tolist(), ys.tolist(), strict=True)
    ]
    total = np.sum(rates, axis=0) if rates else np.zeros(field.grid.shape)
    left = field.left_by_old * np.exp(-total)
    gains = [float((left * np.expm1(rate)).sum()) for rate in rates]
    return float((field.left_by_old - left).sum()), gains


def _centres(field: TrapField, cells: list[GridCell]) -> tuple[Floats, Floats]:
    rows, columns = np.array(cells, dtype=np.intp).reshape(-1, 2).T
    return field.grid.x_m[columns], field.grid.y_m[rows]


def _argmax(gains: Floats, free: Bools) -> GridCell:
    row, column = np.unravel_index(np.argmax(np.where(free, gains, -1)), gains.shape)
    return int(row), int(column)


def _nearest(x: float, y: float, xs: Floats, ys: Floats) -> float | None:
    return float(np.hypot(xs - x, ys - y).min()) if len(xs) else None
