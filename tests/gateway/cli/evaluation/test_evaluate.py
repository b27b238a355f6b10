"""`shishigaki evaluate`: a short season through the gateway's own intake, beside its truth."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from firmware_sim.evaluation import evaluation
from gateway.cli import app
from gateway.cli.evaluation import command, run

DAYS = 5


def evaluate(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["evaluate", *arguments])


@pytest.fixture(scope="module")
def season(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Result]:
    """A storm over forty devices, which springs traps and silences districts."""
    folder = tmp_path_factory.mktemp("evaluate")
    return folder, evaluate(f"storm:{DAYS}", "--out", str(folder), "--json")


def found(season: tuple[Path, Result]) -> dict[str, dict[str, int]]:
    scores: dict[str, dict[str, int]] = json.loads(
        (season[0] / "storm" / "evaluation.json").read_bytes()
    )
    return scores


def test_nothing_that_reached_the_broker_is_lost_or_stored_twice(
    season: tuple[Path, Result],
) -> None:
    messages = found(season)["messages"]
    assert season[1].exit_code == 0, season[1].output
    assert messages["heard"] == messages["stored"] > 1_000
    assert (messages["lost"], messages["doubled"], messages["unknown"]) == (0, 0, 0)


def test_every_spring_that_reached_the_broker_is_told_once(season: tuple[Path, Result]) -> None:
    springs = found(season)["springs"]
    assert springs["heard"] == springs["told"] >= 3
    assert (springs["missed"], springs["doubled"], springs["false_alarms"]) == (0, 0, 0)


def test_no_state_is_shown_that_the_gateway_had_reason_to_know_better(
    season: tuple[Path, Result],
) -> None:
    states = found(season)["states"]
    assert states["right"] > 100
    assert states["wrong"] == 0


def test_the_papers_have_what_trappers_wrote_down(season: tuple[Path, Result]) -> None:
    papers = found(season)["papers"]
    assert (papers["missing"], papers["too_many"]) == (0, 0)


def test_plots_and_truth_stay_in_the_folder(season: tuple[Path, Result]) -> None:
    names = {path.name for path in (season[0] / "storm").iterdir()}
    assert {run.TRUTH, run.DATABASE, "evaluation.json", "rates-boar.svg"} <= names


def test_the_same_run_is_compared_again_without_simulating(
    season: tuple[Path, Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "feed", None)
    again = evaluate(f"storm:{DAYS}", "--out", str(season[0]), "--again")
    assert again.exit_code == 0
    assert "| at the broker: lost, stored twice |" in again.output
    for other in ((f"storm:{DAYS + 1}",), (f"storm:{DAYS}", "--seed", "99")):
        refused = evaluate(*other, "--out", str(season[0]), "--again")
        assert (refused.exit_code, "ask for the same" in str(refused.exception)) == (1, True)


def test_control_a_row_that_is_missing_is_lost_and_an_alert_that_is_missing_a_missed_spring(
    season: tuple[Path, Result],
) -> None:
    folder = season[0] / "storm"
    part = command._part(f"storm:{DAYS}", None)
    truth, record = command.both(part, folder)
    event = record.events.pop(100)
    alerts = [alert for alert in record.alerts if alert.rule != "trap_sprung"]
    record.alerts = alerts
    found = evaluation.evaluate(part.scenario, truth, record)
    assert found.messages.lost_names == [f"{event.device} {event.id}"]
    assert found.springs.missed == found.springs.heard
    assert any("missed springs" in text for text in found.failures)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("nowhere",), "neither a file nor one of"),
        (("storm:0",), "the days must be 1 to 3650"),
        (("storm:many",), "the days must be 1 to 3650"),
        (("storm", "--again"), "name the folder with --out"),
    ],
)
def test_what_cannot_be_evaluated_is_refused_with_what_is_allowed(
    arguments: tuple[str, ...], words: str
) -> None:
    refused = evaluate(*arguments)
    assert refused.exit_code == 1
    assert words in str(refused.exception)
