"""`shishigaki influx`: set up the server, compare it, send again, resume an unfinished backfill."""

import asyncio
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from gateway.cli import app
from gateway.config import Influx
from gateway.export.influx.forward import backfill as walking
from gateway.export.influx.forward.sender import Sender
from gateway.export.influx.responses import ServerAnswer
from gateway.export.influx.server import ResultTable, Server, connect
from gateway.export.influx.setup import advice
from gateway.following.errors import RetryLaterError
from tests.gateway.export.influx.kit import LATER, SITE, filled, settings
from tests.support.samples import TOKYO, at
from tests.support.servers import Influxd


class Place:
    """A filled store, a server, and a configuration that names both."""

    def __init__(self, folder: Path, influxd: Influxd, **more: object) -> None:
        self.store = filled(folder)
        self.influxd = influxd
        self.file = folder / "config.toml"
        extra = "".join(f"{key} = {value!r}\n" for key, value in more.items())
        self.file.write_text(
            f'[site]\nname = "{SITE}"\n[store]\npath = "{folder / "test.db"}"\n'
            f'[influx]\nurl = "{influxd.url}"\ndatabase = "test"\n{extra}'
        )

    def run(self, *arguments: str) -> Result:
        return CliRunner().invoke(app, ["influx", *arguments, "--config", str(self.file)])

    def ask(self, text: str) -> list[list[ResultTable]]:
        async def scenario() -> list[list[ResultTable]]:
            async with connect(settings(self.influxd)) as server:
                return await server.query(text, change=True)

        return asyncio.run(scenario())


@pytest.fixture
def place(tmp_path: Path, influxd: Influxd) -> Place:
    return Place(tmp_path, influxd)


def test_setup_makes_the_database_with_its_shards(place: Place) -> None:
    assert place.run("setup").exit_code == 0
    assert place.run("setup").exit_code == 0  # again changes nothing
    [[table]] = place.ask("SHOW RETENTION POLICIES ON test")
    [row] = [dict(zip(table.columns, values, strict=True)) for values in table.values]
    assert (row["duration"], row["shardGroupDuration"], row["default"]) == ("0s", "8736h0m0s", True)


def calls_itself(version: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async def ping(_: Server) -> str:
        return version

    monkeypatch.setattr(Server, "ping", ping)


@pytest.mark.parametrize("version", ["", "unknown"])
def test_setup_makes_the_database_where_a_proxy_hides_the_version(
    version: str, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls_itself(version, monkeypatch)
    assert place.run("setup").exit_code == 0
    [[table]] = place.ask("SHOW DATABASES")
    assert ["test"] in table.values


def test_setup_never_calls_a_database_ready_that_is_not_there(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """2.x answers for a bucket that it has not as for an empty one."""
    calls_itself("v2.7.12", monkeypatch)
    result = place.run("setup")
    assert result.exit_code == 1
    assert "influx bucket create --name test" in result.stderr
    place.ask("CREATE DATABASE test")
    assert place.run("setup").exit_code == 0


def test_a_retention_shorter_than_a_shard_shortens_the_shard(
    tmp_path: Path, influxd: Influxd
) -> None:
    place = Place(tmp_path, influxd, retention_days=30)
    assert place.run("setup").exit_code == 0
    [[table]] = place.ask("SHOW RETENTION POLICIES ON test")
    row = dict(zip(table.columns, table.values[0], strict=True))
    assert (row["duration"], row["shardGroupDuration"]) == ("720h0m0s", "720h0m0s")


def test_verify_finds_what_is_missing_and_backfill_sends_it(place: Place) -> None:
    place.run("setup")
    missing = place.run("verify", "--json")
    assert missing.exit_code == 1
    assert {row["server"] for row in json.loads(missing.stdout)["differences"]} == {0}
    assert "journal" in place.run("verify").stdout
    assert place.run("backfill").exit_code == 0
    found = place.run("verify", "--json")
    assert (found.exit_code, json.loads(found.stdout)["differences"]) == (0, [])


def test_backfill_of_a_day_sends_that_day_only(place: Place) -> None:
    place.run("setup")
    assert place.run("backfill", "--from", "2026-11-01", "--to", "2026-11-01").exit_code == 0
    assert place.run("verify", "--from", "2026-11-01", "--to", "2026-11-01").exit_code == 0
    assert place.run("verify").exit_code == 1


def test_an_unfinished_backfill_resumes(tmp_path: Path) -> None:
    store = filled(tmp_path)
    sent: list[int] = []

    async def walk(answers: int) -> None:
        async def write(body: bytes) -> ServerAnswer:
            sent.append(len(body))
            return ServerAnswer(204) if len(sent) <= answers else ServerAnswer(503, "busy")

        sender = Sender(store, write, SITE, TOKYO, lambda: LATER, 40)
        async for step in walking.backfill(store, sender, at(0), at(60 * 48)):
            steps.append(step)  # noqa: PERF401 - what came before an error counts too

    steps: list[walking.BackfillStep] = []
    with pytest.raises(RetryLaterError, match="503 busy"):
        asyncio.run(walk(2))
    assert [step.sent for step in steps] == [0, 40, 80]
    steps.clear()
    asyncio.run(walk(10_000))
    total = store.read_now(lambda r: r.influx.head())
    assert (steps[0].sent, steps[-1].sent, steps[-1].total) == (80, total, total)
    steps.clear()
    asyncio.run(walk(10_000))
    assert steps[0].sent == 0  # a finished one begins anew


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("", "influx.url is empty"),
        ("http://127.0.0.1:9", "ClientConnectorError"),
    ],
)
def test_a_failure_is_printed_in_one_line(
    tmp_path: Path, url: str, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = filled(tmp_path)
    store.close()
    monkeypatch.setenv("SHISHIGAKI_INFLUX__URL", url)
    monkeypatch.setenv("SHISHIGAKI_STORE__PATH", str(tmp_path / "test.db"))
    for command in ("setup", "verify", "backfill"):
        result = CliRunner().invoke(app, ["influx", command])
        assert result.exit_code == 1
        assert reason in result.stderr + str(result.exception)


def test_other_versions_of_influxdb_get_the_commands_to_run() -> None:
    two = advice(Influx(url="http://h", database="wild", retention_days=400), "v2.7.1")
    assert "influx bucket create --name wild --retention 400d --shard-group-duration 364d" in two
    assert "influx v1 dbrp create --db wild" in two
    assert "influxdb3 create database wild" in advice(
        Influx(url="http://h", database="wild"), "3.1"
    )


def test_a_secret_never_shows(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHISHIGAKI_INFLUX__TOKEN", "geheim-123")
    monkeypatch.setenv("SHISHIGAKI_INFLUX__URL", "http://127.0.0.1:9")
    result = place.run("verify")
    assert "geheim-123" not in result.stdout + result.stderr
