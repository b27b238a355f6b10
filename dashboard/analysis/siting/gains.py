"""The gain of one more trap in every cell, kept up to date while traps are added and taken away.

Owns this calculation. Must not choose. A gain is a sum over the cells within REACH sigma of what is left
there, weighted by distance: a convolution, done by FFT once for the grid and then only around the cell
that changes.
"""

import numpy as np

from dashboard.analysis.projection import Bools, Floats
from dashboard.analysis.siting import trap_field
from dashboard.analysis.siting.trap_field import TrapField

GridCell = tuple[int, int]  # row, column
REACH = 4.0  # sigma; beyond it a trap takes less than 0.04 % of what it takes in the middle


class Search:
    """The state of a choice: the chosen cells, what is left, and every cell's gain."""

    def __init__(self, field: TrapField) -> None:
        self._field = field
        cells = int(np.ceil(REACH * field.effect.sigma_m / field.grid.cell_m))
        steps = field.grid.cell_m * np.arange(-cells, cells + 1)
        self._radius = cells
        self._rate = field.effect.taken(np.hypot(steps[:, None], steps))  # of a trap in the middle
        self._share = -np.expm1(-self._rate)
        self._taken = field.old_rate.copy()
        self._at_first = field.left_by_old
        self._left = self._at_first.copy()
        self.gains = _convolved(self._left, self._share)
        self.chosen: list[GridCell] = []

    @property
    def value(self) -> float:
        """What the chosen traps take together."""
        return float((self._at_first - self._left).sum())

    def add(self, cell: GridCell) -> None:
        """Place a trap."""
        self.chosen.append(cell)
        self._change(cell, 1)

    def remove(self, cell: GridCell) -> None:
        """Take a trap away."""
        self.chosen.remove(cell)
        self._change(cell, -1)

    def free(self) -> Bools:
        """Allowed cells far enough from the chosen ones."""
        grid, rules = self._field.grid, self._field.rules
        marks = self._field.allowed.copy()
        for row, column in self.chosen:
            x, y = float(grid.x_m[column]), float(grid.y_m[row])
            trap_field.forbid_near(marks, grid, rules.min_distance_m, x, y)
        return marks

    def _change(self, cell: GridCell, sign: int) -> None:
        near, of_near = self._window(cell, self._radius)
        self._taken[near] += sign * self._rate[of_near]
        left = self._field.animals[near] * np.exp(-self._taken[near])
        wide, _ = self._window(cell, 2 * self._radius)
        change = np.zeros(self.gains.shape)[wide]
        inner = tuple(
            slice(a.start - b.start, a.stop - b.start) for a, b in zip(near, wide, strict=True)
        )
        change[inner] = left - self._left[near]
        self._left[near] = left
        self.gains[wide] += _convolved(change, self._share)

    def _window(self, cell: GridCell, radius: int) -> tuple[tuple[slice, ...], tuple[slice, ...]]:
        """The cells around one, as slices of the grid and of a kernel of this radius."""
        grid, kernel = [], []
        for at, size in zip(cell, self.gains.shape, strict=True):
            low, high = max(at - radius, 0), min(at + radius + 1, size)
            grid.append(slice(low, high))
            kernel.append(slice(low - at + radius, high - at + radius))
        return tuple(grid), tuple(kernel)


def _convolved(values: Floats, kernel: Floats) -> Floats:
    """The convolution of a grid with a kernel of odd sides, of the grid's shape; no wrapping."""
    shape = [_quick(v + k - 1) for v, k in zip(values.shape, kernel.shape, strict=True)]
    product = np.fft.rfft2(values, shape) * np.fft.rfft2(kernel, shape)
    whole = np.fft.irfft2(product, shape)
    top, left = (side // 2 for side in kernel.shape)
    return whole[top : top + values.shape[0], left : left + values.shape[1]]


def _quick(size: int) -> int:
    """The next size of the form 2^a or 3 * 2^a, for which an FFT is quick."""
    power = 1 << (size - 1).bit_length()
    return power * 3 // 4 if power * 3 // 4 >= size else power
