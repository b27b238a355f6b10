"""``shishigaki decode`` and ``shishigaki dialects`` as an installer uses them."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from gateway.cli import app
from gateway.dialects.table import TABLE
from gateway.domain.model import RefusalReason
from tests.gateway.dialects.fixtures import OPEN, UP, chirpstack, encode
from tests.gateway.dialects.samples import EXPECTED, SAMPLES
from tests.gateway.dialects.test_samples import ROWS, needs_samples


def _decode(dialect: str, topic: str, payload: bytes | None = None, *more: str) -> Result:
    arguments = ["decode", "--dialect", dialect, "--topic", topic, *more]
    return CliRunner().invoke(app, arguments, input=payload)


def _lines(result: Result) -> list[dict[str, Any]]:
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_an_event_is_one_json_object_a_line_with_the_fields_that_others_rely_on() -> None:
    body = encode(chirpstack(OPEN))
    result = _decode("chirpstack", UP, body, "--received", "2026-11-23T04:05:06Z")
    assert result.exit_code == 0
    assert _lines(result) == [
        {
            "id": "8b7c1a52-3f0e-4d5a-9a63-0c2b7c1d9e01",
            "device": "24e124136b502217",
            "kind": "trap.sprung",
            "observed_at": "2026-11-23T04:05:01.123456Z",
            "received_at": "2026-11-23T04:05:06Z",
            "time_quality": "synced",
            "device_time": "2026-11-23T04:05:01.123456Z",
            "battery_pct": 92.0,
            "rssi_dbm": -97.0,
            "snr_db": 7.2,
        }
    ]


def test_a_file_is_read_like_standard_input(tmp_path: Path) -> None:
    path = tmp_path / "up.json"
    path.write_bytes(encode(chirpstack(OPEN)))
    assert _lines(_decode("chirpstack", UP, None, str(path)))[0]["kind"] == "trap.sprung"


def test_sensor_models_of_the_configuration_are_known_to_decode(tmp_path: Path) -> None:
    path = tmp_path / "own.toml"
    path.write_text('[models.acme]\ntitle = "Acme"\n[models.acme.fields]\ngate = "contact"\n')
    result = _decode("lorawan_codec", "t", b'{"gate": "open"}', "-c", str(path))
    assert [line["kind"] for line in _lines(result)] == ["trap.sprung"]


def test_a_payload_that_means_nothing_exits_1_with_the_reason() -> None:
    result = _decode("chirpstack", UP.replace("/up", "/txack"), b"{}")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith("irrelevant: ")
    assert _decode("tts", "v3/a/devices/b/up", b'{"end_device').exit_code == 1


@pytest.mark.parametrize(
    ("arguments", "shown"),
    [
        (["decode", "--dialect", "lora", "--topic", "t"], "chirpstack"),
        (["decode", "--dialect", "native"], "--topic"),
        (["decode", "--dialect", "native", "--topic", "t", "/no/such/file"], "/no/such/file"),
        (["decode", "--dialect", "native", "--topic", "t", "--received", "noon", "-"], "noon"),
        (["dialects", "--lang", "fr"], "fr"),
    ],
)
def test_wrong_usage_exits_2_and_says_what_is_allowed(arguments: list[str], shown: str) -> None:
    result = CliRunner().invoke(app, arguments, input=b"")
    assert result.exit_code == 2
    assert shown in result.stderr


def test_the_table_is_there_for_programs_and_for_people() -> None:
    shown = json.loads(CliRunner().invoke(app, ["dialects", "--json"]).stdout)
    assert [row["name"] for row in shown] == [row.name for row in TABLE]
    assert shown[1]["topics"] == ["application/+/device/+/event/+"]
    for language, word in (("ja", "購読"), ("en", "Topics")):
        people = CliRunner().invoke(app, ["dialects", "--lang", language], env={"COLUMNS": "200"})
        assert word in people.stdout
        assert "Milesight WS301" in people.stdout
        assert "[integration.mqtt]" in people.stdout


@needs_samples
@pytest.mark.parametrize("file", ["senml/rfc8428_5_1_1_single.json", "tasmota/lwt_online.json"])
def test_the_command_reads_a_sample_as_the_dialect_does(file: str) -> None:
    expected, _ = EXPECTED[file]
    assert not isinstance(expected, RefusalReason)
    row = ROWS[file]
    result = _decode(row["dialect"], row["topic"], None, str(SAMPLES / file))
    assert [line["kind"] for line in _lines(result)] == [kind.value for kind in expected]
