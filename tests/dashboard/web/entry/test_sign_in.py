"""Sign-in links: for one person, once, within their days; who may print them; the first administrator."""

import html
import re
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest

from dashboard.web.entry import qr
from dashboard.web.entry.passwords import hasher
from dashboard.web.entry.sign_in import may_print
from gateway.domain.people.permissions import access_of
from gateway.domain.people.person import Person, UserRole
from tests.dashboard.client import Answer, Client
from tests.dashboard.place import Place
from tests.support.people import keep, login, take_out

PASSWORD = "あかるい猪垣 2026"
OFFICE = login("office", UserRole.OFFICIAL, hasher.hash(PASSWORD))
HANA = Person(name="hana", role=UserRole.TRAPPER)
BOSS = login("boss", UserRole.ADMIN, hasher.hash(PASSWORD))


@pytest.fixture
def guarded(tmp_path: Path) -> Iterator[Place]:
    """A place with an official, a trapper without a password and an administrator."""
    place = Place(tmp_path, host="0.0.0.0", secret="s" * 32)
    keep(place.store, OFFICE, HANA, BOSS)
    yield place
    place.store.close()


@pytest.fixture
def url(guarded: Place) -> Iterator[str]:
    """Its pages."""
    with guarded.served() as address:
        yield address


def printed(url: str, name: str = "hana", by: str = "office", **form: str) -> Answer:
    """What the office gets when it makes a sheet."""
    client = Client(url)
    client.post("/login", {"name": by, "password": PASSWORD})
    return client.post("/sign-in", {"person": name, "days": "7", "size": "a6", **form})


def path_on(sheet: Answer) -> str:
    """The link of a sheet."""
    found = re.search(r"/in/[\w-]+", sheet.text)
    assert found
    return found[0]


def is_in(client: Client) -> bool:
    return client.get("/api/traps").status_code == 200


def test_the_code_on_the_sheet_is_the_link(url: str) -> None:
    sheet = printed(url)
    assert sheet.status_code == 200
    address = html.unescape(re.search(r"<small>(http[^<]+)</small>", sheet.text)[1])  # type: ignore[index]
    assert address == url + path_on(sheet)
    assert str(qr.drawn(address)) in sheet.text
    assert str(qr.drawn(address + "x")) not in sheet.text


def test_a_link_signs_in_once_and_looking_at_it_does_not_use_it_up(url: str) -> None:
    path = path_on(printed(url))
    for _ in range(3):  # previews of messages, virus scanners, a phone that asks twice
        preview = Client(url).get(path)
        assert (preview.status_code, "hana" in preview.text) == (200, True)
        assert "set-cookie" not in preview.headers
    phone, thief = Client(url), Client(url)
    assert phone.post(path).headers["location"] == "/traps"
    assert is_in(phone)
    assert thief.post(path).status_code == 404
    assert not is_in(thief)
    assert "使用済み" in thief.get(path).text


def test_of_many_who_press_at_the_same_time_one_gets_in(url: str) -> None:
    path = path_on(printed(url))
    with ThreadPoolExecutor(12) as crowd:
        answers = [crowd.submit(Client(url).post, path) for _ in range(12)]
        assert sorted(one.result().status_code for one in answers) == [303] + [404] * 11


def test_a_link_ends_with_its_days_with_a_new_one_and_with_the_person(
    url: str, guarded: Place
) -> None:
    first = path_on(printed(url))
    second = path_on(printed(url))
    assert Client(url).get(first).status_code == 404
    guarded.now += timedelta(days=7, seconds=1)
    assert Client(url).post(second).status_code == 404
    third = path_on(printed(url))
    assert take_out(guarded.store, "hana")
    assert Client(url).post(third).status_code == 404


@pytest.mark.parametrize(
    "form", [{"days": "0"}, {"days": "91"}, {"days": "-1"}, {"days": "x"}, {"size": "a0"}]
)
def test_a_sheet_that_makes_no_sense_is_not_made(url: str, form: dict[str, str]) -> None:
    assert printed(url, **form).status_code == 400


def test_nobody_prints_a_sheet_for_somebody_with_more_rights(url: str) -> None:
    assert [printed(url, name).status_code for name in ("hana", "office", "boss", "nobody")] == [
        200,
        403,
        403,
        404,
    ]
    assert printed(url, "office", by="boss").status_code == 200
    phone = Client(url)
    phone.post(path_on(printed(url)))
    assert phone.get("/sign-in").status_code == 403
    assert phone.post("/sign-in", {"person": "hana"}).status_code == 403
    for role in UserRole:
        assert may_print(access_of(BOSS, on_duty=True), Person(name="x", role=role))


def test_the_database_holds_no_link_and_the_audit_says_who_made_one(
    url: str, guarded: Place
) -> None:
    token = path_on(printed(url)).removeprefix("/in/").encode()
    for path in Path(guarded.store.path).parent.glob("place.db*"):
        assert token not in path.read_bytes()
    [row] = guarded.store.read_now(lambda reader: reader.people.changes(1))
    assert (row.by, row.person, row.what) == ("office", "hana", "link")


def users(place: Place, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command on the place's database."""
    config = Path(place.store.path).with_suffix(".toml")
    config.write_text(f'[store]\npath = "{place.store.path}"\n', encoding="utf-8")
    command = [sys.executable, "-m", "gateway.cli", "users", *arguments, "-c", str(config)]
    return subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)


def test_the_first_administrator_is_shown_once_and_ends_reading_without_a_login(
    place: Place, visitor: Client
) -> None:
    assert visitor.get("/traps").status_code == 200
    shown = users(place, "first", "--url", "http://box.local:8000").stdout
    address = shown.split()[-1]
    assert address.startswith("http://box.local:8000/in/")
    assert "█" in shown
    assert visitor.get("/traps").status_code == 303
    assert users(place, "first").stdout == ""
    [admin] = place.store.read_now(lambda reader: reader.people.all())
    assert (admin.name, admin.role, admin.password_hash) == ("admin", UserRole.ADMIN, "")


def test_where_somebody_can_log_in_there_is_no_first_administrator(guarded: Place) -> None:
    done = users(guarded, "first")
    assert (done.returncode, done.stdout) == (0, "")


def test_the_command_makes_a_link_and_removing_the_person_ends_it(url: str, guarded: Place) -> None:
    path = "/in/" + users(guarded, "qr", "hana", "--days", "90").stdout.split("/in/")[-1].strip()
    assert users(guarded, "remove", "hana").returncode == 0
    assert Client(url).post(path).status_code == 404
    wrong = users(guarded, "qr", "nobody")
    assert (wrong.returncode, "known: boss, office" in wrong.stderr) == (1, True)
