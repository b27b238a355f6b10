"""Reading without a login: where it is open, what ends it, and that nobody records anything by it."""

from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.requests import Request

from dashboard.web.entry.passwords import hasher
from dashboard.web.forwarded import is_forwarded, is_service, is_sign
from gateway import app as service
from gateway.config import check
from gateway.domain.model import Device, Role
from gateway.domain.people.person import UserRole
from gateway.store import Reader, Store
from tests.dashboard.client import Client
from tests.dashboard.every import addresses
from tests.dashboard.place import serving
from tests.support.people import keep, login, take_out

HANA = login("hana", UserRole.ADMIN, hasher.hash("あかるい猪垣"))
BROWSER_FILES = {"/manifest.webmanifest", "/sw.js"}  # the same for everybody, without data
SECURITY = "/.well-known/security.txt"
RESIDENTS = {  # for people without an account; 404 while `[reports]` is off
    "/report",
    "/report/published",
    "/report/r/x",
    "/report/sw.js",
    "/report/warnings",
    "/report/warnings/s/x",
    "/report/warnings/u/x",
    "/open311/discovery.json",
    "/open311/v2/requests.json",
    f"/open311/v2/requests/{'ab' * 8}.json",
    "/open311/v2/services.json",
    f"/open311/v2/services/{'ab' * 8}.json",
}
LINKS = {"/a/x", "/in/x", "/see/x"}
GUIDES = {"/guide/official"}  # the same words for every town
OPEN = {
    "/login",
    "/healthz",
    "/api/openapi.json",
    SECURITY,
    *BROWSER_FILES,
    *RESIDENTS,
    *LINKS,
    *GUIDES,
}
FORWARDING = (
    "X-Forwarded-For",
    "X-Forwarded-Proto",
    "X-Forwarded-Host",
    "X-Forwarded-Port",
    "Forwarded",
    "X-Real-IP",
    "Via",
    "X-Client-IP",
    "X-Original-URL",
    "True-Client-IP",
    "CF-Connecting-IP",
    "X-Envoy-External-Address",
    "X-Amzn-Trace-Id",
    "Tailscale-User-Login",
    "X-Scheme",
    "X-Request-ID",
    "X-My-Own-Proxy",
    "Proxy-Connection",
    "CDN-Loop",
    "Fly-Client-IP",
)


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[service.Gateway]:
    made = build(tmp_path)
    yield made
    made.store.close()


def build(folder: Path, **dashboard: object) -> service.Gateway:
    """A gateway with one trap and nobody who may log in."""
    settings = {
        "store": {"path": str(folder / "gw.db")},
        "dashboard": {"tiles": "none", **dashboard},
        "people": [{"name": "tanaka", "channels": ["console:"]}],
    }
    made = service.build(check(settings))
    made.store.write_now(lambda tx: tx.put_device(Device(id="trap-01", role=Role.TRAP)))
    return made


def pages(gateway: service.Gateway) -> Starlette:
    return service.pages(gateway, dict)


def readable(
    client: Client, app: Starlette, gateway: service.Gateway, *, but: set[str] = OPEN
) -> list[str]:
    """The pages that are shown to this reader, apart from those that everybody may see."""
    found = []
    for path in addresses(app, gateway, "GET"):
        if path in but:
            continue
        answer = client.get(path)
        to_login = answer.headers.get("location", "").startswith("/login")
        if answer.status_code != 401 and not to_login:
            found.append(path)
    return found


def status_of(gateway: service.Gateway, path: str = "/traps", **headers: str) -> int:
    with serving(pages(gateway)) as (url, _):
        return Client(url).get(path, headers=headers).status_code


def test_local_pages_are_readable_until_the_first_account_exists(
    gateway: service.Gateway,
) -> None:
    assert status_of(gateway) == 200
    keep(gateway.store, HANA)
    assert status_of(gateway) == 303


def test_removing_the_last_account_does_not_open_the_pages_again(gateway: service.Gateway) -> None:
    keep(gateway.store, HANA)
    assert take_out(gateway.store, "hana")
    assert status_of(gateway) == 303


@pytest.mark.parametrize(
    "settings", [{"host": "0.0.0.0"}, {"public_url": "https://x.example"}, {"host": "::"}]
)
def test_pages_reachable_from_other_machines_need_a_login(
    tmp_path: Path, settings: dict[str, str]
) -> None:
    gateway = build(tmp_path, **settings)
    assert status_of(gateway) == 303
    gateway.store.close()


def test_once_an_account_exists_every_page_needs_a_login(gateway: service.Gateway) -> None:
    keep(gateway.store, HANA)
    app = pages(gateway)
    assert len(addresses(app, gateway, "GET")) >= 30
    with serving(app) as (url, _):
        assert readable(Client(url), app, gateway) == ["/metrics"]


