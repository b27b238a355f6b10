"""The shipped column maps, open data of prefectures, and the command that imports them."""

from contextlib import closing
from pathlib import Path

import pytest
from typer.testing import CliRunner

from gateway.cli import app
from gateway.ingest.files.report_columns import read_map
from gateway.ingest.files.report_table import parse
from gateway.store import Store
from tests.deploy.folder import DEPLOY
from tests.gateway.ingest.files.reports import BEARS, HEAD, MAP, NOW, shipped
from tests.science.shared import needs_shared
from tests.support.samples import TOKYO


@pytest.mark.parametrize(
    "path", sorted((DEPLOY / "sightings").iterdir()), ids=lambda path: path.stem
)
def test_the_shipped_maps_are_maps(path: Path) -> None:
    assert read_map(path.read_bytes()).title


def test_the_example_map_names_every_key() -> None:
    text = shipped("example")
    whole = "\n".join(
        line[1:] if line[:1] == "#" and line[1:2].isalpha() else line for line in text.splitlines()
    )
    found = read_map(whole.encode())
    assert all(
        f"{name} = " in text
        for name in (*found.columns.__struct_fields__, "encoding", "delimiter", "anywhere", "title")
    )
    assert "" not in [getattr(found.columns, name) for name in found.columns.__struct_fields__]


@needs_shared
@pytest.mark.parametrize(
    ("name", "map_", "rows", "destroyed", "serials"),
    [
        ("bear_incidents_river_r1-r6", "ishikawa-bear-r1-r6", 390, 390, 0),
        ("bear_incidents_young_bears_r1-r6", "ishikawa-bear-r1-r6", 467, 467, 2),
        ("bear_sightings_r7", "ishikawa-bear-r7", 103, 0, 0),
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "cp932"])
def test_a_prefectures_open_data_are_imported_whole(
    name: str, map_: str, rows: int, destroyed: int, serials: int, encoding: str
) -> None:
    text = (BEARS / f"{name}.csv").read_text(encoding="utf-8-sig")
    data = text.encode(encoding, "replace")
    reports = parse(data, read_map(shipped(map_).encode()), f"{name}.csv", TOKYO, NOW)
    assert (reports.rows, len(reports.sightings), reports.findings.refused) == (rows, rows, [])
    shown = [one.text for one in reports.findings.repaired]
    assert sum("destroyed by a spreadsheet" in one for one in shown) == destroyed
    assert sum("day number" in one for one in shown) == serials
    assert {one.species for one in reports.sightings} == {"bear"}
    assert all(2019 <= one.day.year <= 2025 for one in reports.sightings)
    assert not [one for one in shown if "disagrees" in one]


@needs_shared
def test_the_command_imports_reports_and_adds_nothing_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHISHIGAKI_STORE__PATH", str(tmp_path / "test.db"))
    arguments = [
        "import",
        "csv",
        str(BEARS / "bear_sightings_r7.csv"),
        "--map",
        str(DEPLOY / "sightings" / "ishikawa-bear-r7.toml"),
    ]
    first, second = (CliRunner().invoke(app, arguments) for _ in range(2))
    assert first.exit_code == second.exit_code == 0
    assert "new sightings: 103" in first.stdout
    assert "new sightings: 0" in second.stdout
    assert "17時30分～19時頃" in first.stderr
    with closing(Store(tmp_path / "test.db", TOKYO)) as store:
        assert len(store.read_now(lambda r: r.sightings(0, 10**6))) == 103


def test_the_command_names_a_broken_map_or_table(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHISHIGAKI_STORE__PATH", str(tmp_path / "test.db"))
    table, map_ = tmp_path / "t.csv", tmp_path / "m.toml"
    table.write_text(HEAD)
    map_.write_text("title = 1")
    for content, why in (("title = 1", "m.toml"), (MAP, "no usable row")):
        map_.write_text(content)
        result = CliRunner().invoke(app, ["import", "csv", str(table), "--map", str(map_)])
        assert (result.exit_code, why in result.stderr) == (1, True)
    result = CliRunner().invoke(app, ["import", "csv", str(tmp_path / "no"), "--map", str(map_)])
    assert (result.exit_code, "No such file" in result.stderr) == (1, True)


def test_a_table_with_many_refused_rows_is_imported_only_with_partial(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHISHIGAKI_STORE__PATH", str(tmp_path / "test.db"))
    table, map_ = tmp_path / "t.csv", tmp_path / "m.toml"
    map_.write_text(
        'title = "t"\nspecies = "boar"\n[columns]\ndate = "d"\nlat = "lat"\nlon = "lon"\n'
    )
    good, bad = "2026-01-02,32.7,128.8\n", "2026-01-02,north,128.8\n"
    command = ["import", "csv", str(table), "--map", str(map_)]
    for rows, code in ((good + 3 * bad, 0), (good + 4 * bad, 1), (500 * good + 5 * bad, 0)):
        table.write_text("d,lat,lon\n" + rows)
        assert CliRunner().invoke(app, command).exit_code == code
    table.write_text("d,lat,lon\n" + 7 * good + 4 * bad)
    refused = CliRunner().invoke(app, command)
    assert "4 of 11 rows are refused" in refused.stderr
    assert CliRunner().invoke(app, [*command, "--partial"]).exit_code == 0
