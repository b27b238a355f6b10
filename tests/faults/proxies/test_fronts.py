"""The recipes of INSTALL.md for nginx and Caddy with TLS: people get in, nobody else reads anything."""

import re
import socket
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from starlette.applications import Starlette

from gateway import app as service
from gateway.config import ConfigError
from gateway.doctor import public_address
from gateway.parts import links
from tests.dashboard.client import Client
from tests.dashboard.every import addresses
from tests.dashboard.place import serving
from tests.dashboard.rights.house import PASSWORD, build
from tests.dashboard.web.test_reading import readable
from tests.faults.proxies.fronts import NAME, Front

pytestmark = pytest.mark.real


class Site(NamedTuple):
    """A gateway and what stands in front of it."""

    front: Front
    gateway: service.Gateway
    app: Starlette


@pytest.fixture(params=["nginx", pytest.param("caddy", marks=pytest.mark.long)])
def site(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Site]:
    """A gateway as INSTALL.md says, behind one of them."""
    front = Front(tmp_path / "front", "", request.param)
    dashboard = {"tiles": "none", "public_url": front.url}
    people = [{"name": "a-trapper", "channels": ["console:"]}]
    gateway = build(tmp_path, dashboard=dashboard, people=people)
    app = service.pages(gateway, dict)
    with serving(app) as (url, _):
        front.upstream = url
        with front:
            yield Site(front, gateway, app)
    gateway.store.close()


def logged_in(front: Front, name: str = "a-official") -> Client:
    client = front.client()
    form = {"name": name, "password": PASSWORD}
    headers = {"origin": front.url, "sec-fetch-site": "same-origin", "user-agent": "Mozilla/5.0"}
    answer = client.post("/login?next=/traps", form, headers=headers)
    assert (answer.status_code, answer.headers["location"]) == (303, "/traps")
    assert "secure" in answer.headers["set-cookie"].lower()
    assert "max-age" in answer.headers["strict-transport-security"]
    return client


def test_people_log_in_read_and_download(site: Site) -> None:
    client = logged_in(site.front)
    assert "奥の沢" in client.get("/traps").text
    assert client.get("/static/app.css").status_code == 200
    packed = client.get("/officials/papers.zip")
    assert (packed.status_code, packed.content[:2]) == (200, b"PK")
    assert len(client.get("/", headers={"accept-encoding": "gzip"}).content) > 1_000


def test_nobody_reads_a_page_without_a_login(site: Site) -> None:
    shown = readable(site.front.client(), site.app, site.gateway)
    assert shown == []
    assert site.front.client().get("/healthz").json() == {"ok": True}


def test_changes_reach_an_open_page_at_once(site: Site) -> None:
    client = logged_in(site.front)
    connection = client._connect()
    cookies = "; ".join(f"{name}={value}" for name, value in client.cookies.items())
    connection.request("GET", "/live", headers={"host": client.host, "cookie": cookies})
    answer = connection.getresponse()
    assert answer.headers["content-type"].startswith("text/event-stream")
    told = answer.read1(65_536)
    while b"\n\n" not in told:
        told += answer.read1(65_536)
    assert b"trap-own" in told
    connection.close()


def test_no_answer_names_another_scheme_or_host(site: Site) -> None:
    client, stranger = logged_in(site.front), site.front.client()
    for path in addresses(site.app, site.gateway, "GET"):
        slashes = [f"{path.rstrip('/')}/", f"/{path}"]
        asked = [
            *((stranger, one) for one in (path, *slashes)),
            *((client, one) for one in slashes),
        ]
        for reader, one in asked:
            location = reader.get(one).headers.get("location", "/")
            assert re.match(r"/(?!/)", location), f"{one} -> {location}"


def test_a_page_of_another_site_acts_not_and_the_own_does(site: Site) -> None:
    client = logged_in(site.front)
    form = {"do": "visited", "once": "1"}
    browser = {"user-agent": "Mozilla/5.0"}
    for origin in ("https://evil.example", f"http://{NAME}", "null"):
        sent = {"origin": origin, **browser}
        assert client.post("/traps/trap-own", form, headers=sent).status_code == 403
    sent = {"origin": site.front.url, **browser}
    assert client.post("/traps/trap-own", form, headers=sent).status_code == 200


def test_a_one_tap_link_is_answered(site: Site) -> None:
    known = site.gateway.store.read_now(lambda reader: reader.open_alerts())
    alert = next(one for one in known if one.subject == "trap-own")
    link = links(site.gateway).url(alert.id, "a-trapper", site.gateway.clock())
    assert link.startswith(f"{site.front.url}/a/")
    path, phone = link.removeprefix(site.front.url), site.front.client()
    assert phone.get(path).status_code == 200
    sent = {"origin": site.front.url, "user-agent": "Mozilla/5.0"}
    assert phone.post(path, {"do": "acknowledge"}, headers=sent).status_code == 200
    answered = site.gateway.store.read_now(lambda reader: reader.alert(alert.id))
    assert answered is not None
    assert answered.acknowledged_by == "a-trapper"


def test_guesses_are_counted_by_the_address_that_the_proxy_was_asked_from(site: Site) -> None:
    """Whatever a client says of itself: the proxy adds the address from which it was really asked."""
    client = site.front.client()
    found = []
    for n in range(6):
        forged = {"x-forwarded-for": f"198.51.100.{n}", "origin": site.front.url}
        form = {"name": f"nobody-{n}", "password": "x"}
        found.append(client.post("/login", form, headers=forged).status_code)
    assert found == [403] * 5 + [429]


def test_doctor_finds_that_all_is_well_under_the_public_address(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    resolved_here(monkeypatch)
    context = ssl.create_default_context(cafile=site.front.certificate)
    assert "asks for a login" in public_address.look(site.front.url, context)
    with pytest.raises(ConfigError, match="certificate"):
        public_address.look(site.front.url)


def resolved_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every name is this machine's."""
    ask = socket.getaddrinfo

    def answer(host: str, *rest: Any, **more: Any) -> Any:
        return ask("127.0.0.1" if host == NAME else host, *rest, **more)

    monkeypatch.setattr(socket, "getaddrinfo", answer)
