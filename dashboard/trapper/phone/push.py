"""`/push`: a browser asks for push messages, or no longer wants them.

Owns who may ask. A subscription belongs to the person and the session that asked; what may be one:
`gateway.domain.people.push`. The person's channel `webpush:` is made with their first browser.
"""

from datetime import datetime

import msgspec
from msgspec import Struct
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from dashboard.web.responses import Reply
from gateway.alerts.channels.push_browsers import StoredPushBrowsers
from gateway.clock import Clock
from gateway.domain.people.person import Person, with_channels
from gateway.domain.people.push import PushError, PushSubscription, check
from gateway.store import Store, Transaction

ADDRESS, KEY, END = "/push", "/push/key", "/push/end"
CHANNEL = "webpush:"
MOST_BYTES = 8_192


class _Keys(Struct):
    p256dh: str
    auth: str


class _Asked(Struct):
    """What a browser's own subscription looks like as JSON."""

    endpoint: str
    keys: _Keys


class _Ended(Struct):
    endpoint: str


class PushPages:
    """Handlers of /push."""

    def __init__(
        self,
        store: Store,
        browsers: StoredPushBrowsers,
        services: tuple[str, ...],
        reply: Reply,
        clock: Clock,
    ) -> None:
        self._store, self._browsers, self._services = store, browsers, services
        self._reply, self._clock = reply, clock

    def routes(self) -> list[Route]:
        """The key, asking, and ending."""
        return [
            Route(KEY, self.key),
            Route(ADDRESS, self.begin, methods=["POST"]),
            Route(END, self.end, methods=["POST"]),
        ]

    async def key(self, request: Request) -> Response:
        """The gateway's public key, which a browser needs to subscribe."""
        return JSONResponse({"key": await self._browsers.public_key()})

    async def begin(self, request: Request) -> Response:
        """Keep the browser of this session."""
        person: Person | None = request.state.account
        if person is None:
            return self._answer(request, "push.refused", 403)
        try:
            asked = msgspec.json.decode((await request.body())[:MOST_BYTES], type=_Asked)
            now = self._clock()
            session: str = request.state.session
            one = PushSubscription(
                person.name, session, asked.endpoint, asked.keys.p256dh, asked.keys.auth, now
            )
            check(one, self._services)
        except (msgspec.MsgspecError, UnicodeDecodeError, PushError):
            return self._answer(request, "push.refused", 422)
        await self._store.write(lambda tx: _keep(tx, one, now))
        return self._answer(request, "push.begun", 200)

    async def end(self, request: Request) -> Response:
        """Forget a browser of this person."""
        name: str = request.state.access.name
        try:
            asked = msgspec.json.decode((await request.body())[:MOST_BYTES], type=_Ended)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            return self._answer(request, "push.refused", 422)
        now = self._clock()
        one = PushSubscription(name, "", asked.endpoint, "", "", now)
        await self._store.write(lambda tx: _drop(tx, one, now))
        return self._answer(request, "push.ended", 200)

    def _answer(self, request: Request, word: str, status: int) -> Response:
        return JSONResponse({"text": self._reply.text(request)(word)}, status)


def _keep(tx: Transaction, one: PushSubscription, now: datetime) -> None:
    tx.push.put(one)
    person = tx.people.find(one.person)
    urls = [channel.url for channel in person.channels] if person else []
    if person and CHANNEL not in urls:
        tx.people.put(with_channels(person, [*urls, CHANNEL]), one.person, now)


def _drop(tx: Transaction, one: PushSubscription, now: datetime) -> None:
    """With the last browser the channel goes too."""
    tx.push.drop(one.id, one.person)
    person = tx.people.find(one.person)
    if person and not tx.push.of(one.person):
        urls = [channel.url for channel in person.channels if channel.url != CHANNEL]
        if len(urls) < len(person.channels):
            tx.people.put(with_channels(person, urls), one.person, now)
