"""Error responses: unknown page, forbidden page, our own bug.

Owns the handlers of exceptions. Must not catch or log: the server logs.
"""

from collections.abc import Awaitable, Callable
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from dashboard.web.responses import Reply
from gateway.clock import Clock

Handler = Callable[[Request, Any], Awaitable[Response]]


def error_handlers(reply: Reply, clock: Clock) -> dict[Any, Handler]:
    """The exception handlers of an application."""

    async def on_error(request: Request, error: Exception) -> Response:
        status = error.status_code if isinstance(error, HTTPException) else 500
        if request.url.path.startswith("/api/"):
            return JSONResponse({"error": getattr(error, "detail", "")}, status)
        word = {404: "error.missing", 403: "error.forbidden"}.get(status, "error.title")
        return reply.page(request, "error.html", clock(), status=status, word=word)

    return {HTTPException: on_error, Exception: on_error}
