"""The only module of the uplink that talks to the region: HTTPS with the town's certificate, outbound only.

Owns one kept connection, through a proxy if set, and its time limit. `http.client` in a thread of its own:
aiohttp would take 8 MB of the 5 that an uplink may take. Must not decide what an answer means (`replies`).
"""

import asyncio
import base64
import contextlib
import http.client
import socket
import ssl
from concurrent.futures import ThreadPoolExecutor
from typing import Self
from urllib.parse import unquote, urlencode, urlsplit

from msgspec import Struct

from gateway.config.region import RegionSettings
from gateway.following.errors import ForwardingHaltedError
from gateway.region.protocol import BLOCK_TYPE

LARGEST_ANSWER = 8 << 20  # bytes


class RegionReply(Struct, frozen=True):
    """What came back. `status` 0: no answer, `text` says why."""

    status: int
    body: bytes = b""
    text: str = ""
    retry_after_s: float | None = None


class Connection:
    """One connection to the region, made again when it ends."""

    def __init__(self, settings: RegionSettings) -> None:
        self._settings = settings
        self._thread = ThreadPoolExecutor(1, "region")
        self._http: http.client.HTTPConnection | None = None
        self._ended = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Break off what is under way and let the thread end."""
        self._ended = True
        self._break_off()
        self._thread.submit(self._close)
        self._thread.shutdown(wait=False)

    async def post(self, path: str, body: bytes) -> RegionReply:
        """Send a block."""
        headers = {"Content-Type": BLOCK_TYPE, "Content-Length": str(len(body))}
        return await self._ask("POST", path, body, headers)

    async def get(self, path: str, **query: str | int) -> RegionReply:
        """Ask; `query` may end in _ where the name is a word of Python."""
        named = {name.rstrip("_"): value for name, value in query.items()}
        return await self._ask("GET", f"{path}?{urlencode(named)}", None, {})

    async def _ask(
        self, method: str, path: str, body: bytes | None, headers: dict[str, str]
    ) -> RegionReply:
        """A network error is an answer. Raises ForwardingHaltedError for files that cannot be used."""
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(self._settings.timeout_s):
                return await loop.run_in_executor(
                    self._thread, self._exchange, method, path, body, headers
                )
        except TimeoutError:
            self._break_off()
            return RegionReply(0, text=f"no answer within {self._settings.timeout_s:g} s")

    def _exchange(
        self, method: str, path: str, body: bytes | None, headers: dict[str, str]
    ) -> RegionReply:
        """On the thread. A kept connection that the other side has closed is made again, once."""
        for kept in (self._http is not None, False):
            try:
                return self._once(method, path, body, headers)
            except (http.client.HTTPException, OSError, ValueError) as error:
                self._close()
                if not kept or self._ended:
                    return RegionReply(0, text=f"{type(error).__name__}: {error}".rstrip(": "))
        raise AssertionError("unreachable")

    def _once(
        self, method: str, path: str, body: bytes | None, headers: dict[str, str]
    ) -> RegionReply:
        if self._http is None:
            self._http = self._open()
        self._http.request(method, path, body, {"User-Agent": "shishigaki", **headers})
        answer = self._http.getresponse()
        content = answer.read(LARGEST_ANSWER)
        if not answer.isclosed():  # longer than anything that a region says
            self._close()
        return RegionReply(
            answer.status, content, retry_after_s=_seconds(answer.headers.get("Retry-After"))
        )

    def _open(self) -> http.client.HTTPConnection:
        target, through = urlsplit(self._settings.url), urlsplit(self._settings.proxy)
        host, port = target.hostname or "", target.port
        timeout_s = self._settings.timeout_s
        at = (through.hostname or "", through.port or 8080) if through.hostname else (host, port)
        made: http.client.HTTPConnection
        if target.scheme == "https":
            made = http.client.HTTPSConnection(*at, timeout=timeout_s, context=self._tls())
        else:
            made = http.client.HTTPConnection(*at, timeout=timeout_s)
        if through.hostname:
            made.set_tunnel(host, port, _credentials(through.username, through.password))
        return made

    def _tls(self) -> ssl.SSLContext:
        """Read anew for each connection: a renewed certificate counts without a restart."""
        named = self._settings
        try:
            context = ssl.create_default_context(cafile=named.ca or None)
            if named.certificate:
                context.load_cert_chain(named.certificate, named.key)
        except (OSError, ssl.SSLError) as error:
            raise ForwardingHaltedError(
                f"region.certificate, key or ca cannot be used: {error.strerror or error}; "
                "shishigaki region join FILE puts them in place"
            ) from None
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        return context

    def _close(self) -> None:
        if self._http is not None:
            self._http.close()
            self._http = None

    def _break_off(self) -> None:
        """End a request that is under way. From another thread."""
        held = self._http
        if held is not None and held.sock is not None:
            with contextlib.suppress(OSError):
                held.sock.shutdown(socket.SHUT_RDWR)


def _credentials(user: str | None, password: str | None) -> dict[str, str]:
    if user is None:
        return {}
    pair = f"{unquote(user)}:{unquote(password or '')}".encode()
    return {"Proxy-Authorization": "Basic " + base64.b64encode(pair).decode()}


def _seconds(text: str | None) -> float | None:
    try:
        return max(0.0, float(text)) if text else None
    except ValueError:
        return None  # a date: our own pause is used
