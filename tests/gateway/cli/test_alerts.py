"""`shishigaki alerts`: every channel's own answer, exit 1 when one fails."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from gateway.cli import app
from tests.gateway.alerts.channels.provider import OK, WRONG, Answer, providing
from tests.support.servers import Mosquitto

LINE = "line:S3CRET@U" + "0" * 32


def configured(folder: Path, channels: list[str], line_url: str, port: int = 1) -> str:
    path = folder / "gw.toml"
    path.write_text(
        f'[mqtt]\nport = {port}\n[store]\npath = "{folder}/x.db"\n[alerts]\nline_url = "{line_url}"\n'
        f'[[people]]\nname = "tanaka"\nchannels = {channels!r}\n'.replace("'", '"'),
        encoding="utf-8",
    )
    return str(path)


@pytest.mark.parametrize(
    ("answer", "code", "shown"), [(OK, 0, "○ line: accepted"), (WRONG, 1, "× line: 400")]
)
def test_a_test_message_shows_each_providers_answer_and_no_secret(
    tmp_path: Path, answer: Answer, code: int, shown: str
) -> None:
    with providing(lambda _: answer) as provider:
        config = configured(tmp_path, ["console:", LINE], provider.url)
        result = CliRunner().invoke(app, ["alerts", "test", "--person", "tanaka", "-c", config])
    assert result.exit_code == code
    assert "○ console: shown" in result.output
    assert shown in result.output
    assert "S3CRET" not in result.output
    assert len(provider.calls) == 1


@pytest.mark.real
def test_a_siren_is_tested_and_falls_silent_again(tmp_path: Path, mosquitto: Mosquitto) -> None:
    config = configured(tmp_path, ["mqtt:"], "http://127.0.0.1:9", mosquitto.port)
    result = CliRunner().invoke(app, ["alerts", "test", "--person", "tanaka", "-c", config])
    assert (result.exit_code, result.output.strip()) == (0, "○ mqtt: taken by the broker")


def test_without_a_broker_the_test_reports_that_the_siren_stays_silent(tmp_path: Path) -> None:
    config = configured(tmp_path, ["mqtt:"], "http://127.0.0.1:9")
    result = CliRunner().invoke(app, ["alerts", "test", "--person", "tanaka", "-c", config])
    assert result.exit_code == 1
    assert "× mqtt" in result.output


def test_what_is_open_can_be_listed(tmp_path: Path) -> None:
    config = configured(tmp_path, ["console:"], "http://127.0.0.1:9")
    result = CliRunner().invoke(app, ["alerts", "list", "--json", "-c", config])
    assert (result.exit_code, result.output.strip()) == (0, "[]")
