"""Plots as small SVG for paper and screen. PURE.

Owns axes and marks. No style attributes and no script, so that the strictest content security policy
allows them. Each plot has a table with the same figures beside it.
"""

import math
from collections.abc import Sequence
from html import escape

from msgspec import Struct

from dashboard.analysis.rate import RateInterval

W, H, LEFT, BOTTOM, TOP = 720, 300, 52, 46, 26
NOW, BEFORE, INK, GRID = "#0b4184", "#a34a00", "#16201b", "#c9cfcb"


class PlotSeries(Struct, frozen=True):
    """A series of rates, one per label; `filled` distinguishes two series also in grey print."""

    name: str
    values: tuple[RateInterval, ...]
    colour: str
    filled: bool


def rates(title: str, labels: Sequence[str], series: Sequence[PlotSeries], unit: str) -> str:
    """Points with their 95 % intervals, series side by side; "×" where the effort is too little."""
    top = top_of(series)
    step = (W - LEFT - 10) / max(len(labels), 1)
    parts = [_axes(title, labels, step, top, unit)]
    for k, one in enumerate(series):
        for i, rate in enumerate(one.values):
            x = LEFT + step * (i + (k + 1) / (len(series) + 1))
            parts.append(_point(x, rate, top, one))
    parts += [_key(k, one) for k, one in enumerate(series)]
    return _svg(title, parts)


def hours(title: str, at: Sequence[float], share: Sequence[float], unit: str) -> str:
    """A curve over the hours of the day; NaN values are gaps."""
    known = [value for value in share if not math.isnan(value)]
    top = axis_top(max(known, default=1.0))
    scale = (W - LEFT - 10) / 24
    path, pen = [], "M"
    for hour, value in zip(at, share, strict=True):
        if math.isnan(value):
            pen = "M"
            continue
        path.append(f"{pen}{LEFT + hour * scale:.1f} {_y(value, top):.1f}")
        pen = "L"
    labels = [str(hour) for hour in range(24)]
    curve = f'<path d="{"".join(path)}" fill="none" stroke="{NOW}" stroke-width="3"/>'
    return _svg(title, [_axes(title, labels, scale, top, unit, centred=False), curve])


def top_of(series: Sequence[PlotSeries]) -> float:
    """Where the axis of rates ends: above every interval, but at most at four times the highest rate."""
    drawn = [rate for one in series for rate in one.values if rate.enough]
    highs = [rate.high for rate in drawn if rate.high is not None]
    shown = sorted(rate.per100 for rate in drawn if rate.per100 is not None)
    return axis_top(min(max(highs, default=1.0), 4 * max(shown[-1], 1.0) if shown else 1.0))


def axis_top(value: float) -> float:
    """The smallest of 1, 2, 5 x 10^n that is at least `value`."""
    if value <= 0:
        return 1.0
    power = 10.0 ** math.floor(math.log10(value))
    return next(m * power for m in (1, 2, 5, 10) if m * power >= value * (1 - 1e-12))


def _y(value: float, top: float) -> float:
    return H - BOTTOM - min(value / top, 1.0) * (H - BOTTOM - TOP)


def _point(x: float, rate: RateInterval, top: float, one: PlotSeries) -> str:
    if not rate.enough or rate.per100 is None or rate.low is None or rate.high is None:
        return f'<text x="{x:.1f}" y="{H - BOTTOM - 4}" text-anchor="middle" fill="{INK}">×</text>'
    y, low, high = (_y(value, top) for value in (rate.per100, rate.low, rate.high))
    fill = one.colour if one.filled else "#fff"
    return (
        f'<path d="M{x:.1f} {low:.1f}V{high:.1f}" stroke="{one.colour}" stroke-width="2"/>'
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="5" fill="{fill}" stroke="{one.colour}" stroke-width="2"/>'
    )


def _key(k: int, one: PlotSeries) -> str:
    x, fill = LEFT + 8 + 190 * k, one.colour if one.filled else "#fff"
    return (
        f'<circle cx="{x}" cy="{H - 10}" r="5" fill="{fill}" stroke="{one.colour}" stroke-width="2"/>'
        f'<text x="{x + 10}" y="{H - 5}" fill="{INK}">{escape(one.name)}</text>'
    )


def _axes(
    title: str, labels: Sequence[str], step: float, top: float, unit: str, *, centred: bool = True
) -> str:
    lines = []
    for i in range(5):
        value = top * i / 4
        y = _y(value, top)
        lines.append(f'<path d="M{LEFT} {y:.1f}H{W - 8}" stroke="{GRID}"/>')
        lines.append(
            f'<text x="{LEFT - 5}" y="{y + 5:.1f}" text-anchor="end" fill="{INK}">{value:g}</text>'
        )
    shift = 0.5 if centred else 0.0
    for i, label in enumerate(labels):
        x = LEFT + step * (i + shift)
        lines.append(
            f'<text x="{x:.1f}" y="{H - BOTTOM + 20}" text-anchor="middle" fill="{INK}">'
            f"{escape(label)}</text>"
        )
    lines.append(f'<text x="4" y="16" fill="{INK}">{escape(unit)}</text>')
    return "".join(lines)


def _svg(title: str, parts: Sequence[str]) -> str:
    return (
        f'<svg class="plot" xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {W} {H}" role="img" '
        f'font-size="14" font-family="sans-serif"><title>{escape(title)}</title>{"".join(parts)}</svg>'
    )
