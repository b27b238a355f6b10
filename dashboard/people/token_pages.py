"""The page of tokens: which programs read the API, giving one a token, ending it.

Owns the handlers of /tokens. The secret of a token is on the answer that makes it and never again. What a
token may be like: `gateway.domain.people.api_token`.
"""

from datetime import timedelta
from typing import Any

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from dashboard.people.form import listed
from dashboard.web.entry.account_pages import acting
from dashboard.web.responses import Reply
from gateway.clock import Clock
from gateway.domain.people.api_token import (
    LONGEST_DAYS,
    LONGEST_NAME,
    ROLES,
    ApiToken,
    Scope,
    TokenError,
    hash_of,
    new_secret,
)
from gateway.domain.people.permissions import Access, Resource
from gateway.ingest.people import programs
from gateway.store import Store

PAGE = "/tokens"
DAYS = 365  # where nobody says
MOST_FIELDS = 20


class TokenPages:
    """Handlers of /tokens."""

    def __init__(self, store: Store, reply: Reply, clock: Clock) -> None:
        self._store, self._reply, self._clock = store, reply, clock

    def routes(self) -> list[Route]:
        """The list, giving and ending."""
        return [
            Route(PAGE, self.show, methods=["GET"]),
            Route(PAGE, self.give, methods=["POST"]),
            Route(f"{PAGE}/revoke", self.revoke, methods=["POST"]),
        ]

    async def show(self, request: Request) -> Response:
        """Every token ever made, without its secret."""
        return await self._page(request, said=request.query_params.get("said") == "revoked")

    async def give(self, request: Request) -> Response:
        """Make a token and show it, this once."""
        person = acting(request)
        async with request.form(max_fields=MOST_FIELDS, max_files=0) as form:
            given = dict(form.items())
            scopes = [str(one) for one in form.getlist("scope")]
        secret, now = new_secret(), self._clock()
        hashed = hash_of(secret)
        try:
            token = self._asked(form, scopes)
            kept = await self._store.write(
                lambda tx: programs.add(tx, token, hashed, person.name, now)
            )
        except TokenError as error:
            return await self._page(
                request,
                status=409,
                wrong=error.text(self._reply.text(request)),
                given=given,
                ticked=scopes,
            )
        return await self._page(request, secret=secret, made=kept.name)

    async def revoke(self, request: Request) -> Response:
        """End a token."""
        person = acting(request)
        async with request.form(max_fields=MOST_FIELDS, max_files=0) as form:
            name = str(form.get("name", ""))
        now = self._clock()
        try:
            await self._store.write(lambda tx: programs.revoke(tx, name, person.name, now))
        except TokenError as error:
            return await self._page(
                request, status=409, wrong=error.text(self._reply.text(request))
            )
        return RedirectResponse(f"{PAGE}?said=revoked", 303)

    def _asked(self, form: FormData, scopes: list[str]) -> ApiToken:
        """The token that the form describes. Raises TokenError for what no form offers."""
        now, days = self._clock(), str(form.get("days", ""))
        if not (days.isascii() and days.isdigit() and 1 <= int(days[:6]) <= LONGEST_DAYS):
            raise TokenError("token_error.days", most=LONGEST_DAYS)
        role = next((one for one in ROLES if one == form.get("role")), None)
        if role is None:
            given = str(form.get("role", ""))[:LONGEST_NAME]
            raise TokenError("token_error.role", role=given, allowed=", ".join(ROLES))
        return ApiToken(
            name=str(form.get("name", "")),
            role=role,
            scopes=tuple(one for one in Scope if one in scopes),
            places=listed(str(form.get("places", ""))),
            created_at=now,
            expires_at=now + timedelta(days=int(days)),
        )

    async def _page(self, request: Request, status: int = 200, **values: Any) -> Response:
        found = await self._store.read(lambda reader: reader.tokens.all())
        access: Access = request.state.access
        return self._reply.page(
            request,
            "tokens.html",
            self._clock(),
            account=request.state.account,
            status=status,
            tokens=sorted(found, key=lambda one: one.revoked_at is not None),
            may_act=access.may_act(Resource.TOKENS),
            roles=ROLES,
            scopes=tuple(Scope),
            days=DAYS,
            most_days=LONGEST_DAYS,
            longest=LONGEST_NAME,
            **{
                "said": False,
                "wrong": "",
                "secret": "",
                "made": "",
                "given": {},
                "ticked": (),
                **values,
            },
        )
