"""A browser without JavaScript: HTTP with cookies, no redirects followed."""

import http.client
from collections.abc import Mapping
from http.cookies import SimpleCookie
from typing import Any
from urllib.parse import urlencode, urlsplit

import msgspec
from msgspec import Struct

HANGS_S = 120.0  # no answer for so long: it hangs, also on a busy machine


class Answer(Struct):
    """What came back; header names in lower case."""

    status_code: int
    headers: dict[str, str]
    content: bytes

    @property
    def text(self) -> str:
        """The body as text."""
        return self.content.decode()

    def json(self) -> Any:
        """The body as JSON."""
        return msgspec.json.decode(self.content)


class Client:
    """One browser at one address."""

    def __init__(self, url: str) -> None:
        self.host = urlsplit(url).netloc
        self.cookies: dict[str, str] = {}

    def get(
        self, path: str, params: Mapping[str, object] = {}, headers: Mapping[str, str] = {}
    ) -> Answer:
        """GET `path`."""
        return self._ask("GET", path, params, None, headers)

    def post(
        self,
        path: str,
        data: Mapping[str, str] = {},
        params: Mapping[str, object] = {},
        headers: Mapping[str, str] = {},
    ) -> Answer:
        """POST a form."""
        kind = {"content-type": "application/x-www-form-urlencoded"}
        return self._ask("POST", path, params, urlencode(data), kind | dict(headers))

    def send(
        self, method: str, path: str, body: bytes = b"", headers: Mapping[str, str] = {}
    ) -> Answer:
        """Any method with any body."""
        return self._ask(method, path, {}, body, headers)

    def _connect(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection(self.host, timeout=HANGS_S)

    def _ask(
        self,
        method: str,
        path: str,
        params: Mapping[str, object],
        body: str | bytes | None,
        headers: Mapping[str, str],
    ) -> Answer:
        cookies = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        sent = {"host": self.host, **({"cookie": cookies} if cookies else {}), **headers}
        target = f"{path}?{urlencode(params)}" if params else path
        connection = self._connect()
        try:
            connection.request(method, target, body, sent)
            answer = connection.getresponse()
            content = answer.read()
        finally:
            connection.close()
        for line in answer.headers.get_all("set-cookie", []):
            for name, morsel in SimpleCookie(line).items():
                self.cookies[name] = morsel.value
        found = {name.lower(): value for name, value in answer.headers.items()}
        return Answer(answer.status, found, content)