@pytest.mark.parametrize("header", FORWARDING)
def test_any_sign_of_a_proxy_makes_a_login_necessary(gateway: service.Gateway, header: str) -> None:
    with serving(pages(gateway)) as (url, _):
        client = Client(url)
        assert client.get("/traps").status_code == 200
        assert client.get("/traps", headers={header: "203.0.113.9"}).status_code == 303
        assert client.get("/api/traps", headers={header.lower(): ""}).status_code == 401
        assert client.get("/metrics", headers={header: "x"}).status_code == 401


def test_headers_of_browsers_are_no_sign_of_a_proxy() -> None:
    browsers = """host connection cache-control pragma accept accept-encoding accept-language cookie
        user-agent referer origin dnt sec-fetch-site sec-fetch-mode sec-fetch-dest sec-fetch-user
        sec-ch-ua sec-ch-ua-mobile sec-ch-ua-platform sec-gpc upgrade-insecure-requests range if-range
        if-none-match if-modified-since content-type content-length last-event-id priority te purpose
        sec-purpose save-data x-requested-with hx-request hx-target authorization keep-alive"""
    assert [name for name in browsers.split() if is_sign(name)] == []


def request_with(version: str = "1.1", **headers: str) -> Request:
    raw = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    return Request({"type": "http", "http_version": version, "headers": raw})


def test_connection_headers_that_browsers_never_send_are_a_sign_of_a_proxy() -> None:
    assert not is_forwarded(request_with(connection="keep-alive"))
    assert is_forwarded(request_with("1.0", connection="close"))
    assert is_forwarded(request_with(connection="Upgrade"))


@pytest.mark.parametrize(
    ("uid", "service_"), [(None, False), (0, False), (1000, False), (33, True), (65_534, True)]
)
def test_a_system_user_is_treated_as_a_service(
    monkeypatch: pytest.MonkeyPatch, uid: int | None, *, service_: bool
) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 998)
    assert is_service(uid) is service_
    assert not is_service(998), "our own user may read our own pages"


def test_reading_without_a_login_never_allows_recording(gateway: service.Gateway) -> None:
    app = pages(gateway)
    acting = [path for path in addresses(app, gateway, "POST") if path not in {"/login", "/logout"}]
    assert {"/traps/trap-01", "/pending/approve", "/pending/revoke", "/a/x"} <= set(acting)
    before = everything(gateway.store)
    fields = {"do": "captured", "species": "boar", "device": "trap-01", "once": "1", "reason": ""}
    with serving(app) as (url, _):
        client = Client(url)
        assert client.get("/traps/trap-01").status_code == 200
        assert "<form" not in client.get("/traps/trap-01").text.split("<main")[1]
        assert {client.post(path, fields).status_code for path in acting} == {403, 404}
    assert everything(gateway.store) == before


def test_control_the_same_forms_record_with_an_account(gateway: service.Gateway) -> None:
    keep(gateway.store, HANA)
    before = everything(gateway.store)
    with serving(pages(gateway)) as (url, _):
        client = Client(url)
        client.post("/login", {"name": "hana", "password": "あかるい猪垣"})
        client.post("/traps/trap-01", {"do": "captured", "species": "boar", "once": "1"})
    assert everything(gateway.store) != before


def everything(store: Store) -> tuple[object, ...]:
    look: Callable[[Reader], tuple[object, ...]] = lambda r: (  # noqa: E731
        r.acts(),
        r.devices(),
        r.latest_alerts(),
        r.states(),
        r.refused(),
    )
    with closing(Reader(store.path)) as reader:
        return look(reader)


def test_a_demos_account_records_and_leaves_reading_open(gateway: service.Gateway) -> None:
    gateway.demo_account = HANA
    with serving(pages(gateway)) as (url, _):
        stranger, client = Client(url), Client(url)
        assert stranger.get("/traps").status_code == 200
        assert "デモ" in stranger.get("/login").text
        wrong = stranger.post("/login", {"name": "hana", "password": "guessed"})
        assert wrong.status_code == 403
        right = client.post("/login", {"name": "hana", "password": "あかるい猪垣"})
        assert right.status_code == 303
        client.post("/traps/trap-01", {"do": "captured", "species": "boar", "once": "1"})
    assert [act.by for act in gateway.store.read_now(lambda r: r.acts())] == ["hana"]


def test_the_login_page_explains_how_to_register_the_first_person_until_an_account_exists(
    tmp_path: Path,
) -> None:
    gateway = build(tmp_path, host="0.0.0.0")
    with serving(pages(gateway)) as (url, _):
        client = Client(url)
        assert "shishigaki users add" in client.get("/login").text
        assert "shishigaki users add" in client.get("/login", {"lang": "en"}).text
        keep(gateway.store, HANA)
        assert "users add" not in client.get("/login").text
    gateway.store.close()
