"""The office's report: figures read once, then given as tables, plots, CSV, XLSX, PDF or JSON.

Owns which tables there are and their order. Definitions of the figures: `figures`. Reads roll-ups and
actions only. Must not hold words: they come from the catalogues.
"""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Struct

from dashboard.analysis import activity
from dashboard.analysis.activity import Activity
from dashboard.analysis.intervals.ratio import Ratio
from dashboard.analysis.rate import RateInterval
from dashboard.documents import plots, rate_text
from dashboard.documents.plots import PlotSeries
from dashboard.documents.table import Cell, Table
from dashboard.office import periods
from dashboard.office.figures import areas, figures, trap_places
from dashboard.office.figures.areas import AreaLine
from dashboard.office.figures.figures import FigureLine, Response, Uptime, Year
from dashboard.office.figures.trap_places import TrapPlace
from dashboard.office.periods import LocalDays, Month
from gateway.domain.model import Device, Standing
from gateway.store import Reader
from gateway.words.catalogue import Translations

CURVE_EVENTS = 2_000
JSON_FIELDS = (
    "span",
    "before",
    "total",
    "change",
    "months",
    "species",
    "meshes",
    "types",
    "areas",
    "uptime",
    "response",
    "response_before",
)


class YearReport(Struct, frozen=True, eq=False):
    """A fiscal year up to a month, beside the same days of the year before."""

    month: Month
    span: LocalDays
    before: LocalDays
    total: FigureLine
    change: Ratio  # of the total, at the same traps
    months: list[FigureLine]
    species: list[FigureLine]
    meshes: list[FigureLine]
    types: list[FigureLine]
    areas: list[AreaLine]
    uptime: list[Uptime]
    response: Response
    response_before: Response
    activity: Activity | None  # of all detectors, all species
    events: int  # number of events used for the activity
    places: list[TrapPlace]  # of the traps that fished or caught, for the map on paper


def read(reader: Reader, month: Month, zone: ZoneInfo, now: datetime) -> YearReport:
    """Read and compute the report of the fiscal year of `month`, up to the end of that month."""
    year = LocalDays(periods.fiscal_year(month.fiscal_year).start, month.plus(1).first)
    year = year.until(now.astimezone(zone).date())
    before = periods.a_year_before(year)
    devices = {d.id: d for d in reader.devices() if d.standing is Standing.APPROVED}
    this, then = _year(reader, year, zone, devices), _year(reader, before, zone, devices)
    alive, events = reader.period_reads.hours_of_day(year.hours(zone))
    return YearReport(
        month=month,
        span=year,
        before=before,
        total=FigureLine("", figures.total(this), figures.total(then), _animal_count(this)),
        change=figures.change(this, then),
        months=figures.by_month(
            this, then, lambda at: periods.month_of(at.astimezone(zone).date())
        ),
        species=figures.by_species(this, then),
        meshes=figures.by_mesh(this, then, devices),
        types=figures.by_type(this, then, devices),
        areas=areas.by_area(this, devices),
        uptime=figures.uptime(this, devices, reader.period_reads.first_days()),
        response=figures.response(this),
        response_before=figures.response(then),
        activity=activity.activity(activity.hours_of_counts(_thinned(events)), alive),
        events=sum(events),
        places=trap_places.of(this, devices),
    )


def _thinned(counts: list[int]) -> list[int]:
    """Events by hour, scaled down to CURVE_EVENTS: with more the shape of the curve stays the same."""
    share = min(1.0, CURVE_EVENTS / max(sum(counts), 1))
    return [round(n * share) for n in counts]


def _year(reader: Reader, span: LocalDays, zone: ZoneInfo, devices: dict[str, Device]) -> Year:
    begin, end = span.moments(zone)
    months = []
    for month in periods.months_in(span):
        start = max(month.first, span.start)
        stop = min(month.plus(1).first, span.stop)
        efforts = reader.period_reads.effort(*LocalDays(start, stop).days)
        months.append((month, tuple(one for one in efforts if one.device in devices)))
    actions = tuple(
        action for action in reader.period_reads.acts(begin, end) if action.device in devices
    )
    springs = tuple(one for one in reader.period_reads.springs(begin, end) if one.device in devices)
    return Year(span, tuple(months), actions, springs)


def _animal_count(year: Year) -> int:
    return figures.animal_count(figures.captures(year.actions))


def tables(report: YearReport, words: Translations) -> list[Table]:
    """All tables, as pages and files show them."""
    note = words("figures.note")
    named: list[tuple[str, list[FigureLine], Any]] = [
        ("total", [report.total], lambda key: words("figures.all")),
        ("month", report.months, str),
        ("species", report.species, lambda key: words.name("species", key)),
        ("mesh", report.meshes, lambda key: key or words("figures.unknown_place")),
        ("type", report.types, lambda key: words.name("trap_type", key or "none")),
    ]
    return [
        *(_figure_table(name, groups, naming, words, note) for name, groups, naming in named),
        _response_table(report, words),
        _uptime_table(report, words),
        *([_area_table(report, words)] if report.areas else []),
    ]


