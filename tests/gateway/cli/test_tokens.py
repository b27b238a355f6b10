"""`shishigaki tokens`: made once, kept as a hash, ended at once."""

import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from gateway.domain.people.api_token import ApiToken, Scope, TokenError, check, hash_of
from gateway.domain.people.person import UserRole

NOW = datetime(2026, 11, 28, tzinfo=UTC)


def tokens(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command on a database of the test's own."""
    config = folder / "site.toml"
    config.write_text(f'[store]\npath = "{folder / "site.db"}"\n', encoding="utf-8")
    command = [sys.executable, "-m", "gateway.cli", "tokens", *arguments, "-c", str(config)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def listed(folder: Path) -> list[ApiToken]:
    return msgspec.json.decode(tokens(folder, "list", "--json").stdout, type=list[ApiToken])


def rows(folder: Path) -> list[tuple[str, bytes]]:
    with closing(sqlite3.connect(folder / "site.db")) as connection:
        return connection.execute("SELECT id, body FROM api_token").fetchall()


def test_a_token_is_shown_once_and_kept_as_a_hash(tmp_path: Path) -> None:
    made = tokens(tmp_path, "add", "qgis", "--scope", "devices", "--days", "30")
    secret = made.stdout.strip()
    assert secret.startswith("shishigaki_")
    assert len(secret) > 40
    [(id_, body)] = rows(tmp_path)
    assert id_ == hash_of(secret)
    assert secret[11:].encode() not in body
    shown = tokens(tmp_path, "list")
    assert "qgis" in shown.stdout
    assert secret[11:] not in shown.stdout
    [token] = listed(tmp_path)
    assert (token.role, token.scopes) == (UserRole.VIEWER, (Scope.DEVICES,))
    assert token.expires_at - token.created_at == timedelta(days=30)


def test_a_name_is_used_by_one_token_until_it_is_revoked(tmp_path: Path) -> None:
    assert tokens(tmp_path, "add", "qgis").returncode == 0
    second = tokens(tmp_path, "add", "qgis")
    assert (second.returncode, second.stdout) == (1, "")
    assert "revoke it first" in second.stderr
    assert tokens(tmp_path, "revoke", "qgis").returncode == 0
    again = tokens(tmp_path, "revoke", "qgis")
    assert again.returncode == 1
    assert "no such token" in again.stderr
    assert tokens(tmp_path, "add", "qgis").returncode == 0
    assert [one.revoked_at is None for one in listed(tmp_path)].count(True) == 1


@pytest.mark.parametrize("role", [UserRole.ADMIN, UserRole.DEPUTY])
def test_a_token_never_gets_the_role_of_an_admin_or_a_deputy(role: UserRole) -> None:
    with pytest.raises(TokenError, match="allowed for a token"):
        check(token(role=role))


def test_a_trapper_s_token_names_its_places() -> None:
    with pytest.raises(TokenError, match="--place"):
        check(token(role=UserRole.TRAPPER))
    check(token(role=UserRole.TRAPPER, places=("岐宿",)))


def test_a_token_opens_until_it_expires_or_is_revoked() -> None:
    one = token()
    assert one.opens(NOW)
    assert one.opens(one.expires_at - timedelta(seconds=1))
    assert not one.opens(one.expires_at)
    assert not token(revoked_at=NOW).opens(NOW)


def token(**values: object) -> ApiToken:
    given = {
        "name": "qgis",
        "role": UserRole.VIEWER,
        "scopes": (Scope.DEVICES,),
        "places": (),
        "created_at": NOW,
        "expires_at": NOW + timedelta(days=1),
    } | values
    return msgspec.convert(given, ApiToken)
