"""`shishigaki users`: accounts made on the command line open the pages."""

import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from dashboard.web.entry.passwords import hasher
from tests.dashboard.client import Client
from tests.dashboard.place import Place

PASSWORD = "ながいながいあいことば2026"


def users(place: Place, *arguments: str, given: str = "") -> subprocess.CompletedProcess[str]:
    """Run the command on the place's database."""
    config = Path(place.store.path).with_suffix(".toml")
    config.write_text(f'[store]\npath = "{place.store.path}"\n', encoding="utf-8")
    command = [sys.executable, "-m", "gateway.cli", "users", *arguments, "-c", str(config)]
    return subprocess.run(
        command, input=given, capture_output=True, text=True, timeout=30, check=False
    )


def test_an_added_user_can_log_in_and_a_removed_one_cannot(place: Place, visitor: Client) -> None:
    assert users(place, "add", "hana", "--role", "trapper", given=f"{PASSWORD}\n").returncode == 0
    form = {"name": "hana", "password": PASSWORD}
    assert visitor.post("/login", data=form).status_code == 303
    assert "(<bdi>hana</bdi>)" in visitor.get("/traps").text
    listed = msgspec.json.decode(users(place, "list", "--json").stdout)
    assert listed == [{"name": "hana", "role": "trapper"}]
    assert users(place, "remove", "hana").returncode == 0
    assert "(hana)" not in visitor.get("/traps").text
    assert visitor.post("/login", data=form).status_code == 403


def test_the_password_is_kept_only_as_a_hash(place: Place) -> None:
    users(place, "add", "hana", given=f"{PASSWORD}\n")
    [account] = place.store.read_now(lambda reader: reader.people.logins())
    assert PASSWORD not in account.password_hash
    assert hasher.verify(account.password_hash, PASSWORD)


@pytest.mark.parametrize(
    ("arguments", "given", "says"),
    [
        (("add", "hana"), "short\n", "at least 12"),
        (("add", "hana"), "", "at least 12"),
        (("remove", "nobody"), "", "no such user; known: none"),
    ],
)
def test_an_impossible_command_is_explained_in_one_line(
    place: Place, arguments: tuple[str, ...], given: str, says: str
) -> None:
    done = users(place, *arguments, given=given)
    assert done.returncode == 1
    assert says in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_an_unknown_role_is_wrong_usage(place: Place) -> None:
    assert users(place, "add", "hana", "--role", "king", given=PASSWORD).returncode == 2
