"""gateway.cli.office.mesh: one command, JSON out, refusals on stderr."""

import json
from pathlib import Path

import typer
from typer.testing import CliRunner

from gateway.cli.office.mesh import mesh

app = typer.Typer()
app.command()(mesh)
runner = CliRunner()


def test_all_codes_are_printed_as_json_text() -> None:
    result = runner.invoke(app, ["35.658581", "139.745433"])
    assert result.exit_code == 0
    assert json.loads(result.stdout) == {
        "80km": "5339",
        "10km": "533935",
        "5km": "5339354",
        "2km": "533935885",
        "1km": "53393599",
        "500m": "533935992",
        "250m": "5339359921",
        "125m": "53393599212",
    }


def test_a_prefectures_number_is_added_or_null(tmp_path: Path) -> None:
    table = tmp_path / "nagasaki.csv"
    table.write_text("\ufeffmesh5km,number\n5339354,77\n", encoding="utf-8")
    for place, number in (("35.658581 139.745433", "77"), ("32.69 128.84", None)):
        result = runner.invoke(app, [*place.split(), "--hunter-table", str(table)])
        assert json.loads(result.stdout)["hunter_map"] == number


def test_a_place_outside_the_grid_exits_1_and_says_why() -> None:
    result = runner.invoke(app, ["139.7", "35.6"])
    assert result.exit_code == 1
    assert "latitude 139.7 is outside" in result.stderr
    assert result.stdout == ""


def test_a_missing_table_exits_1(tmp_path: Path) -> None:
    result = runner.invoke(app, ["35", "139", "--hunter-table", str(tmp_path / "no.csv")])
    assert result.exit_code == 1
    assert "no.csv" in result.stderr
