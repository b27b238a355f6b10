"""The page of people: a list, a form for each, the audit.

Owns the handlers. What a person may look like and who may change whom: `gateway.domain.people.rules`.
No page shows the address of a channel or anything of a password.
"""

from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from dashboard.people.form import DIGESTS, MOST_FIELDS, PersonForm
from dashboard.web.auth import Auth
from dashboard.web.entry.guesses import TooManyTriesError
from dashboard.web.entry.passwords import LEAST_LENGTH, LONGEST, is_long_enough
from dashboard.web.responses import Reply
from gateway.clock import Clock
from gateway.domain.alerts.lifecycle import Duty
from gateway.domain.outcome import Outcome
from gateway.domain.people import rules
from gateway.domain.people.permissions import Access, Resource
from gateway.domain.people.person import Person, UserRole
from gateway.domain.people.rules import PersonError
from gateway.ingest.people import roster
from gateway.store import Reader, Store, Transaction
from gateway.store.feed import Feed

PAGE = "/people"
AUDIT_ROWS = 50


class PeoplePages:
    """Handlers of /people."""

    def __init__(self, store: Store, feed: Feed, auth: Auth, reply: Reply, clock: Clock) -> None:
        self._store, self._feed, self._auth = store, feed, auth
        self._reply, self._clock = reply, clock

    def routes(self) -> list[Route]:
        """The list, the form and its acts."""
        return [
            Route(PAGE, self.show, methods=["GET"]),
            Route(PAGE, self.save, methods=["POST"]),
            Route(f"{PAGE}/remove", self.remove, methods=["POST"]),
            Route(f"{PAGE}/new", self.show_new, methods=["GET"]),
            Route(f"{PAGE}/of/{{name:path}}", self.show_one, methods=["GET"]),
        ]

    async def show(self, request: Request) -> Response:
        """Everybody, and the newest changes."""
        people, changes, devices = await self._store.read(
            lambda r: (r.people.all(), r.people.changes(AUDIT_ROWS), r.devices())
        )
        return self._reply.page(
            request,
            "people.html",
            self._clock(),
            account=request.state.account,
            people=people,
            changes=changes,
            lost={one.name: rules.unmatched(one, devices) for one in people},
            unsaid=[one for one in people if rules.has_unsaid_places(one)],
            said=request.query_params.get("said", "") in {"saved", "removed"},
            may_act=access_of(request).may_act(Resource.PEOPLE),
        )

    async def show_new(self, request: Request) -> Response:
        """An empty form."""
        return await self._form(request, Person(name=""), 0)

    async def show_one(self, request: Request) -> Response:
        """The form of one person."""
        name = request.path_params["name"]
        person, version = await self._store.read(lambda r: _with_version(r, name))
        if person is None:
            raise HTTPException(404)
        return await self._form(request, person, version)

    async def save(self, request: Request) -> Response:
        """Add or change somebody as the form says."""
        form = await _sent(request)
        access, now = access_of(request), self._clock()
        try:
            hashed = await self._hashed(form)
        except TooManyTriesError:
            raise HTTPException(503) from None
        except PersonError as error:
            return await self._refused(request, form, error)

        def change(tx: Transaction) -> None:
            version = tx.people.version(rules.plain(form.name))
            if form.version != version:
                raise PersonError("person_error.changed_meanwhile")
            person = roster.put(tx, form.name, lambda one: form.person(one, hashed), access, now)
            if rules.has_unsaid_places(person):
                raise PersonError("person_error.places_unsaid")

        try:
            await self._store.write(change)
        except PersonError as error:
            return await self._refused(request, form, error)
        return self._done("saved")

    async def remove(self, request: Request) -> Response:
        """Take somebody out."""
        form = await _sent(request)
        access, now = access_of(request), self._clock()
        try:
            await self._store.write(lambda tx: roster.remove(tx, form.name, access, now))
        except PersonError as error:
            return await self._refused(request, form, error)
        return self._done("removed")

    async def _hashed(self, form: PersonForm) -> str:
        """The hash of a new password; "" where there is none. Raises PersonError, TooManyTriesError."""
        if not form.password:
            return ""
        if not is_long_enough(form.password):
            raise PersonError("person_error.password_length", least=LEAST_LENGTH, most=LONGEST)
        return await self._auth.hash_password(form.password)

    def _done(self, said: str) -> Response:
        """Back to the list; open pages learn at once that somebody may see less or more."""
        self._feed.tell(Outcome())
        return RedirectResponse(f"{PAGE}?said={said}", 303)

    async def _refused(self, request: Request, form: PersonForm, error: PersonError) -> Response:
        """The form again, with the reason; what was typed stays, secrets do not."""
        name = rules.plain(form.name)
        person, version = await self._store.read(lambda r: _with_version(r, name))
        wrong = error.text(self._reply.text(request))
        try:
            shown = form.person(person, "")
        except PersonError:
            shown = person or Person(name=name)
        return await self._form(request, shown, version, wrong=wrong, is_new=person is None)

    async def _form(
        self, request: Request, person: Person, version: int, **values: Any
    ) -> Response:
        wrong, is_new = values.get("wrong", ""), values.get("is_new", not person.name)
        changes, devices = await self._store.read(
            lambda r: (r.people.changes(AUDIT_ROWS, person.name), r.devices())
        )
        access = access_of(request)
        return self._reply.page(
            request,
            "person.html",
            self._clock(),
            account=request.state.account,
            status=409 if wrong else 200,
            person=person,
            version=version,
            is_new=is_new,
            wrong=wrong,
            changes=changes,
            lost=rules.unmatched(person, devices),
            areas=sorted({one.area for one in devices if one.area}),
            duties=tuple(Duty),
            digests=DIGESTS,
            roles=tuple(UserRole) if access.may_act(Resource.ROLES) else (),
            may_act=access.may_act(Resource.PEOPLE),
            least=LEAST_LENGTH,
            most=LONGEST,
        )


def access_of(request: Request) -> Access:
    """What the reader may do."""
    access: Access = request.state.access
    return access


def _with_version(reader: Reader, name: str) -> tuple[Person | None, int]:
    return reader.people.find(name), reader.people.version(name)


async def _sent(request: Request) -> PersonForm:
    async with request.form(max_fields=MOST_FIELDS, max_files=0) as form:
        items = [(name, str(value)) for name, value in form.multi_items()]
    ticked: dict[str, list[str]] = {}
    for name, value in items:
        ticked.setdefault(name, []).append(value)
    return PersonForm(dict(items), ticked)
