"""Programs with tokens: what they may read, how exactly, how long, and page by page."""

from datetime import timedelta
from typing import Any

import pytest

from dashboard.api.table import ENDPOINTS
from gateway import app as service
from gateway.domain.people.api_token import ROLES, Scope
from gateway.domain.people.permissions import MATRIX, Detail, Resource, Visitor
from gateway.domain.people.person import UserRole
from tests.dashboard.api.programs import Program, program
from tests.dashboard.client import Client
from tests.dashboard.place import NOW
from tests.dashboard.rights.house import DEVICES, EVERY, OTHERS, PASSWORD
from tests.dashboard.rights.scanner import ids_in

SCOPED = [row for row in ENDPOINTS if row.scope]
LISTS = [row.path for row in SCOPED if row.versioned]
HIDDEN = {Detail.SQUARES: EVERY, Detail.OWN: OTHERS, Detail.EXACT: frozenset[str]()}


@pytest.fixture(scope="module")
def official(gateway: service.Gateway, url: str) -> Program:
    return program(gateway, url)


def every_page(one: Program, path: str, limit: int, **more: object) -> list[Any]:
    """All items, page by page."""
    items, cursor = [], ""
    for _ in range(500):
        page = one.get(path, {"limit": limit, "cursor": cursor, **more}).json()
        assert len(page["items"]) <= limit
        items += page["items"]
        if page["next"] is None:
            return items
        cursor = page["next"]
    raise AssertionError("the pages never end")


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("path", [row.path for row in SCOPED])
def test_a_program_is_told_no_place_and_no_name_beyond_its_role(
    gateway: service.Gateway, url: str, role: UserRole, path: str
) -> None:
    answer = program(gateway, url, role).get(path)
    assert answer.status_code == 200
    hidden = HIDDEN[MATRIX[Visitor(role.value)][Resource.LIVE].see]
    found = ids_in(answer.content + repr(answer.headers).encode(), DEVICES)
    assert found & hidden == set()


def test_control_an_official_s_program_is_told_them(official: Program) -> None:
    assert ids_in(official.get("/api/v1/devices").content, DEVICES) == EVERY


def test_a_trapper_s_program_sees_its_own_traps_exactly(gateway: service.Gateway, url: str) -> None:
    found = ids_in(program(gateway, url, UserRole.TRAPPER).get("/api/v1/devices").content, DEVICES)
    assert found == EVERY - OTHERS


def test_a_person_may_read_with_their_session(url: str) -> None:
    client = Client(url)
    assert client.get("/api/v1/devices").status_code == 401
    client.post("/login", {"name": "a-viewer", "password": PASSWORD})
    answer = client.get("/api/v1/devices")
    assert answer.status_code == 200
    assert ids_in(answer.content, DEVICES) == set()


def test_a_token_is_asked_before_a_session(gateway: service.Gateway, url: str) -> None:
    client = Client(url)
    client.post("/login", {"name": "a-official", "password": PASSWORD})
    viewer = program(gateway, url, UserRole.VIEWER)
    viewer.client = client
    assert ids_in(viewer.get("/api/v1/devices").content, DEVICES) == set()
    wrong = client.get("/api/v1/devices", headers={"authorization": "Bearer shishigaki_x"})
    assert wrong.status_code == 401
    assert wrong.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize("path", ["/", "/traps", "/officials", "/pending", "/live", "/account"])
def test_a_token_opens_nothing_but_the_api(official: Program, path: str) -> None:
    assert official.get(path).status_code in {303, 401, 403}


def test_a_token_never_acts(official: Program) -> None:
    headers = {"authorization": f"Bearer {official.secret}"}
    for path in (*LISTS, "/traps/trap-own", "/pending/approve"):
        answer = official.client.post(path, {"deed": "captured"}, headers=headers)
        assert answer.status_code in {303, 401, 403, 404}, path


