"""Monitoring from elsewhere: /metrics and the details of /healthz for a program with a token."""

from collections.abc import Mapping

import pytest

from gateway import app as service
from gateway.domain.people.api_token import Scope
from gateway.domain.people.person import UserRole
from tests.dashboard.api.programs import Program, program
from tests.dashboard.client import Client
from tests.dashboard.rights.house import DEVICES
from tests.dashboard.rights.scanner import ids_in

AWAY: Mapping[str, str] = {"x-forwarded-for": "203.0.113.9"}  # as a proxy hands it on


def watcher(gateway: service.Gateway, url: str, role: UserRole = UserRole.VIEWER) -> Program:
    return program(gateway, url, role, scopes=(Scope.METRICS,))


def test_a_token_with_the_scope_reads_the_figures_from_elsewhere(
    gateway: service.Gateway, url: str
) -> None:
    answer = watcher(gateway, url).get("/metrics", headers=AWAY)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    assert "shishigaki_events_total" in answer.text
    assert Client(url).get("/metrics", headers=AWAY).status_code == 401


def test_it_is_told_what_is_wrong_and_others_only_that_something_is(
    gateway: service.Gateway, url: str
) -> None:
    told_to_it = watcher(gateway, url).get("/healthz", headers=AWAY).json()
    assert set(told_to_it) == {"ok", "version", "faults"}
    assert set(Client(url).get("/healthz", headers=AWAY).json()) == {"ok"}


@pytest.mark.parametrize("role", [UserRole.RESIDENT, UserRole.VIEWER, UserRole.TRAPPER])
def test_a_role_that_sees_squares_is_told_no_device(
    gateway: service.Gateway, url: str, role: UserRole
) -> None:
    answer = watcher(gateway, url, role).get("/metrics", headers=AWAY)
    assert ids_in(answer.content, DEVICES) == set()
    assert "shishigaki_no_event" in answer.text


def test_control_an_official_s_token_is_told_which_device(
    gateway: service.Gateway, url: str
) -> None:
    answer = watcher(gateway, url, UserRole.OFFICIAL).get("/metrics", headers=AWAY)
    assert ids_in(answer.content, DEVICES)


@pytest.mark.parametrize("path", ["/metrics", "/healthz"])
def test_a_token_without_the_scope_or_a_wrong_one_reads_neither(
    gateway: service.Gateway, url: str, path: str
) -> None:
    other = program(gateway, url, UserRole.OFFICIAL, scopes=(Scope.DEVICES,))
    assert other.get(path, headers=AWAY).status_code == 403
    wrong = {"authorization": "Bearer shishigaki_wrong", **AWAY}
    assert Client(url).get(path, headers=wrong).status_code == 401


def test_the_scope_opens_no_device_and_no_page(gateway: service.Gateway, url: str) -> None:
    one = watcher(gateway, url, UserRole.OFFICIAL)
    assert one.get("/api/v1/devices", headers=AWAY).status_code == 403
    for page in ("/traps", "/people", "/officials", "/pending"):
        assert one.get(page, headers=AWAY).status_code == 303
    sent = {"authorization": f"Bearer {one.secret}", **AWAY}
    assert one.client.post("/metrics", headers=sent).status_code in {404, 405}
