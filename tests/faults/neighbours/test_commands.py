"""The gateway's own commands beside it: they never exchange its file, and what they mended is told by it."""

import asyncio
import os
import subprocess
import sys
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from gateway.cli import app
from gateway.store import Store, StoreError
from gateway.store.file.file_watch import FileWatch
from gateway.store.file.gateway_lock import GatewayLock
from gateway.store.housekeeping import Housekeeping
from tests.faults.disk.story import fill
from tests.support.samples import TOKYO

EVENTS = 300


def faults(store: Store) -> dict[str, str]:
    """As /healthz and the rules have them."""
    keeping = Housekeeping(store, 0, lambda: datetime.now(UTC), lambda: True)
    return keeping.faults() | FileWatch(store, lambda: datetime.now(UTC)).faults()


def break_head(path: Path) -> None:
    with path.open("r+b") as file:
        file.write(b"SQLite garbage!!")


@pytest.fixture
def database(tmp_path: Path) -> Path:
    path = tmp_path / "gateway.db"
    fill(path, EVENTS)
    return path


def run(database: Path, command: str) -> str:
    environment = {"SHISHIGAKI_STORE__PATH": str(database)}
    return CliRunner().invoke(app, command.split(), env=environment).output


@pytest.mark.parametrize("command", ["devices list", "users list", "quarantine list"])
def test_a_salvage_made_by_any_command_is_reported_by_the_next_gateway(
    database: Path, command: str
) -> None:
    break_head(database)
    run(database, command)
    with closing(Store(database, TOKYO, alone=True)) as store:
        assert store.salvaged is None  # it was mended before
        assert list(faults(store)) == ["database"]
        assert f"{EVENTS} events" in faults(store)["database"]


def test_a_command_does_not_salvage_a_file_that_a_gateway_has_open(database: Path) -> None:
    before = database.stat().st_ino
    with closing(Store(database, TOKYO, alone=True)):
        script = (
            "import sys; from pathlib import Path; from zoneinfo import ZoneInfo; "
            "from gateway.store import Store; p = Path(sys.argv[1]); "
            "f = p.open('r+b'); f.write(b'SQLite garbage!!'); f.close(); "
            "Path(str(p) + '-wal').unlink(missing_ok=True); Store(p, ZoneInfo('UTC'))"
        )
        found = subprocess.run(
            [sys.executable, "-c", script, database], capture_output=True, text=True, check=False
        )
        assert f"in use by another gateway (process {os.getpid()})" in found.stderr
        assert database.stat().st_ino == before


def test_two_gateways_on_one_database_the_second_is_refused(database: Path) -> None:
    with closing(Store(database, TOKYO, alone=True)):
        with pytest.raises(StoreError, match="in use by another gateway"):
            Store(database, TOKYO, alone=True)
        link = database.with_name("link.db")
        link.symlink_to(database)
        with pytest.raises(StoreError, match="in use by another gateway"):
            Store(link, TOKYO, alone=True)
        with closing(Store(database, TOKYO)) as command:  # beside it
            command.write_now(lambda tx: tx.put_setting("a", "b"))
    Store(database, TOKYO, alone=True).close()


def test_control_without_the_lock_a_second_gateway_opens_the_same_file(
    database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(GatewayLock, "take", lambda _lock: None)
    with (
        closing(Store(database, TOKYO, alone=True)) as first,
        closing(Store(database, TOKYO, alone=True)) as second,
    ):
        second.write_now(lambda tx: tx.put_setting("a", "b"))
        assert first.path == second.path


def test_a_lock_file_that_was_deleted_is_taken_again(database: Path) -> None:
    other = GatewayLock(database)
    with closing(Store(database, TOKYO, alone=True)) as store:
        database.with_name("gateway.db.lock").unlink()
        asyncio.run(store.verify())
        with pytest.raises(StoreError, match="in use by another gateway"):
            other.take()


def test_a_lock_file_that_was_deleted_and_taken_by_another_gateway_is_a_fault(
    database: Path,
) -> None:
    take = (
        "import sys; from pathlib import Path; from gateway.store.file.gateway_lock import GatewayLock; "
        "GatewayLock(Path(sys.argv[1])).take(); print('taken', flush=True); sys.stdin.read()"
    )
    with closing(Store(database, TOKYO, alone=True)) as store:
        watch = FileWatch(store, lambda: datetime.now(UTC))
        database.with_name("gateway.db.lock").unlink()
        with subprocess.Popen(
            [sys.executable, "-c", take, database], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        ) as other:
            assert other.stdout
            assert other.stdout.readline() == b"taken\n"
            asyncio.run(watch.read())
            assert f"process {other.pid}" in watch.faults()["file"]
            other.kill()
        asyncio.run(watch.read())
        assert watch.faults() == {}
        with pytest.raises(StoreError, match="in use by another gateway"):
            GatewayLock(database).take()
