"""Passwords and sessions: who is logged in, and who may read.

Owns the session cookie and what a log-in needs. Must not know pages.
On a loopback address, without `public_url` and while there is no account, a user of the same machine may
read without a login (requests through a proxy: `forwarded`). Actions always need an account.
"""

import secrets
from pathlib import Path

from itsdangerous import BadSignature, URLSafeTimedSerializer
from starlette.requests import Request
from starlette.responses import Response

from dashboard.web.accounts import Accounts
from dashboard.web.entry.browsers import Browsers
from dashboard.web.entry.guesses import Guesses, keys_of
from dashboard.web.entry.passwords import PasswordCheck
from dashboard.web.forwarded import is_forwarded, source
from gateway.clock import Clock
from gateway.config import Dashboard
from gateway.domain.people.person import Person

COOKIE = "shishigaki_session"
SESSION_S = 30 * 24 * 3600
LOOPBACK = {"127.0.0.1", "localhost", "::1"}


class Auth:
    """Sessions of one dashboard."""

    def __init__(self, settings: Dashboard, secret: str, accounts: Accounts, clock: Clock) -> None:
        self._signer = URLSafeTimedSerializer(secret, salt="session")
        self._accounts, self._clock = accounts, clock
        self._guesses, self._passwords = Guesses(), PasswordCheck()
        self._secure = settings.public_url.startswith("https:")
        self._browsers = Browsers(secret, secure=self._secure)
        self.is_local = is_local(settings)

    async def hint(self) -> str:
        """The key of a text that says how to make the first account; "" if not needed."""
        return await self._accounts.hint()

    async def account(self, request: Request) -> Person | None:
        """The current account of the session; None without a session or after a removal."""
        try:
            name, mark = self._signer.loads(request.cookies.get(COOKIE, ""), max_age=SESSION_S)
        except (BadSignature, ValueError):
            return None
        account = await self._accounts.find(name)
        return account if account and _password_mark(account) == mark else None

    async def may_read(self, request: Request, account: Person | None) -> bool:
        """Whether the reader may see the pages."""
        if account is not None:
            return True
        return self.is_local and not is_forwarded(request) and not await self._accounts.exist()

    async def log_in(self, request: Request, name: str, password: str) -> Person | None:
        """Check a password; None if it is wrong. Raises TooManyTriesError."""
        keys = keys_of(name, source(request), self._browsers.known(request, name))
        self._guesses.take(keys, self._clock())
        account = await self._accounts.find(name)
        wanted = account.password_hash if account else ""
        if not await self._passwords.matches(wanted, password):
            return None
        self._guesses.give_back(keys, self._clock())
        return account

    def open_session(self, request: Request, response: Response, account: Person) -> None:
        """Give the browser its session."""
        self._browsers.remember(request, response, account.name)
        token = self._signer.dumps([account.name, _password_mark(account)])
        response.set_cookie(
            COOKIE, token, max_age=SESSION_S, httponly=True, samesite="lax", secure=self._secure
        )

    def close_session(self, response: Response) -> None:
        """Delete the session cookie."""
        response.delete_cookie(COOKIE)


def is_local(settings: Dashboard) -> bool:
    """Whether the settings let only this machine reach the pages."""
    return settings.host in LOOPBACK and not settings.public_url


def signing_secret(settings: Dashboard, beside: Path) -> str:
    """The configured signing secret, else a random one kept in a private file next to `beside`."""
    if settings.secret:
        return settings.secret
    path = beside.with_suffix(".secret")
    if not path.exists():
        whole = path.with_suffix(".secret-new")  # renamed when complete, so never incomplete
        whole.touch(mode=0o600)
        whole.write_text(secrets.token_urlsafe(32))
        whole.rename(path)
    return path.read_text()


def same_origin(request: Request) -> bool:
    """Whether a POST comes from our own page (browsers send Origin with every POST)."""
    origin = request.headers.get("origin")
    return origin is None or origin.split("://")[-1] == request.headers.get("host")


def _password_mark(account: Person) -> str:
    """Part of the password hash in each session: a new password ends all sessions."""
    return account.password_hash[-12:]
