"""What monitoring is told: everything at the machine, to strangers only whether all is well."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.requests import Request

from dashboard.web.forwarded import is_at_machine
from gateway import app as service
from tests.dashboard.client import Client
from tests.dashboard.place import serving
from tests.dashboard.web.test_reading import build


@pytest.fixture
def url(tmp_path: Path) -> Iterator[str]:
    """Pages of a gateway that others can reach; it has a fault."""
    gateway: service.Gateway = build(tmp_path, host="0.0.0.0")
    with serving(service.pages(gateway, lambda: {"disk": "full at /srv/x"})) as (address, _):
        yield address
    gateway.store.close()


def test_at_the_machine_faults_version_and_figures_are_shown(url: str) -> None:
    health = Client(url).get("/healthz")
    assert health.status_code == 503
    assert set(health.json()) == {"ok", "version", "faults"}
    assert Client(url).get("/metrics").status_code == 200


def test_through_a_proxy_only_the_status_is_shown(url: str) -> None:
    through = {"x-forwarded-for": "203.0.113.9"}
    health = Client(url).get("/healthz", headers=through)
    assert (health.status_code, health.json()) == (503, {"ok": False})
    assert Client(url).get("/metrics", headers=through).status_code == 401


@pytest.mark.parametrize(
    ("peer", "at_machine"),
    [
        ("127.0.0.1", True),
        ("::1", True),
        ("::ffff:127.0.0.1", True),
        ("192.168.1.7", False),
        ("203.0.113.9", False),
        ("", False),
    ],
)
def test_an_address_of_the_network_is_not_the_machine(peer: str, *, at_machine: bool) -> None:
    scope = {"type": "http", "http_version": "1.1", "headers": [], "client": (peer, 1)}
    assert is_at_machine(Request(scope)) is at_machine
