"""Sign-in links: a sheet of paper gets one person in, once, without typing.

Owns the addresses of the link and of the office's page that prints sheets, and who may print for whom.
Opening the link shows a button; only pressing it uses the link up, so a preview of a message does not.
"""

from datetime import timedelta

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from dashboard.web.auth import Auth
from dashboard.web.entry import qr
from dashboard.web.responses import Reply
from gateway.clock import Clock
from gateway.domain.people.permissions import Access, Resource
from gateway.domain.people.person import Person, UserRole
from gateway.domain.people.session import LINK_DAYS, MOST_LINK_DAYS, token_id
from gateway.store import Store, Transaction

PATH = "/in/"
SHEETS = "/sign-in"
SIZES = ("a6", "a4")
FIELD = {UserRole.TRAPPER, UserRole.DEPUTY}


class SignInPages:
    """Handlers of /in/… and /sign-in. `base`: how phones reach the pages; "": as this request did."""

    def __init__(self, auth: Auth, store: Store, reply: Reply, base: str, clock: Clock) -> None:
        self._auth, self._store, self._reply = auth, store, reply
        self._base, self._clock = base.rstrip("/"), clock

    def routes(self) -> list[Route]:
        """The routes of links and sheets."""
        return [
            Route(f"{PATH}{{token}}", self.ask, methods=["GET"]),
            Route(f"{PATH}{{token}}", self.enter, methods=["POST"]),
            Route(SHEETS, self.show, methods=["GET"]),
            Route(SHEETS, self.print_sheet, methods=["POST"]),
        ]

    async def ask(self, request: Request) -> Response:
        """Whom the link lets in, and the button. Changes nothing."""
        id_ = token_id(request.path_params["token"])
        link = await self._store.read(lambda reader: reader.sessions.link(id_))
        if link is None or not link.is_good(self._clock()):
            return self._over(request)
        return self._reply.page(request, "sign_in.html", self._clock(), person=link.person)

    async def enter(self, request: Request) -> Response:
        """Use the link up and begin a session."""
        id_, now = token_id(request.path_params["token"]), self._clock()
        name = await self._store.write(lambda tx: tx.sessions.use_link(id_, now))
        person = await self._auth.person(name) if name else None
        if person is None:
            return self._over(request)
        response = RedirectResponse("/traps" if person.role in FIELD else "/", 303)
        await self._auth.open_session(request, response, person)
        return response

    async def show(self, request: Request) -> Response:
        """Everybody for whom this person may print a sheet."""
        printing, access = self._printing(request), request.state.access
        people = await self._store.read(lambda reader: reader.people.all())
        return self._reply.page(
            request,
            "sign_in_people.html",
            self._clock(),
            account=printing,
            people=[one for one in people if may_print(access, one)],
            sizes=SIZES,
            days=LINK_DAYS,
            most_days=MOST_LINK_DAYS,
        )

    async def print_sheet(self, request: Request) -> Response:
        """A new link on a sheet; it is shown this once."""
        printing, now = self._printing(request), self._clock()
        access: Access = request.state.access
        form = await request.form(max_fields=5)
        name, size = str(form.get("person", "")), str(form.get("size", SIZES[0]))
        days = valid_days(str(form.get("days", LINK_DAYS)))
        if days is None or size not in SIZES:
            raise HTTPException(400)

        def make(tx: Transaction) -> str | None:
            person = tx.people.find(name)
            if person is None:
                raise HTTPException(404)
            if not may_print(access, person):
                return None
            return tx.sessions.make_link(name, printing.name, now, days)

        token = await self._store.write(make)
        if token is None:
            raise HTTPException(403)
        url = f"{self._base or str(request.base_url).rstrip('/')}{PATH}{token}"
        return self._reply.page(
            request,
            "sign_in_sheet.html",
            now,
            account=printing,
            person=name,
            url=url,
            code=qr.drawn(url),
            size=size,
            until=(now + timedelta(days=days)).astimezone(self._reply.zone),
        )

    def _over(self, request: Request) -> Response:
        return self._reply.page(
            request, "error.html", self._clock(), status=404, word="sign_in.over"
        )

    def _printing(self, request: Request) -> Person:
        """Who prints; the gate knows that they may. Raises HTTPException 403."""
        person: Person | None = request.state.account
        if person is None:
            raise HTTPException(403)
        return person


def may_print(access: Access, person: Person) -> bool:
    """Whether a sheet for this person gives the one who prints it nothing that they may not do."""
    return access.may_act(Resource.ROLES) or person.role not in {UserRole.ADMIN, UserRole.OFFICIAL}


def valid_days(given: str) -> int | None:
    """How long a link lasts; None: not a number of days that is allowed."""
    if not given.isascii() or not given.isdigit() or len(given) > 3:
        return None
    return int(given) if 1 <= int(given) <= MOST_LINK_DAYS else None
