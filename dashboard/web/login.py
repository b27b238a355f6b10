"""Logging in and out.

Owns the form. Must not check passwords itself (`auth`).
"""

import math

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from dashboard.web.auth import Auth
from dashboard.web.entry.guesses import TooManyTriesError
from dashboard.web.responses import Reply
from gateway.clock import Clock
from gateway.domain.people.rules import plain


class LoginPages:
    """Handlers of /login and /logout."""

    def __init__(self, auth: Auth, reply: Reply, clock: Clock) -> None:
        self._auth, self._reply, self._clock = auth, reply, clock

    def routes(self) -> list[BaseRoute]:
        """The routes of login and logout."""
        return [
            Route("/login", self.show, methods=["GET"]),
            Route("/login", self.enter, methods=["POST"]),
            Route("/logout", self.leave, methods=["POST"]),
        ]

    async def show(self, request: Request) -> Response:
        """The form."""
        return await self._form(request, "", 200)

    async def enter(self, request: Request) -> Response:
        """Check name and password, then redirect to the requested page."""
        form = await request.form(max_fields=5)
        name, password = plain(str(form.get("name", ""))), str(form.get("password", ""))
        try:
            account = await self._auth.log_in(request, name, password)
        except TooManyTriesError as error:
            answer = await self._form(request, "login.wait", 429)
            answer.headers["Retry-After"] = str(math.ceil(error.wait.total_seconds()))
            return answer
        if account is None:
            return await self._form(request, "login.wrong", 403)
        response = RedirectResponse(_own_path(request.query_params.get("next", "/")), 303)
        await self._auth.open_session(request, response, account)
        return response

    async def leave(self, request: Request) -> Response:
        """End the session."""
        response = RedirectResponse("/", 303)
        await self._auth.close_session(request, response)
        return response

    async def _form(self, request: Request, wrong: str, status: int) -> Response:
        return self._reply.page(
            request,
            "login.html",
            self._clock(),
            status=status,
            wrong=wrong,
            hint=await self._auth.hint(),
            next=_own_path(request.query_params.get("next", "/")),
        )


def _own_path(target: str) -> str:
    """`target` if it is a path of this site, else "/": never another host."""
    is_path = target.startswith("/") and not target.startswith(("//", "/\\"))
    return target if is_path else "/"
