"""Every rate says what its interval stands on; a zero has its upper limit; little effort makes no rate."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from dashboard.analysis.intervals.between_sites import pooled
from dashboard.analysis.rate import LEAST_EFFORT, RateInterval, cpue, of_sums, rai
from dashboard.documents import plots, rate_text
from dashboard.documents.plots import PlotSeries
from dashboard.office.gis.layers import FIELDS
from dashboard.office.map import layers
from dashboard.web.browser import templating
from dashboard.web.i18n import text
from gateway.cli import app
from tests.dashboard.office.conftest import Get
from tests.dashboard.office.county import County

JA, EN = text("ja"), text("en")
ZERO = rai(0, 9.95)


def test_nothing_in_9_95_days_is_said_with_its_limit_of_37() -> None:
    said = rate_text.told(ZERO, "rai", JA)
    assert said.startswith("0回、上限37.1回/100カメラ日　9.95カメラ日")
    assert "図に描きません" in said
    assert rate_text.told(ZERO, "rai", EN).startswith(
        "0 events in 9.95 camera-days, up to 37.1 per 100"
    )
    assert "0件、上限3.7件" in rate_text.told(cpue(0, 100.0), "cpue", JA)


@pytest.mark.parametrize(
    ("rate", "basis"),
    [
        (rai(3, 60.0), "1台の正確なポアソン区間"),
        (pooled([(3, 60.0), (9, 60.0), (0, 60.0)]), "3台のばらつき、ポアソンの5.2倍"),
        (pooled([(0, 60.0), (0, 50.0)]), "2台とも0、独立と仮定した上限"),
        (of_sums(7, 300.0, "camera-days"), "合計だけのため独立と仮定、実際はもっと広い"),
        (rai(0, 0.0), ""),
    ],
)
def test_an_interval_names_what_it_stands_on(rate: RateInterval, basis: str) -> None:
    assert rate_text.basis(rate, JA) == basis
    if basis:
        assert f"（区間の根拠：{basis}）" in rate_text.told(rate, "rai", JA)


def test_with_little_effort_no_rate_is_drawn_or_coloured() -> None:
    little, enough = rai(2, LEAST_EFFORT - 0.1), rai(2, LEAST_EFFORT)
    assert (layers.rate_class(little), layers.rate_class(enough)) == (None, 5)
    made = [PlotSeries("a", (one,), "#123456", True) for one in (little, enough)]
    drawn = [plots.rates("t", ["4"], [one], "u") for one in made]
    assert ["×" in one for one in drawn] == [True, False]
    assert drawn[0].count("<circle") == 1, "the key only"


def test_a_month_of_half_a_trap_day_does_not_set_the_axis() -> None:
    values = (cpue(1, 0.6), cpue(6, 200.0))
    drawn = plots.rates("t", ["4", "5"], [PlotSeries("a", values, "#123456", True)], "u")
    assert ">10<" in drawn
    assert ">100<" not in drawn


def test_a_cell_says_the_limit_of_a_zero_and_no_rate_of_little_effort() -> None:
    short = templating.environment().filters["short"]
    assert str(short(ZERO, JA)) == "<small>0、上限37.1</small>"
    assert str(short(rai(1, 5.0), JA)).startswith("— <small>(0.5")
    assert str(short(rai(5, 50.0), JA)).startswith("10.0 <small>(3.2")


def test_popups_get_the_basis_of_several_devices() -> None:
    assert layers.rate(pooled([(3, 60.0), (9, 60.0), (0, 60.0)]))[5:] == ["sites", 3, 5.25]
    assert len(layers.rate(rai(3, 60.0))) == 5


def test_files_for_gis_have_the_basis_too() -> None:
    names = [name for name, _, _ in FIELDS["squares"]]
    assert names[-3:] == ["interval_from", "interval_sites", "dispersion"]


def test_pages_csv_and_json_of_the_office_name_it(get: Get, county: County) -> None:
    assert "9台のばらつき" in get("/officials?month=2026-10")[1].decode()
    rows = get("/officials/figures/0.csv?month=2026-10")[1].decode("utf-8-sig")
    assert "4台のばらつき、ポアソンの0.7倍" in rows
    assert "区間の根拠" in rows


def test_both_catalogues_have_a_text_for_each_basis() -> None:
    for language in ("ja", "en"):
        path = Path(rate_text.__file__).parents[1] / f"locale/{language}-office.json"
        keys = json.loads(path.read_text("utf-8"))
        assert {f"basis.{one}" for one in ("exact", "sites", "zero", "sums")} <= keys.keys()


def test_the_command_says_the_basis_and_compares_an_area_with_the_others(county: County) -> None:
    config = county.store.path.with_name("c.toml")
    config.write_text(f'[store]\npath = "{county.store.path}"\n', encoding="utf-8")
    asked = [
        "rates",
        "--by",
        "area",
        "--species",
        "boar",
        "--from",
        "2026-09-01",
        "-c",
        str(config),
    ]
    found = json.loads(CliRunner().invoke(app, [*asked, "--json"]).stdout)
    west = next(group for group in found["groups"] if group["group"] == "岐宿")
    [boar] = west["species"]
    assert (boar["rai_basis"], boar["rai_sites"]) == ("sites", 5)
    assert boar["against_others"]["ratio"] == pytest.approx(
        (105 / 300) / (30 / 240)  # the area has a detector that cannot tell species: 60 days
    )
    assert 0 < boar["against_others"]["p"] <= 1
    said = CliRunner(env={"COLUMNS": "250"}).invoke(app, asked).stdout
    assert "5 × " in said
    assert f"{boar['against_others']['ratio']:.2f}" in said


def test_nothing_caught_is_said_with_its_limit_in_the_terminal(county: County) -> None:
    config = county.store.path.with_name("c.toml")
    config.write_text(f'[store]\npath = "{county.store.path}"\n', encoding="utf-8")
    asked = ["rates", "--species", "raccoon", "--from", "2026-10-01", "-c", str(config)]
    said = CliRunner(env={"COLUMNS": "250"}).invoke(app, asked).stdout
    assert "上限 / up to" in said
