"""Who may do what: accounts, passwords, sessions.

Owns roles, the session cookie and what a page demands. Must not know pages.
On a loopback address, without `public_url` and as long as nobody has an account, whoever sits at the
machine may read without a login (`forwarded` knows who does not). Acting always needs an account.
"""

import asyncio
import secrets
from datetime import datetime, timedelta
from pathlib import Path

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError
from itsdangerous import BadSignature, URLSafeTimedSerializer
from starlette.requests import Request
from starlette.responses import Response

from dashboard.web.accounts import Accounts
from dashboard.web.forwarded import is_forwarded
from gateway.clock import Clock
from gateway.config import Dashboard
from gateway.domain.accounts import Account
from gateway.domain.errors import BadInputError

COOKIE = "shishigaki_session"
SESSION_S = 30 * 24 * 3600
TRIES, WAIT = 5, timedelta(minutes=1)  # wrong passwords before an account rests, and for how long
LOOPBACK = {"127.0.0.1", "localhost", "::1"}

hasher = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)  # 22 ms on the board
_NOBODY = hasher.hash(secrets.token_hex())  # so that an unknown name takes as long as a known one


class TooManyTriesError(BadInputError):
    """The account rests after wrong passwords."""


class Auth:
    """Sessions of one dashboard."""

    def __init__(self, settings: Dashboard, secret: str, accounts: Accounts, clock: Clock) -> None:
        self._signer = URLSafeTimedSerializer(secret, salt="session")
        self._accounts, self._clock = accounts, clock
        self._failed: dict[str, tuple[int, datetime]] = {}
        self._secure = settings.public_url.startswith("https:")
        self.is_local = is_local(settings)

    async def hint(self) -> str:
        """How the first person gets in, where that is the question: a key of the locale files."""
        return await self._accounts.hint()

    async def account(self, request: Request) -> Account | None:
        """Who is asking: the session's account as it is now (revoked = gone at once), or None."""
        try:
            name, mark = self._signer.loads(request.cookies.get(COOKIE, ""), max_age=SESSION_S)
        except (BadSignature, ValueError):
            return None
        account = await self._accounts.find(name)
        return account if account and _mark(account) == mark else None

    async def may_read(self, request: Request, account: Account | None) -> bool:
        """Whether the pages are shown to them."""
        if account is not None:
            return True
        return self.is_local and not is_forwarded(request) and not await self._accounts.exist()

    async def log_in(self, name: str, password: str) -> Account | None:
        """Check a password; None if it is wrong. Raises TooManyTriesError."""
        count, until = self._failed.get(name, (0, self._clock()))
        if count >= TRIES and self._clock() < until:
            raise TooManyTriesError
        account = await self._accounts.find(name)
        wanted = account.password_hash if account else _NOBODY
        if await asyncio.to_thread(_matches, wanted, password) and account:
            self._failed.pop(name, None)
            return account
        self._note_failure(name, count)
        return None

    def open_session(self, response: Response, account: Account) -> None:
        """Give the browser its session."""
        token = self._signer.dumps([account.name, _mark(account)])
        response.set_cookie(
            COOKIE, token, max_age=SESSION_S, httponly=True, samesite="lax", secure=self._secure
        )

    def close_session(self, response: Response) -> None:
        """Take it away."""
        response.delete_cookie(COOKIE)

    def _note_failure(self, name: str, count: int) -> None:
        if len(self._failed) > 1_000:  # names are anybody's invention
            self._failed.clear()
        self._failed[name] = (count % TRIES + 1, self._clock() + WAIT)


def is_local(settings: Dashboard) -> bool:
    """Whether the settings let only this machine reach the pages."""
    return settings.host in LOOPBACK and not settings.public_url


def signing_secret(settings: Dashboard, beside: Path) -> str:
    """The configured signing secret, or one made once and kept in a private file `beside`."""
    if settings.secret:
        return settings.secret
    path = beside.with_suffix(".secret")
    if not path.exists():
        whole = path.with_suffix(".secret-new")  # renamed when complete: never half a secret
        whole.touch(mode=0o600)
        whole.write_text(secrets.token_urlsafe(32))
        whole.rename(path)
    return path.read_text()


def hash_password(password: str) -> str:
    """What is kept of a password: argon2id with its parameters and salt."""
    return hasher.hash(password)


def same_origin(request: Request) -> bool:
    """Whether an act comes from our own page (browsers send Origin with every POST)."""
    origin = request.headers.get("origin")
    return origin is None or origin.split("://")[-1] == request.headers.get("host")


def _mark(account: Account) -> str:
    """Ties a session to the password: changing it ends all sessions."""
    return account.password_hash[-12:]


def _matches(wanted: str, password: str) -> bool:
    try:
        return hasher.verify(wanted, password)
    except (VerifyMismatchError, InvalidHashError):
        return False
