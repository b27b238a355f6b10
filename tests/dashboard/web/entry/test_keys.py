"""Secrets for one-tap links and known browsers: apart, private, replaced while the pages are served."""

import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec
import pytest
from itsdangerous import URLSafeSerializer
from starlette.applications import Starlette

from dashboard.trapper.one_tap import OneTap
from dashboard.web.entry.browsers import COOKIE as BROWSER
from dashboard.web.entry.guesses import TRIES
from dashboard.web.entry.key_file import KeyFile
from dashboard.web.entry.passwords import hasher
from dashboard.web.responses import Reply
from gateway.alerts.links import BadTicketError, Links
from gateway.config import check
from gateway.domain.model import Kind
from gateway.domain.people.person import UserRole
from gateway.domain.people.signing import KeyRing, Purpose, SigningKey, new_ring
from gateway.store import Store
from gateway.store.feed import Feed
from tests.dashboard.client import Client
from tests.dashboard.place import Place
from tests.gateway.alerts.site import PEOPLE, Site
from tests.support.asgi import Phone
from tests.support.people import keep, login

NOW = datetime(2026, 11, 29, tzinfo=UTC)
PASSWORD = "あかるい猪垣 2026"
URL = "https://wall.example"


def rotate(folder: Path, *options: str, secret: str = "") -> subprocess.CompletedProcess[str]:
    """Run `shishigaki secrets` on the database of a folder, beside the pages that use it."""
    config = folder / "site.toml"
    config.write_text(
        f'[store]\npath = "{next(folder.glob("*.db"))}"\n[dashboard]\nsecret = "{secret}"\n',
        encoding="utf-8",
    )
    command = [sys.executable, "-m", "gateway.cli", "secrets", *options, "-c", str(config)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def links_of(database: Path, now: datetime = NOW, secret: str = "") -> Links:
    return Links(KeyFile(database, secret, lambda: now).keys(Purpose.LINKS), URL)


def is_read(links: Links, token: str) -> bool:
    try:
        links.read(token)
    except BadTicketError:
        return False
    return True


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """A database, which the command opens too."""
    path = tmp_path / "place.db"
    Store(path, ZoneInfo("Asia/Tokyo")).close()
    return path


def test_the_file_is_made_once_and_readable_by_its_owner_only(database: Path) -> None:
    token = links_of(database).token("a", "tanaka", NOW)
    assert is_read(links_of(database), token)
    assert (database.parent / "place.keys").stat().st_mode & 0o077 == 0


def test_links_and_browsers_are_signed_by_secrets_of_their_own(database: Path) -> None:
    file = KeyFile(database, "", lambda: NOW)
    ring = file.ring()
    assert ring.accepted(Purpose.LINKS, NOW) != ring.accepted(Purpose.BROWSERS, NOW)
    [browsers] = file.keys(Purpose.BROWSERS)()
    assert not is_read(links_of(database), Links(browsers).token("a", "tanaka", NOW))
    assert browsers not in repr(ring)


@pytest.mark.parametrize("configured", ["", "s" * 32])
def test_what_the_secret_of_an_earlier_version_signed_counts_until_it_is_replaced(
    database: Path, configured: str
) -> None:
    former = database.with_suffix(".secret")
    former.write_text("f" * 32)
    token = Links(configured or "f" * 32, URL).token("a", "tanaka", NOW)
    assert is_read(links_of(database, secret=configured), token)
    assert not former.exists(), "it would come back when the new file is lost"
    assert rotate(database.parent, "rotate", "--now", secret=configured).returncode == 0
    assert not is_read(links_of(database, secret=configured), token)


def test_a_new_configured_secret_ends_every_link(database: Path) -> None:
    token = links_of(database, secret="one").token("a", "tanaka", NOW)
    assert is_read(links_of(database, secret="one"), token)
    assert not is_read(links_of(database, secret="two"), token)
    assert not is_read(links_of(database), token)


def test_nothing_is_ever_signed_with_an_empty_secret(database: Path) -> None:
    links_of(database, secret="one").token("a", "tanaka", NOW)  # the file's part is empty
    keys = KeyFile(database, "", lambda: NOW).keys(Purpose.LINKS)
    assert keys()
    assert all(len(one) >= 32 for one in keys())


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe", b'{"keys": {}}', b'{"keys": []}'])
def test_a_file_that_cannot_be_read_is_replaced_and_never_by_a_secret_given_up(
    database: Path, content: bytes
) -> None:
    token = links_of(database, secret="s" * 32).token("a", "tanaka", NOW)
    database.with_suffix(".keys").write_bytes(content)
    again = links_of(database, secret="s" * 32)
    assert not is_read(again, token)
    assert is_read(links_of(database, secret="s" * 32), again.token("a", "tanaka", NOW))


def test_a_process_that_runs_keeps_its_secrets_when_the_file_is_damaged(database: Path) -> None:
    links = links_of(database)
    token = links.token("a", "tanaka", NOW)
    database.with_suffix(".keys").write_bytes(b"")
    assert is_read(links, token)
    assert is_read(links_of(database), token), "and they are in the file again"


def test_the_old_secret_counts_for_the_days_that_were_given_and_signs_nothing_more() -> None:
    ring = KeyRing({Purpose.LINKS: (SigningKey("old", NOW),)})
    after = ring.rotated(Purpose.LINKS, NOW, timedelta(days=3))
    old, new = after.accepted(Purpose.LINKS, NOW + timedelta(days=2))
    assert (old, len(new)) == ("old", 43)
    assert after.accepted(Purpose.LINKS, NOW + timedelta(days=3)) == (new,)
    twice = after.rotated(Purpose.LINKS, NOW + timedelta(days=1), timedelta(days=90))
    assert "old" not in twice.accepted(Purpose.LINKS, NOW + timedelta(days=3)), "not prolonged"
    assert len(ring.rotated(Purpose.LINKS, NOW, timedelta()).of(Purpose.LINKS)) == 1
    assert new_ring(NOW).of(Purpose.BROWSERS)[0].until is None


def test_a_link_in_a_message_works_through_a_rotation_and_ends_with_the_old_secret(
    tmp_path: Path,
) -> None:
    site = Site(tmp_path)
    site.hear("trap-01", Kind.SET, 0)
    site.hear("trap-01", Kind.SPRUNG, 5)
    now = datetime.now(UTC)  # the command has no other clock
    file = KeyFile(site.store.path, "", lambda: now)
    links = Links(file.keys(Purpose.LINKS), URL, days=90)
    reply = Reply(check({"people": PEOPLE}))
    page = OneTap(site.store, Feed(), reply, site.policy, links, lambda: now)
    phone = Phone(Starlette(routes=page.routes()))
    [alert] = site.open().values()
    address = links.url(alert.id, "tanaka", now)
    assert phone.get(address).status_code == 200
    assert rotate(tmp_path, "rotate", "--accept-days", "5").returncode == 0
    newer = links.url(alert.id, "tanaka", now)
    now += timedelta(days=4)
    assert (phone.get(address).status_code, phone.get(newer).status_code) == (200, 200)
    now += timedelta(days=2)
    assert (phone.get(address).status_code, phone.get(newer).status_code) == (404, 200)
    assert rotate(tmp_path, "rotate", "--now", "--only", "browsers").returncode == 0
    assert phone.get(newer).status_code == 200
    assert rotate(tmp_path, "rotate", "--now").returncode == 0
    assert phone.get(newer).status_code == 404
    site.store.close()


@pytest.fixture
def guarded(tmp_path: Path) -> Iterator[Place]:
    """A place with somebody who may log in."""
    place = Place(tmp_path, host="0.0.0.0")
    place.now = datetime.now(UTC)
    keep(place.store, login("hana", UserRole.OFFICIAL, hasher.hash(PASSWORD)))
    yield place
    place.store.close()


def test_a_known_browser_stays_known_by_the_old_secret_and_not_after_its_end(
    guarded: Place, tmp_path: Path
) -> None:
    def tried(client: Client, password: str) -> int:
        return client.post("/login", {"name": "hana", "password": password}).status_code

    with guarded.served() as url:
        known, stranger = Client(url), Client(url)
        assert tried(known, PASSWORD) == 303
        assert rotate(tmp_path, "rotate").returncode == 0
        assert [tried(stranger, "wrong") for _ in range(TRIES)] == [403] * TRIES
        assert tried(stranger, PASSWORD) == 429
        before = known.cookies[BROWSER]
        assert tried(known, PASSWORD) == 303
        assert known.cookies[BROWSER] != before, "signed again by the new secret"
        assert rotate(tmp_path, "rotate", "--now").returncode == 0
        assert tried(known, PASSWORD) == 429, "now it is one stranger of many"


def test_rotating_leaves_a_row_in_the_audit_and_shows_no_secret(
    guarded: Place, tmp_path: Path
) -> None:
    with guarded.served() as url:
        client = Client(url)
        client.post("/login", {"name": "hana", "password": PASSWORD})
        first = KeyFile(guarded.store.path, "", guarded.clock).ring()
        text = rotate(tmp_path, "rotate", "--accept-days", "2")
        listed = rotate(tmp_path, "list", "--json")
        [row] = guarded.store.read_now(lambda reader: reader.people.changes(1))
        assert (row.what, row.person, row.by) == ("secrets", "", "command line")
        assert [one.field for one in row.fields] == ["secret_links", "secret_browsers"]
        page = client.get("/people", {"lang": "ja"})
        assert page.status_code == 200
        assert "鍵を交換" in page.text
    rows = msgspec.json.decode(listed.stdout)
    assert [one["purpose"] for one in rows] == ["links", "links", "browsers", "browsers"]
    shown = text.stdout + listed.stdout + page.text
    keys = [key.key for ring in (first, _ring(tmp_path)) for one in Purpose for key in ring.of(one)]
    assert len(set(keys)) == 4
    assert not [key for key in keys if key in shown]


def test_a_rotation_that_the_database_refuses_changes_no_secret(
    database: Path, tmp_path: Path
) -> None:
    before = KeyFile(database, "", lambda: NOW).ring()
    with closing(sqlite3.connect(database)) as connection:
        connection.execute(
            "CREATE TRIGGER full BEFORE INSERT ON person_change "
            "BEGIN SELECT RAISE(ABORT, 'refused'); END"
        )
    refused = rotate(tmp_path, "rotate", "--now")
    assert refused.returncode == 1
    assert KeyFile(database, "", lambda: NOW).ring() == before


def test_a_commit_that_fails_after_the_file_was_written_puts_it_back(database: Path) -> None:
    file = KeyFile(database, "", lambda: NOW)
    before = file.ring()

    def rotate_and_fail() -> None:
        with file.undone_on_error():
            file.write(new_ring(NOW))
            raise RuntimeError

    with pytest.raises(RuntimeError):
        rotate_and_fail()
    assert KeyFile(database, "", lambda: NOW).ring() == before


def _ring(folder: Path) -> KeyRing:
    return KeyFile(next(folder.glob("*.db")), "", lambda: NOW).ring()


def test_a_cookie_that_another_secret_signed_is_ignored(guarded: Place) -> None:
    with guarded.served() as url:
        client = Client(url)
        forged = URLSafeSerializer("", salt="browser").dumps(["x", ["hana"]])
        client.cookies[BROWSER] = str(forged)
        for _ in range(TRIES):
            client.post("/login", {"name": "hana", "password": "wrong"})
        assert Client(url).post("/login", {"name": "hana", "password": PASSWORD}).status_code == 429


@pytest.mark.parametrize("options", [("--now", "--accept-days", "3"), ("--only", "sessions")])
def test_an_option_that_makes_no_sense_changes_nothing(
    database: Path, tmp_path: Path, options: tuple[str, ...]
) -> None:
    before = KeyFile(database, "", lambda: NOW).ring()
    refused = rotate(tmp_path, "rotate", *options)
    assert refused.returncode in {1, 2}
    assert refused.stderr
    assert KeyFile(database, "", lambda: NOW).ring() == before
