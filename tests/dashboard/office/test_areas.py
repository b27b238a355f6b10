"""Captures by area: each over all others, with interval and p; the command has the bands of the page."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from dashboard.analysis.intervals import ratio
from dashboard.office import filters
from dashboard.office.figures import areas, figures
from dashboard.office.figures import report as reports
from dashboard.office.periods import Month, fiscal_year
from dashboard.web.i18n import text
from gateway.cli.office.map import MapOptions
from gateway.domain.epoch import DAY_MS
from gateway.domain.model import ActionKind, Device, Role, TrapAction
from gateway.store.rollups.periods import EffortSum
from tests.dashboard.office.county import County
from tests.dashboard.office.test_figures import START, report

COUNTS = {"a": (6, 5, 7, 6, 8), "b": (1, 0, 2, 1, 1)}
CAUGHT = {f"{area}{n}": count for area, row in COUNTS.items() for n, count in enumerate(row)}
TRAPS = {id_: Device(id=id_, role=Role.TRAP, area=id_[0]) for id_ in CAUGHT}


def year(caught: dict[str, int]) -> figures.Year:
    """Captures at traps that fished for 50 days each."""
    acts = [
        TrapAction(
            id=f"{id_}-{n}",
            device=id_,
            deed=ActionKind.CAPTURED,
            at=START,
            by="hana",
            recorded_at=START,
        )
        for id_, count in caught.items()
        for n in range(count)
    ]
    efforts = tuple(EffortSum(id_, 0, 50 * DAY_MS) for id_ in caught)
    return figures.Year(fiscal_year(2026), ((Month(2026, 9), efforts),), tuple(acts), ())


def test_each_area_stands_over_all_others_with_interval_and_p() -> None:
    north, south = areas.by_area(year(CAUGHT), TRAPS)
    assert (north.area, north.rate.n, north.rate.effort) == ("a", 32, 250.0)
    inside, outside = ([(count, 50.0) for count in COUNTS[area]] for area in "ab")
    assert north.against_others == ratio.between(inside, outside)
    assert north.against_others.ratio == pytest.approx(6.4)
    assert south.against_others.ratio == pytest.approx(1 / 6.4)
    assert north.against_others.changed


def test_control_equal_areas_are_not_told_apart() -> None:
    north, _ = areas.by_area(year(dict.fromkeys(CAUGHT, 3)), TRAPS)
    assert north.against_others.ratio == pytest.approx(1.0)
    assert not north.against_others.changed


def test_one_area_alone_is_compared_with_nothing() -> None:
    one = {id_: TRAPS[id_] for id_ in ("a1", "a2")}
    assert areas.by_area(year({"a1": 2, "a2": 0}), one) == []


def test_the_last_table_shows_the_ratio_of_each_area_with_its_limits_and_p(county: County) -> None:
    alone, words = report(county), text("ja")
    assert alone.areas == [], "its traps stand in one area"
    found = replace(alone, areas=areas.by_area(year(CAUGHT), TRAPS))
    *others, table = reports.tables(found, words)
    assert [one.title for one in others] == [one.title for one in reports.tables(alone, words)]
    assert table.columns[-4:] == ("ほかの地区との比", "比の下限", "比の上限", "p")
    against = found.areas[0].against_others
    assert table.rows[0][0] == "a"
    assert table.rows[0][-4] == "6.40"
    assert table.rows[0][-1] == f"{against.p:.3f}"


@pytest.mark.parametrize("band", filters.BANDS)
def test_the_command_has_the_bands_of_the_page(band: str) -> None:
    query = MapOptions(out=Path("map.html"), band=band).query
    assert filters.read(query, Month(2026, 10), "boar").band == band
