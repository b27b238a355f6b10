"""Answers of the API: JSON with an ETag, and errors in one shape.

Owns their headers. Must not know what is in an answer.
"""

from collections.abc import Mapping
from hashlib import blake2b

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from dashboard.api.shapes import ApiError
from dashboard.api.table import ERRORS

HEADERS = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Vary": "Authorization, Cookie",
}


def answer(request: Request, body: bytes, media_type: str) -> Response:
    """The body, or 304 when the program has it already."""
    headers = {**HEADERS, "ETag": f'W/"{blake2b(body, digest_size=12).hexdigest()}"'}
    if is_known(request.headers.getlist("if-none-match"), headers["ETag"]):
        return Response(status_code=304, headers=headers)
    return Response(body, media_type=media_type, headers=headers)


def is_known(told: list[str], etag: str) -> bool:
    """Whether If-None-Match names the tag; weak and strong ones are compared alike (RFC 9110, 13.1.2)."""
    tags = {one.strip().removeprefix("W/") for header in told for one in header.split(",")}
    return etag.removeprefix("W/") in tags or "*" in tags


def refusal(status: int, reason: str = "", headers: Mapping[str, str] | None = None) -> Response:
    """An error; without a reason of its own the table's words."""
    code, about = ERRORS[status]
    body = msgspec.json.encode(ApiError(reason or about, code))
    return Response(body, status, {**HEADERS, **(headers or {})}, media_type="application/json")
