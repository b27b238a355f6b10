"""Passwords and sessions: who is logged in, and who may read.

Owns the session cookie and the limit of wrong passwords. Must not know pages.
On a loopback address, without `public_url` and while there is no account, a user of the same machine may
read without a login (requests through a proxy: `forwarded`). Actions always need an account.
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
from gateway.domain.errors import BadInputError
from gateway.domain.people.person import Person

COOKIE = "shishigaki_session"
SESSION_S = 30 * 24 * 3600
TRIES, WAIT = 5, timedelta(minutes=1)  # wrong passwords before an account rests, and for how long
LOOPBACK = {"127.0.0.1", "localhost", "::1"}

hasher = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)  # 22 ms on the board
_DUMMY_HASH = hasher.hash(
    secrets.token_hex()
)  # checked for an unknown name, so that it takes as long as a known one


class TooManyTriesError(BadInputError):
    """The account is locked for a short time after wrong passwords."""


class Auth:
    """Sessions of one dashboard."""

    def __init__(self, settings: Dashboard, secret: str, accounts: Accounts, clock: Clock) -> None:
        self._signer = URLSafeTimedSerializer(secret, salt="session")
        self._accounts, self._clock = accounts, clock
        self._failed: dict[str, tuple[int, datetime]] = {}
        self._secure = settings.public_url.startswith("https:")
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

    async def log_in(self, name: str, password: str) -> Person | None:
        """Check a password; None if it is wrong. Raises TooManyTriesError."""
        count, until = self._failed.get(name, (0, self._clock()))
        if count >= TRIES and self._clock() < until:
            raise TooManyTriesError
        account = await self._accounts.find(name)
        wanted = account.password_hash if account else _DUMMY_HASH
        if await asyncio.to_thread(_matches, wanted, password) and account:
            self._failed.pop(name, None)
            return account
        self._note_failure(name, count)
        return None

    def open_session(self, response: Response, account: Person) -> None:
        """Set the session cookie."""
        token = self._signer.dumps([account.name, _password_mark(account)])
        response.set_cookie(
            COOKIE, token, max_age=SESSION_S, httponly=True, samesite="lax", secure=self._secure
        )

    def close_session(self, response: Response) -> None:
        """Delete the session cookie."""
        response.delete_cookie(COOKIE)

    def _note_failure(self, name: str, count: int) -> None:
        if len(self._failed) > 1_000:  # names are not checked: bounds the memory
            self._failed.clear()
        self._failed[name] = (count % TRIES + 1, self._clock() + WAIT)


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


def hash_password(password: str) -> str:
    """The stored form of a password: argon2id with its parameters and salt."""
    return hasher.hash(password)


def same_origin(request: Request) -> bool:
    """Whether a POST comes from our own page (browsers send Origin with every POST)."""
    origin = request.headers.get("origin")
    return origin is None or origin.split("://")[-1] == request.headers.get("host")


def _password_mark(account: Person) -> str:
    """Part of the password hash in each session: a new password ends all sessions."""
    return account.password_hash[-12:]


def _matches(wanted: str, password: str) -> bool:
    try:
        return hasher.verify(wanted, password)
    except (VerifyMismatchError, InvalidHashError):
        return False