@pytest.mark.parametrize("row", SCOPED, ids=lambda row: row.path)
def test_a_scope_opens_its_own_addresses_only(gateway: service.Gateway, url: str, row: Any) -> None:
    others = tuple(scope for scope in Scope if scope is not row.scope)
    refused = program(gateway, url, scopes=others).get(row.path)
    assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")
    assert program(gateway, url, scopes=(row.scope,)).get(row.path).status_code == 200


def test_a_token_ends_at_its_time_and_when_it_is_revoked(
    gateway: service.Gateway, url: str
) -> None:
    assert program(gateway, url, days=-1).get("/api/v1/devices").status_code == 401
    one = program(gateway, url, name="revoked")
    assert one.get("/api/v1/devices").status_code == 200
    later = NOW + timedelta(minutes=1)
    assert gateway.store.write_now(lambda tx: tx.tokens.revoke("revoked", later))
    answer = one.get("/api/v1/devices")
    assert (answer.status_code, answer.json()["code"]) == (401, "unauthorized")


@pytest.mark.parametrize("change", [str.upper, str.lower, lambda s: s[:-1], lambda s: s + "="])
def test_another_spelling_of_a_token_is_another_token(official: Program, change: Any) -> None:
    headers = {"authorization": f"Bearer {change(official.secret)}"}
    assert official.client.get("/api/v1/devices", headers=headers).status_code == 401


def test_a_token_in_an_address_opens_nothing(official: Program) -> None:
    for name in ("token", "access_token", "authorization"):
        answer = official.client.get("/api/v1/devices", {name: official.secret})
        assert answer.status_code == 401


@pytest.mark.parametrize("path", LISTS)
@pytest.mark.parametrize("limit", [3, 7, 60])
def test_pages_together_are_the_whole_list_once(official: Program, path: str, limit: int) -> None:
    whole = official.get(path, {"limit": 1_000}).json()
    assert whole["next"] is None
    assert whole["items"]
    assert every_page(official, path, limit) == whole["items"]


@pytest.mark.parametrize("path", LISTS)
@pytest.mark.parametrize(
    "wrong",
    [
        {"limit": 0},
        {"limit": 1_001},
        {"limit": "１"},
        {"limit": ""},
        {"limit": "9" * 30},
        {"cursor": "x"},
        {"cursor": "WzEsIiIsMF0="},
        {"cursor": "W10"},
        {"speceis": "boar"},
    ],
    ids=str,
)
def test_a_wrong_parameter_is_refused_and_named(
    official: Program, path: str, wrong: dict[str, object]
) -> None:
    answer = official.get(path, wrong)
    assert answer.status_code == 400
    assert set(answer.json()) == {"error", "code"}
    assert next(iter(wrong)) in answer.json()["error"]


def test_a_parameter_given_twice_is_refused(official: Program) -> None:
    assert official.get("/api/v1/events?limit=1&limit=2").status_code == 400


@pytest.mark.parametrize("path", ["/api/openapi.json", *LISTS])
def test_what_a_program_has_is_not_sent_again(official: Program, path: str) -> None:
    first = official.get(path)
    tag = first.headers["etag"]
    for told_ in (tag, f'"other", {tag}', tag.removeprefix("W/"), "*"):
        again = official.get(path, headers={"if-none-match": told_})
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["etag"] == tag
    assert official.get(path, headers={"if-none-match": 'W/"other"'}).status_code == 200


def test_each_role_has_its_own_etag(gateway: service.Gateway, url: str, official: Program) -> None:
    viewer = program(gateway, url, UserRole.VIEWER)
    tag = official.get("/api/v1/devices").headers["etag"]
    assert viewer.get("/api/v1/devices", headers={"if-none-match": tag}).status_code == 200


@pytest.mark.parametrize("path", [row.path for row in SCOPED])
def test_nothing_is_kept_by_caches_or_guessed_by_browsers(official: Program, path: str) -> None:
    headers = official.get(path).headers
    assert headers["cache-control"] == "no-store"
    assert headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("path", ["/api/v1/nothing", "/api/v2/devices", "/api/v1/devices/trap-own"])
def test_an_unknown_address_is_refused_in_the_same_shape(official: Program, path: str) -> None:
    answer = official.get(path)
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
