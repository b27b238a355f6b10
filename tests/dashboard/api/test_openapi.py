"""The document says what there is, and every answer is as it says: asked by schemathesis."""

from collections import Counter
from typing import Any

import msgspec
import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from dashboard.api import openapi
from dashboard.api.docs import FILE, TABLES, filled
from dashboard.api.table import BY_PATH, ENDPOINTS
from gateway import app as service
from gateway.domain.people.person import UserRole
from tests.dashboard.api.programs import Program, program
from tests.dashboard.client import Client
from tests.dashboard.every import all_routes
from tests.dashboard.place import serving

PATHS = [row.path for row in ENDPOINTS]
EVERY = list(HealthCheck)
SCHEMA = schemathesis.openapi.from_dict(openapi.document())
AS_DECLARED = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
ROLES = (UserRole.OFFICIAL, UserRole.TRAPPER, UserRole.VIEWER)


@pytest.fixture(scope="module")
def programs(gateway: service.Gateway, url: str) -> list[Program]:
    return [program(gateway, url, role) for role in ROLES]


def cases(path: str) -> st.SearchStrategy[Any]:
    """Questions at an address: those that the document allows, and those that it does not."""
    operation = SCHEMA[path]["GET"]
    allowed: st.SearchStrategy[Any] = operation.as_strategy()
    if not operation.query:
        return allowed
    refused: st.SearchStrategy[Any] = operation.as_strategy(generation_mode=GenerationMode.NEGATIVE)
    return allowed | refused


def checks(path: str) -> list[Any]:
    """What schemathesis checks of an answer; only the versioned addresses refuse what they do not know."""
    return [*AS_DECLARED, *([negative_data_rejection] if BY_PATH[path].versioned else [])]


@pytest.mark.parametrize("path", PATHS)
def test_whatever_is_asked_is_answered_as_declared(
    path: str, programs: list[Program], url: str
) -> None:
    ask_much(path, programs, url, 25)


@pytest.mark.long
@pytest.mark.parametrize("path", PATHS)
def test_much_more_is_asked_and_answered_as_declared(
    path: str, programs: list[Program], url: str
) -> None:
    ask_much(path, programs, url, 500)


def ask_much(path: str, programs: list[Program], url: str, examples: int) -> None:
    """Ask as each role in turn; nothing but what the document declares may come back."""
    statuses: Counter[int] = Counter()

    @settings(max_examples=examples, deadline=None, database=None, suppress_health_check=EVERY)
    @given(case=cases(path), one=st.sampled_from(programs))
    def ask(case: Any, one: Program) -> None:
        headers = {"Authorization": f"Bearer {one.secret}"}
        answer = case.call_and_validate(base_url=url, headers=headers, checks=checks(path))
        statuses[answer.status_code] += 1

    ask()
    assert statuses[200]
    assert statuses[401] == 0, "the token counts, whatever else is sent"
    assert max(statuses) < 500


@pytest.mark.parametrize("path", PATHS)
def test_who_is_nobody_is_refused_as_declared(path: str, url: str) -> None:
    case = SCHEMA[path]["GET"].Case()
    headers = {"Authorization": "Bearer shishigaki_x"}
    answer = case.call_and_validate(base_url=url, headers=headers, checks=AS_DECLARED)
    assert answer.status_code == 401


@pytest.mark.parametrize(
    ("body", "status"), [(b"{}", 200), (b'{"items": [{}], "next": null}', 200), (b"oops", 500)]
)
def test_control_an_answer_that_is_not_as_declared_is_noticed(body: bytes, status: int) -> None:
    async def answer(_: Request) -> Response:
        return Response(body, status, {"ETag": "1"}, media_type="application/json")

    app = Starlette(routes=[Route("/api/v1/devices", answer)])
    app.state.live = Idle()
    case = SCHEMA["/api/v1/devices"]["GET"].Case()
    with serving(app) as (url, _), pytest.raises(FailureGroup):
        case.call_and_validate(base_url=url, checks=AS_DECLARED)


class Idle:
    """Has no streams to end."""

    def close(self) -> None:
        """Called at the end."""


def routes_of_the_api(app: Starlette, gateway: service.Gateway) -> set[str]:
    found = (one for one in all_routes(app, gateway) if isinstance(one, Route))
    return {one.path for one in found if one.path.startswith("/api/")}


def test_every_route_is_in_the_document_and_nothing_else(gateway: service.Gateway) -> None:
    routes = routes_of_the_api(service.pages(gateway, dict), gateway)
    assert routes == set(openapi.document()["paths"])


def test_control_a_route_without_a_row_is_noticed(gateway: service.Gateway) -> None:
    app = service.pages(gateway, dict)
    app.routes.append(Route("/api/v1/secret", lambda _: None))
    assert routes_of_the_api(app, gateway) - set(openapi.document()["paths"]) == {"/api/v1/secret"}


def test_the_document_is_served_to_everybody(url: str) -> None:
    answer = Client(url).get("/api/openapi.json")
    assert answer.status_code == 200
    assert answer.json() == msgspec.json.decode(openapi.encoded())
    assert answer.json()["openapi"].startswith("3.1")


def test_the_tables_of_api_md_are_those_of_the_code() -> None:
    text = FILE.read_text(encoding="utf-8")
    assert filled(text) == text, "run: python -m dashboard.api.docs"
    assert all(f"| `{one.path}` |" in text for one in ENDPOINTS)


@pytest.mark.parametrize("name", TABLES)
def test_a_missing_marker_is_an_error(name: str) -> None:
    text = FILE.read_text(encoding="utf-8").replace(f"<!-- /{name} -->", "")
    with pytest.raises(ValueError, match=name):
        filled(text)
