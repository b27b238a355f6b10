"""Where somebody is logged in: their own sessions, ending them, and their own password.

Owns the page /account. Must not show or change anybody else.
"""

import math

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from dashboard.web.auth import Auth
from dashboard.web.entry.guesses import TooManyTriesError
from dashboard.web.entry.passwords import LEAST_LENGTH, LONGEST, is_long_enough
from dashboard.web.responses import Reply
from gateway.clock import Clock
from gateway.domain.people.permissions import Resource
from gateway.domain.people.person import Person

PAGE = "/account"
SAID = {"ended": "account.ended", "password": "account.password_changed"}


class AccountPages:
    """Handlers of /account."""

    def __init__(self, auth: Auth, reply: Reply, clock: Clock) -> None:
        self._auth, self._reply, self._clock = auth, reply, clock

    def routes(self) -> list[Route]:
        """The routes of one's own account."""
        return [
            Route(PAGE, self.show, methods=["GET"]),
            Route(f"{PAGE}/sessions", self.end, methods=["POST"]),
            Route(f"{PAGE}/password", self.change_password, methods=["POST"]),
        ]

    async def show(self, request: Request) -> Response:
        """The sessions and the form for a new password."""
        if request.state.account is None:
            return RedirectResponse(f"/login?next={PAGE}", 303)
        return await self._page(request, request.state.account)

    async def end(self, request: Request) -> Response:
        """End one session, all others, or all."""
        person = acting(request)
        which = str((await request.form(max_fields=3)).get("session", ""))
        own: str = request.state.session
        if which in {"others", "all"}:
            await self._auth.sessions.end_all(person.name, but=own if which == "others" else "")
        else:
            await self._auth.sessions.end(person.name, which)
        if which in {"all", own}:
            return RedirectResponse("/login", 303)
        return RedirectResponse(f"{PAGE}?said=ended", 303)

    async def change_password(self, request: Request) -> Response:
        """A new password; it ends the other sessions."""
        person = acting(request)
        form = await request.form(max_fields=5)
        old, new, again = (str(form.get(name, "")) for name in ("old", "new", "again"))
        if not is_long_enough(new):
            return await self._page(request, person, "account.password_length", 400)
        if new != again:
            return await self._page(request, person, "account.password_differs", 400)
        try:
            changed = await self._auth.change_password(request, person, old, new)
        except TooManyTriesError as error:
            answer = await self._page(request, person, "login.wait", 429)
            answer.headers["Retry-After"] = str(math.ceil(error.wait.total_seconds()))
            return answer
        if not changed:
            return await self._page(request, person, "account.password_wrong", 403)
        return RedirectResponse(f"{PAGE}?said=password", 303)

    async def _page(
        self, request: Request, person: Person, wrong: str = "", status: int = 200
    ) -> Response:
        return self._reply.page(
            request,
            "account.html",
            self._clock(),
            account=person,
            status=status,
            sessions=await self._auth.sessions.of(person.name),
            own=request.state.session,
            wrong=wrong,
            said=SAID.get(request.query_params.get("said", ""), ""),
            least=LEAST_LENGTH,
            most=LONGEST,
            may_print=request.state.access.may_act(Resource.PEOPLE),
        )


def acting(request: Request) -> Person:
    """Who acts. Raises HTTPException 403."""
    person: Person | None = request.state.account
    if person is None:
        raise HTTPException(403)
    return person
