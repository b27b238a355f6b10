"""How a rate is said: its figures, what its interval stands on, and a zero with its upper limit.

Owns these sentences for pages, files and paper alike. Must not compute. Texts are in the catalogue under
`office.rate`, `office.zero` and `basis`; `static/officials.js` says the same in popups.
"""

from typing import TYPE_CHECKING, Literal

from dashboard.analysis.rate import LEAST_EFFORT, RateInterval
from gateway.words.catalogue import Translations

if TYPE_CHECKING:  # ratios need numpy, which pages of the always-on process do not load
    from dashboard.analysis.intervals.ratio import Ratio

Unit = Literal["rai", "cpue"]
NO_LIMIT = "∞"


def told(rate: RateInterval, unit: Unit, words: Translations) -> str:
    """The whole sentence: rate, interval, counts, effort, and what the interval stands on."""
    if rate.per100 is None:
        return words("office.no_effort")
    kind = "rate" if rate.n else "zero"
    said = words(
        f"office.{kind}.{unit}",
        rate=number(rate.per100),
        low=number(rate.low),
        high=number(rate.high),
        n=rate.n,
        effort=days(rate.effort),
    )
    little = "" if rate.enough else words("office.little", least=f"{LEAST_EFFORT:g}")
    return said + words("office.stands", basis=basis(rate, words)) + little


def basis(rate: RateInterval, words: Translations) -> str:
    """What the interval stands on, with the number of sites and their dispersion; "" without effort."""
    if rate.per100 is None:
        return ""
    spread = "" if rate.dispersion is None else f"{rate.dispersion:.1f}"
    return words(f"basis.{rate.basis}", sites=rate.sites, dispersion=spread)


def zero(rate: RateInterval, words: Translations) -> str:
    """Nothing seen in some effort, in few words: up to how many per 100."""
    return words("rates.up_to", high=number(rate.high))


def ratio(found: "Ratio", words: Translations) -> str:
    """A ratio of two rates with its interval, the number of devices and p."""
    if found.sites < 2:
        return words("effect.no_ratio")
    middle, high = (NO_LIMIT if one is None else f"{one:.2f}" for one in (found.ratio, found.high))
    low = f"{found.low or 0.0:.2f}"
    p = f"{found.p:.3f}"
    return words("effect.ratio", ratio=middle, low=low, high=high, sites=found.sites, p=p)


def number(value: float | None) -> str:
    """A rate as it is shown: with one decimal, large ones without."""
    if value is None:
        return "—"
    return f"{value:.0f}" if value >= 1000 else f"{value:.1f}"


def days(effort: float) -> str:
    """An effort: short ones with two decimals, because there each tenth of a day counts."""
    return f"{effort:.2f}" if effort < LEAST_EFFORT else f"{effort:.1f}"
