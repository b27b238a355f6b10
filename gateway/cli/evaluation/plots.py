"""Plots of an evaluation, as SVG: rates by month beside the truth.

Owns which plots there are. Must not compare anything.
"""

from collections.abc import Iterator
from datetime import timedelta

from dashboard.analysis.rate import RateInterval
from dashboard.documents import plots
from dashboard.documents.plots import PlotSeries
from firmware_sim.evaluation.evaluation import Evaluation
from firmware_sim.evaluation.rates import RateCompared
from gateway.domain.epoch import EPOCH

ENOUGH = 10.0  # camera-days; the plot shows a cross for less


def pictures(found: Evaluation) -> Iterator[tuple[str, str]]:
    """File names and pictures."""
    for species in dict.fromkeys(line.species for line in found.rates.examples):
        lines = [line for line in found.rates.examples if line.species == species]
        yield f"rates-{species}.svg", _rates(found, species, lines)


def _rates(found: Evaluation, species: str, lines: list[RateCompared]) -> str:
    labels = [f"{EPOCH + timedelta(days=line.first_day):%y/%m}" for line in lines]
    given = tuple(_point(line.rate, line.low, line.high) for line in lines)
    true = tuple(_point(line.truth, line.truth, line.truth) for line in lines)
    return plots.rates(
        f"{found.scenario}: {species}",
        labels,
        [
            PlotSeries("gateway, 95 %", given, plots.NOW, filled=True),
            PlotSeries("truth", true, plots.BEFORE, filled=False),
        ],
        "/ 100 camera-days",
    )


def _point(value: float | None, low: float | None, high: float | None) -> RateInterval:
    return RateInterval(0, ENOUGH, "camera-days", value, low, high)
