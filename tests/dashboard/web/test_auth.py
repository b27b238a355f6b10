"""Who may read, who may log in, and what ends a session."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from dashboard.web import auth
from dashboard.web.entry.passwords import hasher
from gateway.domain.people.person import UserRole
from tests.dashboard.client import Client
from tests.dashboard.place import Place
from tests.support.people import keep, login, take_out

PASSWORD = "あかるい猪垣 2026"
HANA = login("hana", UserRole.TRAPPER, hasher.hash(PASSWORD))


@pytest.fixture
def guarded(tmp_path: Path) -> Iterator[Place]:
    """A place that others can reach, with one account."""
    place = Place(tmp_path, host="0.0.0.0", public_url="https://goto.example", secret="s" * 32)
    keep(place.store, HANA)
    yield place
    place.store.close()


@pytest.fixture
def browser(guarded: Place) -> Iterator[Client]:
    """Somebody before the login."""
    with guarded.served() as url:
        yield Client(url)


def log_in(client: Client, password: str = PASSWORD, to: str = "/traps") -> int:
    return client.post(f"/login?next={to}", data={"name": "hana", "password": password}).status_code


def test_without_a_login_people_see_the_login_page_and_programs_get_401(browser: Client) -> None:
    page = browser.get("/traps")
    assert (page.status_code, page.headers["location"]) == (303, "/login?next=/traps")
    for path in ("/api/devices.geojson", "/live", "/api/traps"):
        assert browser.get(path).status_code == 401
    assert browser.get("/login").status_code == 200
    assert browser.get("/static/app.css").status_code == 200


def test_the_right_password_gives_access_and_logging_out_ends_it(browser: Client) -> None:
    answer = browser.post("/login?next=/traps", data={"name": "hana", "password": PASSWORD})
    assert (answer.status_code, answer.headers["location"]) == (303, "/traps")
    cookie = answer.headers["set-cookie"].lower()
    assert all(word in cookie for word in ("httponly", "secure", "samesite=lax"))
    assert "hana" in browser.get("/traps").text
    browser.post("/logout")
    assert browser.get("/traps").status_code == 303


def test_a_wrong_password_does_not_say_whether_the_name_exists(browser: Client) -> None:
    known = browser.post("/login", data={"name": "hana", "password": "x"})
    unknown = browser.post("/login", data={"name": "taro", "password": "x"})
    assert (known.status_code, unknown.status_code) == (403, 403)
    assert "名前かパスワードが違います" in known.text
    assert "名前かパスワードが違います" in unknown.text


def test_a_new_password_or_a_removed_account_ends_its_sessions(
    browser: Client, guarded: Place
) -> None:
    log_in(browser)
    changed = login("hana", UserRole.TRAPPER, hasher.hash("another"))
    keep(guarded.store, changed)
    assert browser.get("/traps").status_code == 303
    keep(guarded.store, HANA)
    log_in(browser)
    assert browser.get("/traps").status_code == 200
    assert take_out(guarded.store, "hana")
    assert browser.get("/traps").status_code == 303


def test_a_forged_cookie_gives_no_access(browser: Client) -> None:
    for forged in ("", "x", '["hana","0"]', "WyJoYW5hIiwiMCJd.aSJ.abc"):
        browser.cookies[auth.COOKIE] = forged
        assert browser.get("/traps").status_code == 303


def test_a_login_form_from_another_site_is_refused(browser: Client) -> None:
    answer = browser.post(
        "/login",
        data={"name": "hana", "password": PASSWORD},
        headers={"origin": "https://evil.example"},
    )
    assert answer.status_code == 403
    assert auth.COOKIE not in browser.cookies


@pytest.mark.parametrize("target", ["//evil.example", "https://evil.example", "/\\evil.example"])
def test_the_login_never_redirects_to_another_site(browser: Client, target: str) -> None:
    answer = browser.post(
        "/login", params={"next": target}, data={"name": "hana", "password": PASSWORD}
    )
    assert answer.headers["location"] == "/"


def test_the_cookie_is_marked_secure_only_behind_https(visitor: Client, place: Place) -> None:
    keep(place.store, HANA)
    answer = visitor.post("/login", data={"name": "hana", "password": PASSWORD})
    assert "secure" not in answer.headers["set-cookie"].lower()
