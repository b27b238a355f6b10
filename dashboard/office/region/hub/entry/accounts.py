"""Accounts of the hub's pages: who somebody is by their cookie, logging in and out.

Owns the cookie, which is signed and holds a name and a time only: whether the account is still there is asked
of the database with every request. Logging out ends all sessions of the account, since no list of sessions is
kept: a copied cookie opens nothing afterwards. Times are those of the database, so that all receivers agree.
"""

import hashlib
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from itsdangerous import BadData, URLSafeSerializer

from dashboard.office.region.hub.reading import Readings
from dashboard.web.entry.guesses import Guesses, keys_of
from dashboard.web.entry.passwords import PasswordCheck
from gateway.clock import Clock
from gateway.domain.epoch import EPOCH

COOKIE = "region_session"
LONGEST = timedelta(hours=12)  # of a session (ASVS 3.3.2)
_FIND = "SELECT u.*, clock_timestamp() AS asked_at FROM region.login($1) u"
_SECRET = "SELECT value FROM region.setting WHERE key = 'pages.secret'"  # noqa: S105 - a query
_END = "UPDATE region.hub_user SET sessions_from = clock_timestamp() WHERE name = $1"


class HubUser(NamedTuple):
    """Somebody who has logged in, with the organisation whose rows they see."""

    name: str
    organisation: str
    role: str


class Accounts:
    """Checks names, passwords and cookies."""

    def __init__(self, readings: Readings, clock: Clock) -> None:
        self._readings, self._clock = readings, clock
        self._passwords, self._guesses = PasswordCheck(), Guesses()
        self._signer: URLSafeSerializer | None = None

    async def of_cookie(self, cookie: str) -> HubUser | None:
        """Whose session it is; None: nobody's, ended, too old, or its account was removed."""
        if not cookie:
            return None
        try:
            name, micros = (await self._signing()).loads(cookie)
            begun = from_micros(int(micros))
        except (BadData, ValueError, TypeError, OverflowError):
            return None
        async with self._readings.as_organisation("") as connection:
            row = await connection.fetchrow(_FIND, str(name))
        if row is None or not row["sessions_from"] <= begun <= row["asked_at"]:
            return None
        is_young = row["asked_at"] - begun < LONGEST
        return HubUser(row["name"], row["organisation"], row["role"]) if is_young else None

    async def log_in(self, name: str, password: str, source: str) -> str | None:
        """The cookie of a new session; None: the name or the password is wrong.

        Raises TooManyTriesError, DatabaseAwayError.
        """
        keys = keys_of(name, source, "")
        self._guesses.take(keys, self._clock())
        async with self._readings.as_organisation("") as connection:
            row = await connection.fetchrow(_FIND, name)
        if not await self._passwords.matches(row["password_hash"] if row else "", password):
            return None
        self._guesses.give_back(keys, self._clock())
        async with self._readings.as_organisation("") as connection:
            row = await connection.fetchrow(_FIND, name)
        if row is None:
            return None
        return (await self._signing()).dumps([row["name"], to_micros(row["asked_at"])])

    async def log_out(self, user: HubUser) -> None:
        """End every session of an account."""
        async with self._readings.as_organisation(user.organisation) as connection:
            await connection.execute(_END, user.name)

    async def _signing(self) -> URLSafeSerializer:
        if self._signer is None:
            async with self._readings.as_organisation("") as connection:
                secret = await connection.fetchval(_SECRET)
            settings = {"key_derivation": "hmac", "digest_method": hashlib.sha256}
            self._signer = URLSafeSerializer(secret, salt="hub session", signer_kwargs=settings)
        return self._signer


def to_micros(moment: datetime) -> int:
    """Microseconds since 1970, as PostgreSQL counts."""
    return (moment - EPOCH) // timedelta(microseconds=1)


def from_micros(value: int) -> datetime:
    """The moment of microseconds since 1970. Raises OverflowError."""
    return (EPOCH + timedelta(microseconds=value)).astimezone(UTC)
