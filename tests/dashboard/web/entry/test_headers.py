"""What a scanner of web sites looks for, at every address and for every kind of answer."""

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest

from dashboard.web.entry.passwords import hasher
from gateway import app as service
from gateway.domain.people.person import UserRole
from tests.dashboard.client import Answer, Client
from tests.dashboard.every import addresses
from tests.dashboard.place import Place, serving
from tests.dashboard.web.test_reading import build, pages
from tests.support.people import keep, login

PASSWORD = "あかるい猪垣 2026"
HANA = login("hana", UserRole.ADMIN, hasher.hash(PASSWORD))
FORM = {"name": "hana", "password": PASSWORD}
STREAMS = {"/live"}
CACHED = {"/map/coast.geojson"}  # land, no device
OURS = "shishigaki"


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[service.Gateway]:
    """A gateway with one trap and an administrator."""
    made = build(tmp_path)
    keep(made.store, HANA)
    yield made
    made.store.close()


class Inline(HTMLParser):
    """Collects what a strict policy forbids in a page."""

    def __init__(self, nonce: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self._nonce = nonce

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        for name, value in given.items():
            if name == "style" or name.startswith("on"):
                self.found.append(f"{tag} {name}")
            if value and value.strip().lower().startswith("javascript:"):
                self.found.append(f"{tag} {value}")
        script = tag == "script" and "src" not in given and given.get("type") != "application/json"
        if tag == "style" or (script and (not self._nonce or given.get("nonce") != self._nonce)):
            self.found.append(tag)


def complaints(path: str, answer: Answer) -> list[str]:
    """What a scanner would report of one answer."""
    headers, found = answer.headers, []
    csp = headers.get("content-security-policy", "")
    wanted = {
        "x-content-type-options": "nosniff",
        "x-frame-options": "DENY",
        "referrer-policy": "strict-origin-when-cross-origin",
        "cross-origin-resource-policy": "same-origin",
    }
    found += [name for name, value in wanted.items() if headers.get(name) != value]
    found += [name for name in ("server", "x-powered-by") if name in headers]
    if path.startswith("/static/"):
        return found
    if "no-store" not in headers.get("cache-control", "") and path not in CACHED:
        found.append("cache-control")
    if "default-src 'none'" not in csp or "frame-ancestors 'none'" not in csp:
        found.append("content-security-policy")
    found += [word for word in ("unsafe-inline", "unsafe-eval", " *", "http:") if word in csp]
    if headers.get("content-type", "").startswith("text/html") and OURS not in headers.get(
        "content-disposition", ""
    ):
        nonce = re.search(r"'nonce-([^']+)'", csp)
        page = Inline(nonce[1] if nonce else "")
        page.feed(answer.text)
        found += page.found
    return found


@pytest.mark.long
def test_no_answer_of_any_address_gives_a_scanner_anything_to_report(
    gateway: service.Gateway,
) -> None:
    app = pages(gateway)
    wrong: dict[str, list[str]] = {}
    with serving(app) as (url, _):
        stranger, client = Client(url), Client(url)
        client.post("/login", FORM)
        paths = [path for path in addresses(app, gateway, "GET") if path not in STREAMS]
        assert len(paths) >= 30
        for path in [*paths, "/static/app.css", "/static/none", "/none", "/api/none", "/live?x"]:
            for name, reader in (("stranger", stranger), ("admin", client)):
                if path == "/live?x" and reader is client:
                    continue
                if problems := complaints(path, reader.get(path)):
                    wrong[f"{name} {path}"] = problems
        for path in addresses(app, gateway, "POST"):
            if problems := complaints(path, stranger.post(path)):
                wrong[f"POST {path}"] = problems
    assert wrong == {}


def test_the_scanner_finds_what_it_looks_for() -> None:
    page = b"<p style='x' onclick='y'><script>z</script><a href='javascript:1'><style>a{}</style>"
    headers = {
        "content-type": "text/html",
        "server": "x",
        "content-security-policy": "default-src *; script-src 'unsafe-inline' 'nonce-n'",
    }
    found = complaints("/", Answer(200, headers, page))
    assert {
        "p style",
        "p onclick",
        "script",
        "style",
        "a javascript:1",
        "server",
        "cache-control",
        "content-security-policy",
        "unsafe-inline",
        "x-frame-options",
    } <= set(found)


def test_only_pages_with_a_drawn_map_allow_an_inline_script_and_only_theirs(
    client: Client,
) -> None:
    for path in ("/", "/traps", "/pending", "/login", "/none", "/officials/figures"):
        assert "nonce" not in client.get(path).headers["content-security-policy"]
    first, second = (client.get("/officials").headers["content-security-policy"] for _ in "ab")
    assert "nonce-" in first
    assert first != second


def test_cookies_say_httponly_lax_and_behind_https_secure(tmp_path: Path) -> None:
    place = Place(tmp_path, host="0.0.0.0", public_url="https://goto.example", secret="s" * 32)
    keep(place.store, HANA)
    with place.served() as url:
        answer = Client(url).post("/login", FORM)
        cookies = answer.headers["set-cookie"].lower()
        assert all(word in cookies for word in ("httponly", "samesite=lax", "secure", "path=/"))
        assert "max-age=2592000" in answer.headers["strict-transport-security"]
    place.store.close()