def _figure_table(
    name: str, groups: list[FigureLine], naming: Any, words: Translations, note: str
) -> Table:
    head = [words(f"figures.{name}"), words("figures.heads")]
    for year in ("now", "before"):
        period_text = words(f"figures.{year}")
        columns = ("captures", "nights", "cpue", "low", "high", "basis")
        head += [f"{period_text} {words(f'figures.{column}')}" for column in columns]
    rows = [
        (naming(g.key), _animals_cell(g), *_rate_cells(g.now, words), *_rate_cells(g.before, words))
        for g in groups
    ]
    return Table(words(f"figures.by_{name}"), tuple(head), tuple(rows), note)


def _animals_cell(group: FigureLine) -> int | None:
    """None (unknown) without effort and captures; otherwise the number of animals."""
    return None if group.now.per100 is None and not group.now.n else group.heads


def _rate_cells(rate: RateInterval, words: Translations) -> tuple[Cell, ...]:
    """Count, effort, rate, limits, and what these stand on; no rate where the effort is too little."""
    if rate.per100 is None and rate.n == 0:
        return None, 0.0, None, None, None, None
    per100 = _round(rate.per100) if rate.enough else None
    basis = rate_text.basis(rate, words) or None
    return rate.n, _round(rate.effort), per100, _round(rate.low), _round(rate.high), basis


def _response_table(report: YearReport, words: Translations) -> Table:
    columns = ("springs", "visited", "within", "open", "median", "most", "untold")
    head = (words("figures.period"), *(words(f"figures.response_{column}") for column in columns))
    rows = []
    for year, one in (("now", report.response), ("before", report.response_before)):
        cells = (
            one.springs,
            one.visited,
            one.within_day,
            one.open,
            _round(one.median_h),
            _round(one.most_h),
            one.untold,
        )
        rows.append((words(f"figures.{year}"), *cells))
    return Table(words("figures.by_response"), head, tuple(rows), words("figures.response_note"))


def _uptime_table(report: YearReport, words: Translations) -> Table:
    head = tuple(words(f"figures.{key}") for key in ("device", "role", "share", "days", "possible"))
    rows = [
        (
            one.name,
            words(f"role.{one.role.value}"),
            _round(100 * one.share),
            _round(one.days),
            one.possible,
        )
        for one in report.uptime
    ]
    return Table(words("figures.by_uptime"), head, tuple(rows), words("figures.uptime_note"))


def _area_table(report: YearReport, words: Translations) -> Table:
    columns = ("area", "captures", "nights", "cpue", "low", "high", "basis")
    ratios = ("ratio", "ratio_low", "ratio_high", "p")
    head = tuple(words(f"figures.{one}") for one in (*columns, *ratios))
    rows = [
        (one.area or words("figures.no_area"), *_rate_cells(one.rate, words), *_ratio_cells(one))
        for one in report.areas
    ]
    return Table(words("figures.by_area"), head, tuple(rows), words("figures.area_note"))


def _ratio_cells(one: AreaLine) -> tuple[Cell, ...]:
    """The ratio to all other areas, its limits and p, as text: a p has three decimals."""
    found = one.against_others
    values = ((found.ratio, 2), (found.low, 2), (found.high, 2), (found.p, 3))
    return tuple(None if value is None else f"{value:.{places}f}" for value, places in values)


def plot_months(report: YearReport, words: Translations) -> str:
    """CPUE by month with its interval, this year and the year before, as SVG."""
    labels, series = month_series(report, words)
    return plots.rates(words("figures.plot_months"), labels, series, words("figures.cpue_unit"))


def month_series(report: YearReport, words: Translations) -> tuple[list[str], list[PlotSeries]]:
    """The months and their two series, for the screen and for paper."""
    labels = [group.key[5:].lstrip("0") + words("figures.month_short") for group in report.months]
    now = PlotSeries(
        words("figures.now"), tuple(g.now for g in report.months), plots.NOW, filled=True
    )
    old = tuple(g.before for g in report.months)
    before = PlotSeries(words("figures.before"), old, plots.BEFORE, filled=False)
    return labels, [before, now]


def plot_hours(report: YearReport, words: Translations) -> str | None:
    """Hours of activity, weighted by uptime, as SVG; None without an event."""
    if report.activity is None:
        return None
    hours, share = report.activity.hour.tolist(), (100 * report.activity.share_per_hour).tolist()
    step = 4
    title = words("figures.plot_hours", n=report.events)
    return plots.hours(title, hours[::step], share[::step], words("figures.hours_unit"))


def unrecorded_text(report: YearReport, words: Translations) -> str:
    """The sentence about springs without a recorded outcome."""
    response = report.response
    return words("figures.untold", n=response.untold, springs=response.springs)


def heading(report: YearReport, words: Translations, site: str) -> str:
    """The report's title."""
    year, month = report.month.fiscal_year, report.month
    return (
        f"{site} {words('figures.heading', year=year, until=f'{month.year}/{month.month}')}".strip()
    )


def period_text(one: LocalDays) -> str:
    """The first and the last day of a period."""
    return f"{one.start:%Y/%m/%d}–{one.last:%Y/%m/%d}"


def as_json(report: YearReport) -> bytes:
    """The report for programs."""
    plain = {name: msgspec.to_builtins(getattr(report, name)) for name in JSON_FIELDS}
    return msgspec.json.encode({"month": str(report.month), **plain})


def _round(value: float | None) -> float | None:
    return None if value is None else round(value, 2)
