"""The OpenAPI 3.1 document, made from the table. PURE.

Owns how a row becomes a path item. JSON Schemas come from the types by msgspec.
"""

from collections.abc import Iterable
from functools import cache
from typing import Any

import msgspec

from dashboard.api.shapes import ApiError
from dashboard.api.table import ENDPOINTS, ERRORS, Endpoint, errors_of
from gateway.domain.people.api_token import Scope
from gateway.version import program_version

REF = "#/components/schemas/{name}"
ETAG = {"description": "changes with the answer", "schema": {"type": "string"}}
RETRY = {"description": "seconds to wait", "schema": {"type": "integer", "minimum": 1}}


@cache
def document() -> dict[str, Any]:
    """The whole document."""
    answers = [one.answer for one in ENDPOINTS]
    (*schemas, error), components = msgspec.json.schema_components(
        (*answers, ApiError), ref_template=REF
    )
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Shishigaki",
            "version": program_version(),
            "description": "Reads what the pages show; places are as exact as the role allows. "
            "Times are UTC as in RFC 3339; fields without a value are left out.",
        },
        "components": {
            "schemas": components,
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer"},
                "session": {"type": "apiKey", "in": "cookie", "name": "shishigaki_session"},
            },
        },
        "paths": {
            one.path: {"get": _operation(one, schema, error)}
            for one, schema in zip(ENDPOINTS, schemas, strict=True)
        },
    }


@cache
def encoded() -> bytes:
    """The document as JSON."""
    return msgspec.json.encode(document())


def _operation(endpoint: Endpoint, schema: Any, error: Any) -> dict[str, Any]:
    found = {"200": _answer(endpoint, schema)}
    if endpoint.versioned:
        found["304"] = {"description": "If-None-Match names the ETag of the present answer"}
    found |= {str(status): _error(status, error) for status in errors_of(endpoint)}
    return {
        "operationId": endpoint.name,
        "summary": endpoint.about,
        "tags": ["v1" if endpoint.versioned else "pages"],
        "parameters": [*parameters(endpoint), *_conditional(endpoint)],
        "security": _security(endpoint.scope),
        "responses": found,
    }


def _security(scope: Scope | None) -> list[dict[str, list[str]]]:
    return [] if scope is None else [{"token": [scope.value]}, {"session": []}]


def parameters(endpoint: Endpoint) -> Iterable[dict[str, Any]]:
    """The parameters of an address's query."""
    _, components = msgspec.json.schema_components((endpoint.question,))
    for name, schema in components[endpoint.question.__name__]["properties"].items():
        kept = {key: value for key, value in schema.items() if key != "description"}
        about = schema.get("description", "")
        yield {"name": name, "in": "query", "required": False, "description": about, "schema": kept}


def _conditional(endpoint: Endpoint) -> Iterable[dict[str, Any]]:
    if endpoint.versioned:
        yield {
            "name": "If-None-Match",
            "in": "header",
            "required": False,
            "description": "ETag of the answer that the program has",
            "schema": {"type": "string"},
        }


def _answer(endpoint: Endpoint, schema: Any) -> dict[str, Any]:
    headers = {"headers": {"ETag": ETAG}} if endpoint.versioned else {}
    content = {endpoint.media_type: {"schema": schema}}
    return {"description": endpoint.about, "content": content, **headers}


def _error(status: int, error: Any) -> dict[str, Any]:
    headers = {"headers": {"Retry-After": RETRY}} if status in {429, 503} else {}
    content = {"application/json": {"schema": error}}
    return {"description": ERRORS[status][1], "content": content, **headers}
