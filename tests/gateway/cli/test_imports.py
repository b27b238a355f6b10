"""gateway.cli.office.imports and gateway.cli.office.rates: from a package on the disk to figures as JSON."""

import json
import shutil
import zipfile
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner, Result

from gateway.cli.office import imports, rates
from gateway.domain.model import ActionKind, Kind, TrapAction
from gateway.ingest.messages.batch import absorb
from tests.gateway.ingest.files.packages import NOW, files
from tests.science.shared import ROOT, needs_shared, values
from tests.support.samples import CAMERA, TRAP, at, decode, message, open_store, reading

app = typer.Typer()
imports.register(app)
rates.register(app)


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a small package and an own database."""
    monkeypatch.setenv("SHISHIGAKI_STORE__PATH", str(tmp_path / "test.db"))
    monkeypatch.setenv("COLUMNS", "200")
    folder = tmp_path / "package"
    folder.mkdir()
    for name, data in files().items():
        (folder / name).write_bytes(data)
    return folder


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(one) for one in arguments])


def figures(*arguments: object) -> dict[str, Any]:
    result = run("rates", "--json", *arguments)
    assert result.exit_code == 0, result.stderr
    answer: dict[str, Any] = json.loads(result.stdout)
    return answer


def test_an_import_says_what_it_took_and_what_it_left(site: Path) -> None:
    result = run("import", "camtrapdp", site, "--json")
    assert result.exit_code == 0
    report = json.loads(result.stdout)
    assert (report["deployments"], report["events_new"], report["events_known"]) == (2, 10, 0)
    assert report["left_out"] == {"blank": 1}
    assert json.loads(run("import", "camtrapdp", site, "--json").stdout)["events_new"] == 0


def test_a_zip_with_the_package_in_a_folder_is_read(site: Path, tmp_path: Path) -> None:
    archive = shutil.make_archive(str(tmp_path / "whole"), "zip", tmp_path, "package")
    result = run("import", "camtrapdp", archive, "--json")
    found = json.loads(result.stdout)
    assert found["events_new"] == 10
    assert not {"encoding", "rows", "sightings_new"} & set(
        found
    )  # a table's figures, not a package's
    with zipfile.ZipFile(tmp_path / "empty.zip", "w"):
        pass
    result = run("import", "camtrapdp", tmp_path / "empty.zip")
    assert (result.exit_code, "datapackage.json: no such file" in result.stderr) == (1, True)


def test_what_was_refused_stands_on_stderr_with_its_place(site: Path) -> None:
    table = site / "observations.csv"
    table.write_text(table.read_text().replace("o5,ridge", "o5,moon"))
    result = run("import", "camtrapdp", site)
    assert result.exit_code == 1
    assert "observations.csv line 6: deploymentID = 'moon'" in result.stderr
    assert "1 of 9 rows are refused" in result.stderr
    assert figures()["groups"] == [], "nothing was imported"
    result = run("import", "camtrapdp", site, "--partial")
    assert "events: 9" in result.stdout, "no deployment lost a row: that row had none"


def test_a_partial_import_leaves_out_the_effort_of_deployments_that_lost_rows(site: Path) -> None:
    table = site / "observations.csv"
    table.write_text(table.read_text().replace("Rattus norvegicus,1", "Rattus norvegicus,many"))
    assert run("import", "camtrapdp", site).exit_code == 1
    result = run("import", "camtrapdp", site, "--partial", "--json")
    report = json.loads(result.stdout)
    [left_out] = report["deployments_left_out"]
    assert (result.exit_code, left_out[:7], report["deployments"]) == (0, "valley-", 1)
    [ridge] = figures()["groups"]
    assert (ridge["group"], ridge["effort_days"]) == ("ridge", 10.0)


def test_up_to_one_percent_of_refused_rows_cost_only_themselves(site: Path) -> None:
    table = site / "observations.csv"
    whole = table.read_text()
    many = "".join(
        f"x{n},ridge,,x{n},2026-01-0{2 + n % 8}T{n % 24:02}:00:00Z,event,animal,Sus scrofa,1.0\n"
        for n in range(200)
    )
    table.write_text(whole + many.replace(",1.0\n", ",?\n", 2))
    result = run("import", "camtrapdp", site, "--json")
    assert (result.exit_code, len(json.loads(result.stdout)["refused"])) == (0, 2)
    table.write_text(whole + many.replace(",1.0\n", ",?\n", 3))
    assert run("import", "camtrapdp", site, "--prefix", "b-").exit_code == 1


@needs_shared
def test_a_package_whose_counts_are_written_1_0_gives_its_rate(site: Path) -> None:
    assert run("import", "camtrapdp", ROOT / "failing/camtrapdp_1.0_count_1.0").exit_code == 0
    [everything] = figures("--species", "boar", "--by", "area")["groups"]
    [boar] = everything["species"]
    assert (boar["events"], round(boar["rai"], 2)) == (783, 29.69)
    assert everything["effort_days"] == pytest.approx(2636.98, abs=0.01)


@pytest.mark.parametrize("what", ["missing", "no deployment"])
def test_a_package_of_no_use_exits_1_with_the_reason(site: Path, what: str) -> None:
    if what == "missing":
        (site / "deployments.csv").unlink()
        why = "deployments.csv: No such file or directory"
    else:
        (site / "deployments.csv").write_bytes(files()["deployments.csv"].splitlines()[0])
        why = "no usable deployment"
    result = run("import", "camtrapdp", site)
    assert (result.exit_code, why in result.stderr) == (1, True)


def test_rates_carry_effort_interval_and_zeros(site: Path) -> None:
    run("import", "camtrapdp", site)
    answer = figures()
    assert (answer["first_day"], answer["last_day"]) == ("2026-01-01", "2026-01-11")
    ridge, valley = answer["groups"]
    assert (ridge["group"], ridge["name"], ridge["effort_days"]) == ("ridge", "尾根", 10.0)
    boar = next(one for one in ridge["species"] if one["species"] == "boar")
    assert (boar["events"], boar["individuals"], boar["rai"]) == (2, 5, 20.0)
    assert boar["rai_low"] == pytest.approx(10 * 0.24220928, rel=1e-7)  # Garwood for n = 2
    assert boar["scientific_name"] == "Sus scrofa"
    nothing = next(one for one in valley["species"] if one["species"] == "boar")
    assert (nothing["events"], nothing["rai"]) == (0, 0.0)
    assert nothing["rai_high"] > 100


def test_species_days_and_groups_can_be_chosen(site: Path) -> None:
    run("import", "camtrapdp", site)
    answer = figures("--species", "イノシシ", "--from", "2026-01-02", "--to", "2026-01-02")
    assert {g["group"]: g["effort_days"] for g in answer["groups"]}["ridge"] == 1.0
    assert [one["species"] for one in answer["groups"][0]["species"]] == ["boar"]
    by_mesh = figures("--by", "mesh5km", "--species", "boar")["groups"]
    assert [g["group"] for g in by_mesh] == sorted(g["group"] for g in by_mesh)
    assert all(len(g["group"]) == 7 for g in by_mesh)
    [everything] = figures("--by", "area", "--species", "boar")["groups"]
    assert (everything["group"], everything["effort_days"]) == ("", 12.5)


def test_an_unknown_species_is_refused_with_the_known_ones(site: Path) -> None:
    run("import", "camtrapdp", site)
    result = run("rates", "--species", "unicorn")
    shown = " ".join(result.stderr.split())
    assert (result.exit_code, "'unicorn'" in shown, "boar" in shown) == (2, True, True)


def test_captures_and_springs_are_counted_over_armed_nights_only(
    site: Path, tmp_path: Path
) -> None:
    minutes = [0, 60, 120, 180]
    found = [
        reading(TRAP.id, kind, minute)
        for minute, kind in zip(
            minutes, (Kind.SET, Kind.HEARTBEAT, Kind.SPRUNG, Kind.HEARTBEAT), strict=True
        )
    ]
    with closing(open_store(tmp_path, TRAP, CAMERA)) as store:
        store.write_now(lambda tx: absorb(tx, [message(*found)], decode, NOW))
        act = TrapAction(
            id="a1",
            device=TRAP.id,
            deed=ActionKind.CAPTURED,
            at=at(150),
            by="taro",
            recorded_at=at(160),
            species="boar",
        )
        store.write_now(lambda tx: tx.acts.add(act))
    [trap] = figures()["groups"]
    assert (trap["group"], trap["springs"]) == (TRAP.id, 1)
    assert trap["trap_nights"] == pytest.approx(2 / 24, rel=1e-12)
    assert trap["springs_per100"] == pytest.approx(1200, rel=1e-12)
    assert (trap["captures"], trap["cpue"]) == (1, pytest.approx(1200, rel=1e-12))
    assert trap["cpue_low"] == pytest.approx(1200 * 0.0253178, rel=1e-6)  # Garwood for n = 1
    [trap] = figures("--species", "deer")["groups"]
    assert (trap["captures"], trap["cpue"]) == (0, 0.0)
    assert trap["effort_days"] == 0.0


def test_an_empty_store_has_no_groups(site: Path) -> None:
    assert figures()["groups"] == []


def test_wrong_usage_exits_2(site: Path) -> None:
    assert run("rates", "--by", "village").exit_code == 2
    assert run("rates", "--from", "2026-02-01", "--to", "2026-01-01").exit_code == 2


def test_a_place_without_a_mesh_code_is_named_and_costs_only_its_own_square(site: Path) -> None:
    table = site / "deployments.csv"
    table.write_text(table.read_text().replace("32.70,128.80", "51.2,4.7"))
    assert run("import", "camtrapdp", site, "--far-ok").exit_code == 0
    result = run("rates", "--by", "mesh5km", "--json")
    assert (result.exit_code, "尾根 (51.2, 4.7)" in result.stderr) == (0, True)
    assert [group["group"] for group in json.loads(result.stdout)["groups"]] == ["", "4828763"]


def test_the_table_for_people_shows_effort_beside_every_count(site: Path) -> None:
    run("import", "camtrapdp", site)
    text = run("rates").stdout
    assert "10.0 日" in text
    assert "イノシシ" in text


@needs_shared
def test_rates_of_the_published_example_are_printed_to_1e_12(site: Path) -> None:
    expected = values("reference/camtrapdp_tdwg_example.json")
    assert run("import", "camtrapdp", ROOT / "data/camtrapdp").exit_code == 0
    shown = {
        (group["group"], one["scientific_name"]): (group["effort_days"], one)
        for group in figures()["groups"]
        for one in group["species"]
    }
    for row in expected["table"]:
        effort, one = shown[row["deploymentID"], row["scientificName"]]
        assert effort == pytest.approx(expected["trap_days"][row["deploymentID"]], rel=1e-12)
        assert (one["events"], one["individuals"]) == (row["n_obs"], row["n_individuals"])
        assert one["rai"] == pytest.approx(row["rai"], rel=1e-12, abs=1e-12)
        assert one["rai_individuals"] == pytest.approx(row["rai_individuals"], rel=1e-12, abs=1e-12)
