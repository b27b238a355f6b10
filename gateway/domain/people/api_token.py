"""Tokens by which other programs read the API: their role, what they may read, how long. PURE.

Owns the token's fields and the check whether it still opens. Must not know the database or HTTP.
Of the token itself only a hash is kept; it is shown once, when it is made.
"""

import secrets
from datetime import datetime
from enum import StrEnum
from hashlib import sha256

from msgspec import Struct

from gateway.domain.errors import TranslatedError
from gateway.domain.people.permissions import Access, Visitor
from gateway.domain.people.person import UserRole

PREFIX = "shishigaki_"  # so that scanners of source code recognise a token that was published
ROLES = (
    UserRole.RESIDENT,
    UserRole.VIEWER,
    UserRole.TRAPPER,
    UserRole.INSTALLER,
    UserRole.OFFICIAL,
)  # a program takes no turns as a deputy, and nothing that only an admin sees is in the API
LONGEST_DAYS, LONGEST_NAME = 730, 64


class Scope(StrEnum):
    """What a token may read, or send."""

    DEVICES = "devices"
    ALERTS = "alerts"
    EVENTS = "events"
    RATES = "rates"
    PICTURES = "pictures"  # pictures of cameras: fetch one, send one
    REPORTS = "reports"  # sending residents' reports by Open311; reading them needs no token
    METRICS = "metrics"  # /metrics and the details of /healthz


READING = tuple(one for one in Scope if one is not Scope.REPORTS)
"""What a token may do where nobody says more."""


class TokenError(TranslatedError):
    """The token cannot be made or found; a key `token_error.*`."""


class ApiToken(Struct, frozen=True, kw_only=True):
    """One token, without its secret."""

    name: str
    role: UserRole
    scopes: tuple[Scope, ...]
    places: tuple[str, ...]  # ids of devices or areas, * allowed; empty: the whole site
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None = None
    used_at: datetime | None = None  # at most some minutes old

    def opens(self, now: datetime) -> bool:
        """Whether it is neither revoked nor expired."""
        return self.revoked_at is None and now < self.expires_at

    def access(self) -> Access:
        """What its role sees, by the same matrix as people; it acts by sending pictures only."""
        return Access(Visitor(self.role.value), f"token {self.name}", self.places)


def new_secret() -> str:
    """A new token: 256 random bits."""
    return PREFIX + secrets.token_urlsafe(32)


def hash_of(secret: str) -> str:
    """What is kept of a token. A fast hash is enough for 256 random bits: nobody can try them all."""
    return sha256(secret.encode("utf-8", "replace")).hexdigest()


def check(token: ApiToken) -> None:
    """Raises TokenError for a name, a role or a combination that no token may have."""
    if not 1 <= len(token.name) <= LONGEST_NAME:
        raise TokenError("token_error.name", most=LONGEST_NAME)
    if token.role not in ROLES:
        raise TokenError("token_error.role", role=token.role.value, allowed=", ".join(ROLES))
    if token.role is UserRole.TRAPPER and not token.places:
        raise TokenError("token_error.places")
    if not token.scopes:
        raise TokenError("token_error.scope", allowed=", ".join(Scope))
