"""A phone that speaks to an ASGI application without any network."""

import asyncio
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode, urlsplit

from msgspec import Struct
from starlette.types import ASGIApp


class Answer(Struct):
    """What came back."""

    status_code: int
    headers: dict[str, str]
    text: str  # of a file that is no text: with its bytes escaped

    @property
    def content(self) -> bytes:
        """The body."""
        return self.text.encode(errors="surrogateescape")


class Phone:
    """One request at a time."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    def get(self, url: str, headers: Mapping[str, str] | None = None) -> Answer:
        return self.ask("GET", url, b"", headers or {})

    def head(self, url: str) -> Answer:
        return self.ask("HEAD", url, b"", {})

    def post(self, url: str, data: Mapping[str, str]) -> Answer:
        kind = {"content-type": "application/x-www-form-urlencoded"}
        return self.ask("POST", url, urlencode(data).encode(), kind)

    def ask(self, method: str, url: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        return asyncio.run(self.ask_async(method, url, body, headers))

    async def ask_async(
        self, method: str, url: str, body: bytes, headers: Mapping[str, str]
    ) -> Answer:
        raw = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
        scope: dict[str, Any] = {
            "type": "http",
            "method": method,
            "path": urlsplit(url).path,
            "query_string": urlsplit(url).query.encode(),
            "headers": [(b"host", b"wall.example"), *raw],
            "scheme": "https",
            "http_version": "1.1",
            "server": ("wall.example", 443),
            "root_path": "",
        }
        shown: list[dict[str, Any]] = []

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: Any) -> None:
            shown.append(message)

        await self._app(scope, receive, send)
        start = next(m for m in shown if m["type"] == "http.response.start")
        content = b"".join(m.get("body", b"") for m in shown if m["type"] == "http.response.body")
        named = {name.decode(): value.decode() for name, value in start["headers"]}
        return Answer(start["status"], named, content.decode(errors="surrogateescape"))
