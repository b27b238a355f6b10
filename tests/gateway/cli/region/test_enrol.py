"""`region enrol`, `revoke`, `rebuild`: a town may send with what it was given, until it is taken away."""

import asyncio
import subprocess
from pathlib import Path

import asyncpg
import pytest
from typer.testing import CliRunner, Result

from gateway.cli import app
from gateway.region.enrolment import decode_enrolment
from gateway.region.hub.database import Connection
from gateway.region.hub.migrations import migrate
from tests.support.region.servers.postgres import Postgres

SERIALS = "SELECT c.serial FROM region.certificate c WHERE revoked_at IS NULL ORDER BY issued_at"
pytestmark = pytest.mark.real


@pytest.fixture
def authority(tmp_path: Path) -> Path:
    """A folder as setup.sh prepares it."""
    key = [
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:P-256",
        "-nodes",
        "-keyout",
        "towns.ca.key",
    ]
    run = ["openssl", "req", "-x509", *key, "-out", "towns.ca", "-subj", "/CN=towns"]
    subprocess.run(run, cwd=tmp_path, check=True, capture_output=True)
    (tmp_path / "uplink.url").write_text("https://uplink.example.jp\n")
    return tmp_path


@pytest.fixture
def database(empty_region: str) -> str:
    """A hub's database."""
    asyncio.run(_on(empty_region, migrate))
    return empty_region


async def _on(database: str, work: object) -> object:
    link = await asyncpg.connect(database)
    try:
        return await work(link)  # type: ignore[operator]
    finally:
        await link.close()


def valid(database: str) -> list[str]:
    """The serial numbers that the hub takes."""

    async def read(link: Connection) -> list[str]:
        return [row["serial"] for row in await link.fetch(SERIALS)]

    found = asyncio.run(_on(database, read))
    assert isinstance(found, list)
    return found


def kinds(database: str) -> dict[str, str]:
    """What each that may send is."""

    async def read(link: Connection) -> dict[str, str]:
        return dict(await link.fetch("SELECT id, kind FROM region.organisation"))

    found = asyncio.run(_on(database, read))
    assert isinstance(found, dict)
    return found


def region(*words: str, database: str, authority: Path) -> Result:
    """Run a command of the group."""
    more = ["--database", database, "--authority", str(authority)]
    return CliRunner().invoke(app, ["region", *words, *more])


def test_a_town_is_let_in_and_its_certificates_are_taken_away(
    database: str, authority: Path
) -> None:
    out = authority / "iki.txt"
    for _ in range(2):
        told = region("enrol", "iki", "--out", str(out), database=database, authority=authority)
        assert told.exit_code == 0, told.output
    enrolment = decode_enrolment(out.read_text())
    assert (enrolment.town, enrolment.url) == ("iki", "https://uplink.example.jp")
    assert out.stat().st_mode & 0o777 == 0o600
    first, second = valid(database)
    assert (
        region("revoke", "iki", "--serial", first, database=database, authority=authority).exit_code
        == 0
    )
    assert valid(database) == [second]
    assert region("revoke", "iki", database=database, authority=authority).exit_code == 0
    assert valid(database) == []
    assert region("revoke", "iki", database=database, authority=authority).exit_code == 1


@pytest.mark.long
def test_a_new_database_learns_who_may_send_and_who_may_not(
    database: str, authority: Path, postgres: Postgres
) -> None:
    for name in ("iki", "goto", "saza"):
        region("enrol", name, database=database, authority=authority)
    region("revoke", "goto", database=database, authority=authority)
    region("enrol-hub", "nagasaki", database=database, authority=authority)
    kept = valid(database)
    fresh = postgres.create_database("fresh_region")
    try:
        postgres.execute("CREATE EXTENSION postgis", database="fresh_region")
        asyncio.run(_on(fresh, migrate))
        assert valid(fresh) == []
        assert region("rebuild", database=fresh, authority=authority).exit_code == 0
        assert valid(fresh) == kept
        assert len(kept) == 3
        wanted = {"iki": "town", "goto": "town", "saza": "town", "nagasaki": "hub"}
        assert (kinds(database), kinds(fresh)) == (wanted, wanted)
    finally:
        postgres.execute("DROP DATABASE fresh_region WITH (FORCE)")


@pytest.mark.parametrize("suffix", [".svg", ".png"])
def test_the_enrolment_can_be_a_qr_code(database: str, authority: Path, suffix: str) -> None:
    out = authority / f"iki{suffix}"
    region("enrol", "iki", "--out", str(out), database=database, authority=authority)
    assert out.stat().st_size > 1_000
    assert out.stat().st_mode & 0o777 == 0o600


def test_a_name_that_no_town_has_is_refused_before_anything_is_made(
    database: str, authority: Path
) -> None:
    told = region("enrol", "壱岐", database=database, authority=authority)
    assert told.exit_code == 1
    assert not (authority / "enrolled.jsonl").exists()
