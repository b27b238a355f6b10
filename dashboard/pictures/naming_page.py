"""/pictures: what pictures of cameras show is named by keys, a burst at once, and taken back.

Owns the handlers. What a name changes: `gateway.ingest.pictures.naming`; who sees a picture: `seeing`.
"""

from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Any

import msgspec
from msgspec import Struct
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from dashboard.pictures.seeing import PAGE, may_see
from dashboard.web.entry.account_pages import acting
from dashboard.web.responses import Reply
from gateway.alerts.policy import Policy
from gateway.clock import Clock
from gateway.config.media.pictures import Pictures
from gateway.domain.epoch import ms
from gateway.domain.identity import Identity
from gateway.domain.model import Device
from gateway.domain.outcome import Outcome
from gateway.domain.people.permissions import Access, Acting, Resource
from gateway.domain.pictures.naming import (
    NOTHING,
    Agreement,
    Burst,
    Seen,
    agreement,
    bursts,
    is_name,
)
from gateway.domain.species import PERSON, TABLE
from gateway.ingest.pictures import naming
from gateway.store import Reader, Store, Transaction
from gateway.store.feed import Feed
from gateway.store.pictures.table import KnownPicture

MOST_READ, MOST_SHOWN = 1_000, 120  # pictures that are read, bursts on one page
MOST_IDS, MOST_BYTES = 100, 20_000
AGREED_DAYS = 366
MOST_PAIRS = 12
SCRIPT_WORDS = ("pictures.js.",)


class NameSent(Struct, frozen=True, forbid_unknown_fields=True):
    """A key press: pictures and their name. `act`: made by the page, the same when it is sent again."""

    act: str
    ids: list[str]
    species: str


class ActSent(Struct, frozen=True, forbid_unknown_fields=True):
    """A key press that is taken back."""

    act: str


class EvidenceSent(Struct, frozen=True, forbid_unknown_fields=True):
    """Pictures to be kept for ever, or no longer."""

    ids: list[str]
    keep: bool


class NamingPage:
    """Handlers of the page."""

    def __init__(
        self,
        store: Store,
        feed: Feed,
        reply: Reply,
        policy: Policy,
        clock: Clock,
        settings: Pictures,
    ) -> None:
        self._store, self._feed, self._reply = store, feed, reply
        self._policy, self._clock, self._settings = policy, clock, settings

    def routes(self) -> list[BaseRoute]:
        """The page and what its keys send."""
        return [
            Route(PAGE, self.show, methods=["GET"]),
            Route(f"{PAGE}/name", self.name, methods=["POST"]),
            Route(f"{PAGE}/undo", self.undo, methods=["POST"]),
            Route(f"{PAGE}/evidence", self.evidence, methods=["POST"]),
        ]

    async def show(self, request: Request) -> Response:
        """The bursts that nobody has named, the newest first."""
        access, now, words = request.state.access, self._clock(), self._reply.text(request)
        since_ms = ms(now - timedelta(days=AGREED_DAYS))
        found, devices, agreed = await self._store.read(
            lambda reader: _read(reader, access, since_ms)
        )
        shown = bursts((_seen(one) for one in found), self._settings.burst_s)
        return self._reply.page(
            request,
            "pictures.html",
            now,
            account=request.state.account,
            bursts=[self._row(one, devices, found) for one in shown[:MOST_SHOWN]],
            pictures=len(found),
            more=len(shown) > MOST_SHOWN,
            keys=[*self._settings.keys],
            others=[one.code for one in TABLE if one.code not in {*self._settings.keys, PERSON}],
            nothing=NOTHING,
            person=PERSON,
            agreed=agreed,
            pairs=agreed.pairs[:MOST_PAIRS],
            may_act=access.may_act(Resource.PICTURES),
            script_words=words.group(*SCRIPT_WORDS),
        )

    async def name(self, request: Request) -> Response:
        """Name the events of some pictures."""
        sent, person = await _body(request, NameSent), acting(request)
        if not (is_name(sent.species) and 0 < len(sent.act) <= 64 and sent.act.isascii()):
            raise HTTPException(422)
        events = await self._events(request, sent.ids)
        act, now = f"{person.name}:{sent.act}", self._clock()

        def write(tx: Transaction) -> tuple[Outcome, int]:
            done = naming.name(tx, events, sent.species, person.name, act, now, self._policy)
            return done, tx.pictures.how_many_unnamed()

        outcome, left = await self._store.write(write)
        self._feed.tell(outcome)
        return JSONResponse({"left": left})

    async def undo(self, request: Request) -> Response:
        """Take the names of a key press back."""
        sent, person, now = await _body(request, ActSent), acting(request), self._clock()
        act = f"{person.name}:{sent.act}"
        outcome = await self._store.write(
            lambda tx: naming.take_back(tx, act, person.name, now, self._policy)
        )
        self._feed.tell(outcome)
        return JSONResponse({"undone": sent.act})

    async def evidence(self, request: Request) -> Response:
        """Keep pictures for ever, or no longer."""
        sent = await _body(request, EvidenceSent)
        await self._events(request, sent.ids)
        await self._store.write(
            lambda tx: tx.pictures.set_evidence(sent.ids, is_evidence=sent.keep)
        )
        return JSONResponse({"keep": sent.keep})

    async def _events(self, request: Request, ids: Sequence[str]) -> list[Identity]:
        """The events of pictures that this person may name. Raises HTTPException 404."""
        access: Access = request.state.access
        if not 0 < len(ids) <= MOST_IDS:
            raise HTTPException(422)
        known, devices = await self._store.read(
            lambda reader: (
                [reader.pictures.find(one) for one in ids],
                {one.id: one for one in reader.devices()},
            )
        )
        found = [one for one in known if one is not None and _may_name(access, one, devices)]
        if len(found) < len(ids):
            raise HTTPException(404)
        return list(dict.fromkeys((one.picture.device, one.picture.event) for one in found))

    def _row(
        self, burst: Burst, devices: dict[str, Device], found: Iterable[KnownPicture]
    ) -> dict[str, Any]:
        device = devices[burst.device]
        hidden = {one.picture.id for one in found if one.has_people}
        begin = burst.begin.astimezone(self._reply.zone)
        return {
            "camera": device.label,
            "at": begin.strftime("%Y/%m/%d %H:%M:%S"),
            "ids": [one.id for one in burst.seen],
            "people": any(one.id in hidden for one in burst.seen),
        }


def _read(
    reader: Reader, access: Access, since_ms: int
) -> tuple[list[KnownPicture], dict[str, Device], Agreement]:
    devices = {one.id: one for one in reader.devices()}
    may_see_people = access.grant(Resource.PICTURES).act is Acting.ALL
    found = [
        one
        for one in reader.pictures.unnamed(MOST_READ, people=may_see_people)
        if one.picture.device in devices and may_see(access, one, devices[one.picture.device])
    ]
    return found, devices, agreement(reader.names.pairs(since_ms))


def _may_name(access: Access, one: KnownPicture, devices: dict[str, Device]) -> bool:
    device = devices.get(one.picture.device)
    return (
        device is not None
        and may_see(access, one, device)
        and access.may_act_at(Resource.PICTURES, device)
    )


def _seen(known: KnownPicture) -> Seen:
    one = known.picture
    return Seen(one.id, one.device, one.event, one.at)


async def _body(request: Request, kind: Any) -> Any:
    """A small JSON body. Raises HTTPException."""
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > MOST_BYTES:
            raise HTTPException(413)
    try:
        return msgspec.json.decode(body, type=kind)
    except msgspec.MsgspecError:
        raise HTTPException(400) from None
