"""The answer of `shishigaki rates` as a table in the terminal.

Owns the columns, in both languages. Must not compute.
"""

from rich.console import Console
from rich.table import Table

from dashboard.analysis.intervals.ratio import Ratio
from dashboard.analysis.rate import LEAST_EFFORT, Basis
from gateway.cli.office.rates_answer import RateGroup, RatesAnswer, SpeciesCount

COLUMNS = (
    "対象 / group",
    "獣種 / species",
    "努力量 / effort",
    "件数 / n",
    "率 / per 100",
    "95 %",
    "区間の根拠 / interval from",
)
AGAINST = "ほかの地区との比 / over other areas"
CAPTION = (
    "区間の根拠: 何台のばらつきがポアソンの何倍か。1台: 正確なポアソン / "
    "interval from: how many devices, and how much they differ (times Poisson); 1: exact Poisson"
)


def show(found: RatesAnswer) -> None:
    """Print the table; a species without events is shown only when it was asked for."""
    title = f"{found.first_day} – {found.last_day} ({found.timezone})"
    by_area = found.by == "area"
    table = Table(*COLUMNS, *([AGAINST] if by_area else []), title=title, caption=CAPTION)
    for group in found.groups:
        name = group.name or group.group or "—"
        for one in group.species:
            if one.events or len(group.species) == 1:
                against = [_against(one.against_others)] if by_area else []
                table.add_row(name, one.name, *_events(one), *against)
        if group.trap_nights or group.springs or group.captures:
            table.add_row(name, "捕獲 / captures", *_captures(group))
            table.add_row(name, "作動 / springs", *_springs(group))
    Console().print(table)


def _events(one: SpeciesCount) -> tuple[str, ...]:
    basis = _basis(one.rai_basis, one.rai_sites, one.rai_dispersion)
    limits = (one.rai_low, one.rai_high)
    effort = f"{_days(one.effort_days)} 日"
    return effort, str(one.events), *_rate(one.rai, limits, one.effort_days), basis


def _against(found: Ratio | None) -> str:
    if found is None or found.ratio is None:
        return "—"
    return f"{found.ratio:.2f} ({found.low or 0:.2f}–{found.high or 0:.2f}), p = {found.p:.3f}"


def _captures(group: RateGroup) -> tuple[str, ...]:
    basis = _basis(group.cpue_basis, group.cpue_sites, group.cpue_dispersion)
    limits = (group.cpue_low, group.cpue_high)
    effort = f"{_days(group.trap_nights)} わな日"
    return effort, str(group.captures), *_rate(group.cpue, limits, group.trap_nights), basis


def _springs(group: RateGroup) -> tuple[str, ...]:
    basis = _basis(group.springs_basis, group.cpue_sites, group.springs_dispersion)
    limits = (group.springs_low, group.springs_high)
    effort = f"{_days(group.trap_nights)} わな日"
    return (
        effort,
        str(group.springs),
        *_rate(group.springs_per100, limits, group.trap_nights),
        basis,
    )


def _rate(
    per100: float | None, limits: tuple[float | None, float | None], effort: float
) -> tuple[str, str]:
    low, high = limits
    if per100 is None or low is None or high is None:
        return "不明 / unknown", ""
    if per100 == 0:
        return "0", f"上限 / up to {high:.1f}"
    shown = f"{per100:.2f}" if effort >= LEAST_EFFORT else "—"
    return shown, f"{low:.2f}–{high:.2f}"


def _days(effort: float) -> str:
    return f"{effort:.2f}" if effort < LEAST_EFFORT else f"{effort:.1f}"


def _basis(basis: Basis, sites: int, dispersion: float | None) -> str:
    if basis == "sites" and dispersion is not None:
        return f"{sites} × {dispersion:.1f}"
    return f"{sites} (0)" if basis == "zero" else str(sites)
