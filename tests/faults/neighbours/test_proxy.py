"""A reverse proxy on the same machine: what comes through it is read by nobody without a login."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway import app as service
from tests.dashboard.client import Client
from tests.dashboard.every import addresses
from tests.dashboard.place import serving
from tests.dashboard.web.test_reading import HANA, OPEN, build, pages, readable
from tests.support.people import keep
from tests.support.processes.nginx import Nginx

USUAL = """
proxy_http_version 1.1;
proxy_set_header Connection "";
proxy_set_header X-Real-IP $remote_addr;
"""
STREAMS = """
proxy_http_version 1.1;
proxy_set_header Connection "";
proxy_buffering off;
"""
NAMED = """
proxy_http_version 1.1;
proxy_set_header Host $host;
proxy_set_header X-Forwarded-Proto $scheme;
"""
SOCKETS = """
proxy_http_version 1.1;
proxy_set_header Upgrade $http_upgrade;
proxy_set_header Connection "upgrade";
"""


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[service.Gateway]:
    made = build(tmp_path)
    yield made
    made.store.close()


@pytest.mark.real
@pytest.mark.parametrize("has_account", [False, True], ids=["nobody", "somebody"])
@pytest.mark.parametrize(
    "lines", ["", USUAL, NAMED, SOCKETS], ids=["plain", "usual", "named", "sockets"]
)
def test_behind_nginx_no_page_is_shown_without_a_login(
    tmp_path: Path, gateway: service.Gateway, lines: str, *, has_account: bool
) -> None:
    if has_account:
        keep(gateway.store, HANA)
    app = pages(gateway)
    with serving(app) as (url, _), Nginx(tmp_path / "nginx", url, lines) as nginx:
        client = Client(nginx.url)
        asked = addresses(app, gateway, "GET")
        shown = readable(client, app, gateway)
        print(f"\n{len(shown)} of {len(asked)} pages readable")
        assert len(asked) >= 30
        assert shown == []
        assert client.get("/login").status_code == 200
        acting = [path for path in addresses(app, gateway, "POST") if path not in OPEN]
        for path in acting:
            client.post(path, {"do": "captured", "device": "trap-01", "once": "1", "reason": ""})
    assert gateway.store.read_now(lambda r: r.acts()) == []


@pytest.mark.real
@pytest.mark.skipif(os.geteuid() != 0, reason="only root starts nginx as the system does")
def test_nginx_of_its_own_user_is_seen_although_it_adds_no_header(
    tmp_path: Path, gateway: service.Gateway
) -> None:
    app = pages(gateway)
    with (
        serving(app) as (url, _),
        Nginx(tmp_path / "nginx", url, STREAMS, as_service=True) as nginx,
    ):
        assert readable(Client(nginx.url), app, gateway) == []


@pytest.mark.real
def test_control_an_address_that_is_trusted_shows_everything_to_everybody(
    tmp_path: Path, gateway: service.Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dashboard.web.auth.is_forwarded", lambda _: False)
    app = pages(gateway)
    with serving(app) as (url, _), Nginx(tmp_path / "nginx", url) as nginx:
        client = Client(nginx.url)
        for path in ("/traps", "/traps/trap-01", "/officials/papers", "/api/devices.geojson"):
            assert client.get(path).status_code == 200
