"""The only module that talks to InfluxDB: line protocol to /write, InfluxQL to /query.

Owns the connection: influxdb-client's asynchronous transport, authentication, TLS and compression.
Versions 1.6, 1.8, 2.x and 3 Core all have these two endpoints and Basic authentication (in 2.x and 3 the
token is the password). Must not decide what an answer means (`responses`).
"""

import asyncio
import contextlib
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import msgspec
from msgspec import Struct

from gateway.config import Influx
from gateway.domain.errors import UnreachableError
from gateway.export.influx.responses import ServerAnswer, describe

if TYPE_CHECKING:
    from influxdb_client.client.influxdb_client_async import InfluxDBClientAsync

_NO_BODY = "application/json"  # the only content type that the transport accepts without a body
LARGEST_PLAIN = 1 << 20  # bytes; the transport sends no larger uncompressed body
ANSWER_BYTES = 64_000  # read from an answer to a write or to a failed query
_results = msgspec.json.Decoder(dict[str, Any]).decode


class QueryError(UnreachableError):
    """A query failed; the text has the status or error and the server's reason."""


class ResultTable(Struct, frozen=True):
    """One series of an answer."""

    name: str
    tags: dict[str, str]
    columns: Sequence[str]
    values: list[list[Any]]


class Server:
    """One database on one server. Open with `connect`."""

    def __init__(self, client: "InfluxDBClientAsync", settings: Influx) -> None:
        self._call_api: Callable[..., Awaitable[Any]] = client.api_client.call_api
        self.database = settings.database
        self.packs = is_compressed(settings)

    async def write(self, body: bytes) -> ServerAnswer:
        """Write lines, compressed if that pays. Network and server errors are answers, never raised."""
        params = [("db", self.database), ("precision", "ns")]
        headers = {"Content-Type": "text/plain; charset=utf-8"}
        if self.packs or len(body) > LARGEST_PLAIN:
            headers["Content-Encoding"] = "gzip"
            body = await asyncio.to_thread(compress, body)
        try:
            return await self._call("/write", "POST", params, headers, body)
        except _broken() as error:
            return ServerAnswer(0, f"{type(error).__name__}: {error}".rstrip(": "))

    async def query(self, text: str, *, change: bool = False) -> list[list[ResultTable]]:
        """The tables of each statement, times in ns. Raises QueryError, also for an error inside a 200."""
        params = [("db", self.database), ("epoch", "ns"), ("q", text)]
        method = "POST" if change else "GET"
        try:
            answer = await self._call("/query", method, params, {}, b"", limit=None)
        except _broken() as error:
            raise QueryError(f"{type(error).__name__}: {error}".rstrip(": ")) from None
        if answer.status != 200:
            raise QueryError(describe(answer))
        return await asyncio.to_thread(_tables, answer.text)  # may be a megabyte

    async def ping(self) -> str:
        """The server's version, "" if it gives none. Raises QueryError if it does not answer."""
        try:
            reply = await self._call_api(
                "/ping", "GET", _preload_content=False, header_params={"Content-Type": _NO_BODY}
            )
            async with reply:
                return str(reply.headers.get("X-Influxdb-Version", ""))
        except _broken() as error:
            raise QueryError(f"{type(error).__name__}: {error}".rstrip(": ")) from None

    async def _call(
        self,
        path: str,
        method: str,
        params: list[tuple[str, str]],
        headers: dict[str, str],
        body: bytes,
        limit: int | None = ANSWER_BYTES,
    ) -> ServerAnswer:
        headers.setdefault("Content-Type", _NO_BODY)
        reply = await self._call_api(
            path,
            method,
            query_params=params,
            header_params=headers,
            body=body or None,
            _preload_content=False,
        )
        async with reply:
            whole = limit is None and reply.status == 200
            content = await (reply.read() if whole else reply.content.read(ANSWER_BYTES))
            text = content.decode("utf-8", "replace")
            return ServerAnswer(reply.status, text, _seconds(reply.headers.get("Retry-After")))


def _broken() -> tuple[type[Exception], ...]:
    """The exceptions of a broken network."""
    import aiohttp

    return (aiohttp.ClientError, TimeoutError, OSError)


@contextlib.asynccontextmanager
async def connect(settings: Influx) -> AsyncIterator[Server]:
    """A server for `settings`, whose url must not be empty. Nothing is sent before the first call."""
    import aiohttp  # imported here: half a second and 20 MB that only InfluxDB needs
    from influxdb_client.client.influxdb_client_async import InfluxDBClientAsync

    secret = settings.password or settings.token
    named = secret or settings.username
    client = InfluxDBClientAsync(
        settings.url.rstrip("/"),
        token=f"{settings.username or 'token'}:{secret}" if named else "",
        auth_basic=bool(named),
        timeout=round(settings.timeout_s * 1000),
        ssl_ca_cert=settings.ca_file or None,
        allow_redirects=False,  # another host must not receive the password
        client_session_kwargs={"cookie_jar": aiohttp.DummyCookieJar()},
    )
    async with client:
        yield Server(client, settings)


def compress(body: bytes) -> bytes:
    """gzip level 1: a tenth of the bytes for one microsecond per line."""
    packer = zlib.compressobj(1, zlib.DEFLATED, 31)
    return packer.compress(body) + packer.flush()


def is_compressed(settings: Influx) -> bool:
    """Whether to compress: `auto` does, except for a server on this machine."""
    host = urlsplit(settings.url).hostname or ""
    return settings.gzip == "always" or (
        settings.gzip == "auto" and host not in {"localhost", "127.0.0.1", "::1"}
    )


def _seconds(text: str | None) -> float | None:
    try:
        return max(0.0, float(text)) if text else None
    except ValueError:
        return None  # a date: our own retry delay is used


def _tables(text: str) -> list[list[ResultTable]]:
    try:
        results = _results(text).get("results", [])
    except msgspec.DecodeError:
        raise QueryError(f"200, but not InfluxDB's JSON: {text[:80]!r}") from None
    for result in results:
        if error := result.get("error"):
            raise QueryError(f"200 with error: {error}")
    return [[_series(table) for table in result.get("series", ())] for result in results]


def _series(table: dict[str, Any]) -> ResultTable:
    return ResultTable(
        table.get("name", ""), table.get("tags", {}), table["columns"], table.get("values", [])
    )


def quote(text: str) -> str:
    """A string literal of InfluxQL."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
