"""Passwords and sessions: who is logged in, and who may read.

Owns the session cookie and what a log-in needs. Must not know pages.
On a loopback address, without `public_url` and while there is no account, a user of the same machine may
read without a login (requests through a proxy: `forwarded`). Actions always need an account.
"""

from starlette.requests import Request
from starlette.responses import Response

from dashboard.web.accounts import Accounts
from dashboard.web.entry.browsers import Browsers
from dashboard.web.entry.guesses import Guesses, keys_of
from dashboard.web.entry.passwords import PasswordCheck
from dashboard.web.entry.sessions import Sessions, mark_of
from dashboard.web.forwarded import is_forwarded, source
from gateway.clock import Clock
from gateway.config import Dashboard
from gateway.config.dashboard import is_local
from gateway.domain.people.api_token import ApiToken
from gateway.domain.people.permissions import Access, Visitor, access_of
from gateway.domain.people.person import Person, UserRole
from gateway.domain.people.session import LONGEST
from gateway.domain.people.signing import Keys

COOKIE = "shishigaki_session"


class Auth:
    """Sessions of one dashboard."""

    def __init__(
        self,
        settings: Dashboard,
        browsers: Keys,
        accounts: Accounts,
        sessions: Sessions,
        clock: Clock,
    ) -> None:
        self.sessions = sessions
        self._accounts, self._clock = accounts, clock
        self._guesses, self._passwords = Guesses(), PasswordCheck()
        self._secure = settings.public_url.startswith("https:")
        self._browsers = Browsers(browsers, secure=self._secure)
        self.is_local = is_local(settings)

    async def hint(self) -> str:
        """The key of a text that says how to make the first account; "" if not needed."""
        return await self._accounts.hint()

    async def account(self, request: Request) -> Person | None:
        """The person of the session as they are now; None without one or after a removal."""
        session = await self.sessions.find(request.cookies.get(COOKIE, ""))
        account = await self._accounts.find(session.person) if session else None
        if session is None or account is None or session.mark != mark_of(account):
            return None
        self.sessions.note_use(session)
        request.state.session = session.id
        return account

    async def person(self, name: str) -> Person | None:
        """The person of a name, or None."""
        return await self._accounts.find(name)

    async def access(self, request: Request, account: Person | None) -> Access:
        """What the reader may see and do now; of a program with a token, what the token may."""
        if isinstance(token := getattr(request.state, "token", None), ApiToken):
            return token.access()
        if account is not None:
            turns = account.role is UserRole.DEPUTY
            on_duty = not turns or await self._accounts.is_on_duty(account, self._clock())
            return access_of(account, on_duty=on_duty)
        if self.is_local and not is_forwarded(request) and not await self._accounts.exist():
            return Access(Visitor.LOCAL)
        return Access()

    async def log_in(self, request: Request, name: str, password: str) -> Person | None:
        """Check a password; None if it is wrong. Raises TooManyTriesError."""
        keys = self._count(request, name)
        account = await self._accounts.find(name)
        return account if await self._check(keys, account, password) else None

    async def hash_password(self, password: str) -> str:
        """What is kept of a password that an office gives somebody. Raises TooManyTriesError."""
        return await self._passwords.hash(password)

    async def change_password(self, request: Request, account: Person, old: str, new: str) -> bool:
        """Replace somebody's password and end their other sessions; False: `old` is wrong.

        Raises TooManyTriesError, DiskError.
        """
        if not await self._check(self._count(request, account.name), account, old):
            return False
        hashed = await self._passwords.hash(new)
        changed = await self._accounts.set_password(
            account, hashed, request.state.session, self._clock()
        )
        await self.sessions.end_all(account.name, but=request.state.session)
        return changed

    async def open_session(self, request: Request, response: Response, account: Person) -> None:
        """Give the browser a session of its own; the one that it had ends."""
        if before := await self.sessions.find(request.cookies.get(COOKIE, "")):
            await self.sessions.end(before.person, before.id)
        self._browsers.remember(request, response, account.name)
        token = await self.sessions.begin(request, account)
        response.set_cookie(
            COOKIE,
            token,
            max_age=round(LONGEST.total_seconds()),
            httponly=True,
            samesite="lax",
            secure=self._secure,
        )

    async def close_session(self, request: Request, response: Response) -> None:
        """End the session and delete its cookie."""
        if session := await self.sessions.find(request.cookies.get(COOKIE, "")):
            await self.sessions.end(session.person, session.id)
        response.delete_cookie(COOKIE)

    def _count(self, request: Request, name: str) -> tuple[str, ...]:
        """Count a guess before anything is done for it; gives by what."""
        keys = keys_of(name, source(request), self._browsers.known(request, name))
        self._guesses.take(keys, self._clock())
        return keys

    async def _check(self, keys: tuple[str, ...], account: Person | None, password: str) -> bool:
        right = await self._passwords.matches(account.password_hash if account else "", password)
        if right:
            self._guesses.give_back(keys, self._clock())
        return right
