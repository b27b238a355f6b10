"""Logging in to and out of the hub's pages.

Owns the form. Must not check passwords itself (`accounts`).
"""

import math

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from dashboard.office.region.hub.entry.accounts import COOKIE, LONGEST, Accounts
from dashboard.office.region.hub.entry.gate import source_of
from dashboard.office.region.hub.page import HubReply, user_of
from dashboard.web.entry.guesses import TooManyTriesError
from gateway.clock import Clock
from gateway.domain.people.rules import plain

HOME = "/region/map"


class HubLogin:
    """Handlers of /login and /logout."""

    def __init__(self, accounts: Accounts, reply: HubReply, clock: Clock) -> None:
        self._accounts, self._reply, self._clock = accounts, reply, clock

    def routes(self) -> list[BaseRoute]:
        """The routes of login and logout, and the door."""
        return [
            Route("/", self.begin, methods=["GET"]),
            Route("/login", self.show, methods=["GET"]),
            Route("/login", self.enter, methods=["POST"]),
            Route("/logout", self.leave, methods=["POST"]),
        ]

    async def begin(self, _request: Request) -> Response:
        """The first page is the map."""
        return RedirectResponse(HOME, 303)

    async def show(self, request: Request) -> Response:
        """The form."""
        return self._form(request, "", 200)

    async def enter(self, request: Request) -> Response:
        """Check name and password, then show the page that was asked for."""
        async with request.form(max_fields=5, max_files=0) as form:
            name, password = plain(str(form.get("name", ""))), str(form.get("password", ""))
        try:
            cookie = await self._accounts.log_in(name[:64], password, source_of(request))
        except TooManyTriesError as error:
            answer = self._form(request, "login.wait", 429)
            answer.headers["Retry-After"] = str(math.ceil(error.wait.total_seconds()))
            return answer
        if cookie is None:
            return self._form(request, "login.wrong", 403)
        response = RedirectResponse(own_path(request.query_params.get("next", HOME)), 303)
        response.set_cookie(
            COOKIE,
            cookie,
            max_age=round(LONGEST.total_seconds()),
            httponly=True,
            samesite="lax",
            secure=self._reply.settings.public_url.startswith("https:"),
        )
        return response

    async def leave(self, request: Request) -> Response:
        """End every session of the account."""
        if user := user_of(request):
            await self._accounts.log_out(user)
        response = RedirectResponse("/login", 303)
        response.delete_cookie(COOKIE)
        return response

    def _form(self, request: Request, wrong: str, status: int) -> Response:
        target = own_path(request.query_params.get("next", HOME))
        return self._reply.page(
            request, "login.html", self._clock(), status=status, wrong=wrong, next=target
        )


def own_path(target: str) -> str:
    """`target` if it is a path of these pages, else the first page: never another host."""
    is_path = target.startswith("/") and not target.startswith(("//", "/\\"))
    return target if is_path else HOME
