"""A chart of rates with their intervals, for paper. PURE.

Owns axes and marks; the same chart for the screen is `plots.rates`. Two series are told apart by filled
and open points, also in grey print.
"""

from collections.abc import Sequence

from msgspec import Struct

from dashboard.analysis.rate import RateInterval
from dashboard.documents import plots
from dashboard.documents.paper.drawing import WHITE, Colour, Drawing, grey
from dashboard.documents.plots import PlotSeries

LEFT, BOTTOM, TOP, RIGHT = 34.0, 34.0, 18.0, 6.0
SIZE = 7.5
GRID = grey(0.8)


class _Axes(Struct, frozen=True):
    """Where values stand in a drawing."""

    drawn: Drawing
    top: float
    step: float

    def y(self, value: float) -> float:
        return BOTTOM + min(value / self.top, 1.0) * (self.drawn.height - BOTTOM - TOP)


def rates(
    labels: Sequence[str], series: Sequence[PlotSeries], unit: str, width: float, height: float
) -> Drawing:
    """Points with their 95 % intervals, series side by side; "×" where the effort is too little."""
    drawn = Drawing(width, height)
    step = (width - LEFT - RIGHT) / max(len(labels), 1)
    axes = _Axes(drawn, plots.top_of(series), step)
    _grid(axes, labels, unit)
    for k, one in enumerate(series):
        for i, rate in enumerate(one.values):
            _point(axes, LEFT + step * (i + (k + 1) / (len(series) + 1)), rate, one)
        _key(axes, k, one, len(series))
    return drawn


def _grid(axes: _Axes, labels: Sequence[str], unit: str) -> None:
    drawn = axes.drawn
    for i in range(5):
        value = axes.top * i / 4
        y = axes.y(value)
        drawn.line([(LEFT, y), (drawn.width - RIGHT, y)], 0.5, colour=GRID)
        drawn.label((LEFT - 4, y - SIZE / 3), f"{value:g}", SIZE, "end")
    for i, label in enumerate(labels):
        drawn.label((LEFT + axes.step * (i + 0.5), BOTTOM - 11), label, SIZE, "middle")
    drawn.label((0, drawn.height - 10), unit, SIZE)


def _point(axes: _Axes, x: float, rate: RateInterval, one: PlotSeries) -> None:
    if not rate.enough or rate.per100 is None or rate.low is None or rate.high is None:
        axes.drawn.label((x, BOTTOM + 3), "×", SIZE, "middle")
        return
    colour = _rgb(one.colour)
    axes.drawn.line([(x, axes.y(rate.low)), (x, axes.y(rate.high))], 1.0, colour=colour)
    inside = colour if one.filled else WHITE
    axes.drawn.dot((x, axes.y(rate.per100)), 2.6, filled=True, colour=inside, edge=colour)


def _key(axes: _Axes, k: int, one: PlotSeries, count: int) -> None:
    x = LEFT + 6 + k * (axes.drawn.width - LEFT) / count
    colour = _rgb(one.colour)
    inside = colour if one.filled else WHITE
    axes.drawn.dot((x, 8), 2.6, filled=True, colour=inside, edge=colour)
    axes.drawn.label((x + 6, 5.5), one.name, SIZE)


def _rgb(colour: str) -> Colour:
    red, green, blue = bytes.fromhex(colour.removeprefix("#"))
    return red, green, blue
