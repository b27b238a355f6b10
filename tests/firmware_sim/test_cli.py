"""The command `simulate`."""

import signal
import threading

import pytest
import typer
from typer.testing import CliRunner

from firmware_sim.cli import simulate
from tests.support.servers import Mosquitto

app = typer.Typer()
app.command()(simulate)


def test_an_unknown_scenario_is_refused_with_the_choice() -> None:
    result = CliRunner().invoke(app, ["nowhere"])
    assert result.exit_code == 1
    assert "fukue, goto-2017" in result.stderr


def test_an_impossible_speed_is_wrong_usage() -> None:
    assert CliRunner().invoke(app, ["tiny", "--speed", "0"]).exit_code == 2


@pytest.mark.real
def test_it_runs_for_the_given_duration_and_exits_0(mosquitto: Mosquitto) -> None:
    before = threading.active_count(), signal.getsignal(signal.SIGINT)
    result = CliRunner().invoke(app, ["tiny", "--port", str(mosquitto.port), "--duration", "0.3"])
    assert result.exit_code == 0
    assert "5 devices" in result.stdout
    assert (threading.active_count(), signal.getsignal(signal.SIGINT)) == before
