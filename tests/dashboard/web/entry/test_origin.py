"""Acts come from our own pages: every POST, whatever a browser or another site says of itself."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.web.entry.own_origin import machine_names, parse_origin
from dashboard.web.entry.passwords import hasher
from gateway import app as service
from gateway.domain.people.person import UserRole
from tests.dashboard.client import Client
from tests.dashboard.every import addresses
from tests.dashboard.place import Place, serving
from tests.dashboard.web.test_reading import build, pages
from tests.support.people import keep, login

PASSWORD = "あかるい猪垣 2026"
HANA = login("hana", UserRole.ADMIN, hasher.hash(PASSWORD))
FORM = {"name": "hana", "password": PASSWORD}
MOZILLA = {"user-agent": "Mozilla/5.0 (Linux; Android 14)"}


@contextmanager
def served(folder: Path, public_url: str = "") -> Iterator[tuple[str, Place]]:
    """Pages of a place that others can reach."""
    place = Place(folder, host="0.0.0.0", public_url=public_url, secret="s" * 32)
    keep(place.store, HANA)
    try:
        with place.served() as url:
            yield url, place
    finally:
        place.store.close()


def entered(url: str, **headers: str) -> bool:
    """Whether a log-in with these headers was let through the guard."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    status = Client(url).post("/login", FORM, headers=named).status_code
    assert status in {303, 403}
    return status == 303


def test_without_a_public_address_this_machines_own_names_are_ours(tmp_path: Path) -> None:
    with served(tmp_path) as (url, _):
        port = urlsplit(url).port
        for host in ("127.0.0.1", "localhost", *machine_names()):
            assert entered(url, origin=f"http://{host}:{port}")
        for origin in (
            f"https://127.0.0.1:{port}",
            "http://127.0.0.1",
            f"http://127.0.0.1:{port}@evil.example",
            "http://evil.example",
            f"http://evil.example:{port}",
            "null",
            "",
            "file://",
            "x",
        ):
            assert not entered(url, origin=origin, user_agent="Mozilla/5.0")


def test_a_name_that_points_here_is_not_ours_although_host_and_origin_agree(tmp_path: Path) -> None:
    with served(tmp_path) as (url, _):
        assert not entered(url, host="evil.example", origin="http://evil.example")
        assert not entered(url, host="evil.example:80", origin="http://evil.example:80")


@pytest.mark.parametrize(
    ("origin", "ours"),
    [
        ("https://goto.example", True),
        ("https://goto.example:443", True),
        ("http://goto.example", False),
        ("https://goto.example:8443", False),
        ("https://www.goto.example", False),
        ("https://goto.example.evil.example", False),
        ("https://evilgoto.example", False),
    ],
)
def test_the_public_address_counts_with_scheme_and_port(
    tmp_path: Path, origin: str, *, ours: bool
) -> None:
    with served(tmp_path, "https://goto.example/") as (url, _):
        assert entered(url, host="whatever", origin=origin) is ours


def test_where_a_browser_says_that_another_site_sent_it_it_is_refused(tmp_path: Path) -> None:
    with served(tmp_path) as (url, _):
        for site, ours in (
            ("same-origin", True),
            ("none", True),
            ("same-site", False),
            ("cross-site", False),
        ):
            assert entered(url, origin=url, sec_fetch_site=site) is ours


def test_a_browser_that_does_not_say_where_it_comes_from_is_refused(tmp_path: Path) -> None:
    with served(tmp_path) as (url, _):
        assert not entered(url, **MOZILLA)
        assert not entered(url, sec_fetch_mode="navigate")
        assert entered(url, referer=f"{url}/login", **MOZILLA)
        assert not entered(url, referer="http://evil.example/", **MOZILLA)
        assert entered(url, user_agent="curl/8.0"), "a program has nobody's cookies by accident"


ONE_CLICK = (
    "/report/warnings/u/x"  # of mail programs: its secret is the right, no cookie is asked for
)


def test_every_address_that_acts_is_guarded(tmp_path: Path) -> None:
    gateway: service.Gateway = build(tmp_path)
    keep(gateway.store, HANA)
    app = pages(gateway)
    acting = addresses(app, gateway, "POST")
    assert {"/login", "/logout", "/account/sessions", "/a/x"} <= set(acting)
    with serving(app) as (url, _):
        client = Client(url)
        client.post("/login", FORM)
        before = dict(client.cookies)
        for path in (one for one in acting if one != ONE_CLICK):
            answer = client.post(path, FORM, headers={"origin": "http://evil.example"})
            assert answer.status_code == 403, path
        assert client.cookies == before
        assert client.get("/account").status_code == 200
    gateway.store.close()


def test_the_reason_is_logged_once_a_minute_and_the_page_says_what_to_do(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    with served(tmp_path) as (url, _):
        for _ in range(20):
            answer = Client(url).post("/login", FORM, headers={"origin": "http://proxy.example"})
    assert "public_url" in answer.text
    [record] = [r for r in caplog.records if "did not come from a page" in r.message]
    assert "http://proxy.example" in record.getMessage()


@given(st.text())
def test_no_text_breaks_the_reading_of_an_origin(said: str) -> None:
    found = parse_origin(said)
    assert found is None or found[2] >= 0
