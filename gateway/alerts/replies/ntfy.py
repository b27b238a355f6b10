"""Follows the ntfy topic to which the buttons of messages publish, as one stream that goes outwards.

Owns the connection and its limits. Where it goes on after a restart is the id of the last message read. Must
not know what a button says (`gateway.ingest.people.replied`).
"""

import asyncio
from collections.abc import Awaitable, Callable

import msgspec
from msgspec import Struct

from gateway.alerts.replies import Deliver, IncomingReply, Way
from gateway.alerts.replies.reconnect import Connection, WayUnreachableError
from gateway.clock import Clock
from gateway.config.replies import Replies

CONNECT_S = 20.0
SILENCE_S = 150.0  # the server sends a sign of life more often than that
LONGEST_LINE = 16_384
BEGINNING = "1h"  # what is read when nothing is remembered

Remembered = Callable[[], Awaitable[str | None]]


class _Line(Struct):
    """One line of the stream."""

    id: str = ""
    event: str = ""
    message: str = ""


_line = msgspec.json.Decoder(_Line)


class ReplyTopic:
    """The topic of the settings. `remembered`: the id of the last message that was read."""

    def __init__(
        self, settings: Replies, remembered: Remembered, clock: Clock, first_s: float = 2.0
    ) -> None:
        self._settings, self._remembered = settings, remembered
        self.connection = Connection("ntfy", clock, first_s)

    async def follow(self, deliver: Deliver) -> None:
        """Hand on the replies until cancelled."""
        await self.connection.keep(lambda: self._session(deliver))

    async def _session(self, deliver: Deliver) -> None:
        import aiohttp  # imported here: only replies by ntfy need it
        from aiohttp.http_exceptions import HttpProcessingError  # a line that is too long

        token = self._settings.ntfy_token
        limit = aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_S, sock_read=SILENCE_S)
        since = await self._remembered() or BEGINNING
        try:
            async with (
                aiohttp.ClientSession(timeout=limit, read_bufsize=LONGEST_LINE) as session,
                session.get(
                    f"{self._settings.ntfy_url}/json",
                    params={"since": since},
                    headers={"Authorization": f"Bearer {token}"} if token else {},
                    allow_redirects=False,
                ) as answer,
            ):
                if answer.status != 200:
                    raise WayUnreachableError(f"the server answers {answer.status}")
                async for line in answer.content:
                    await self._take(line, deliver)
        except (TimeoutError, asyncio.IncompleteReadError) as error:
            raise WayUnreachableError(f"no sign of life: {type(error).__name__}") from None
        except (aiohttp.ClientError, HttpProcessingError, ValueError) as error:
            raise WayUnreachableError(type(error).__name__) from None
        raise WayUnreachableError("the server ended the stream")

    async def _take(self, line: bytes, deliver: Deliver) -> None:
        try:
            message = _line.decode(line)
        except msgspec.MsgspecError:
            return  # a line of a captive portal, or of a later version
        if message.event in {"open", "keepalive", "message"}:
            self.connection.works()
        if message.event == "message":
            await deliver(IncomingReply(Way.NTFY, "", message.message[:200], place=message.id[:64]))
