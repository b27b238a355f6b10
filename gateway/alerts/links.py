"""One-tap links: signed, expiring tokens with which one person answers one alert. No I/O.

Owns the token and its only valid spelling. GET shows the alert, POST records until there is an outcome
(`dashboard.trapper.one_tap`). The token names only alert and person, so a message contains no secret and
no place.
"""

from datetime import datetime
from hashlib import blake2b, sha256

import msgspec
from itsdangerous import BadSignature, URLSafeSerializer
from msgspec import Struct

from gateway.domain.errors import BadInputError
from gateway.domain.people.signing import Keys

PATH = "/a/"


class Ticket(Struct, frozen=True, array_like=True):
    """The right of a link's holder: to answer this alert as this person."""

    alert: str
    person: str
    until: int  # seconds since 1970
    mark: str = ""  # distinguishes links of the same alert and person: each records one outcome

    @property
    def id(self) -> str:
        """The stored id of a link; the link cannot be made from it."""
        return blake2b(msgspec.json.encode(self), digest_size=16).hexdigest()

    def is_over(self, now: datetime) -> bool:
        """Whether the link has expired."""
        return now.timestamp() > self.until


class BadTicketError(BadInputError):
    """The token is not one of ours."""


class Links:
    """Makes and reads tokens. `secret`: one, or what gives those that are accepted now."""

    def __init__(self, secret: str | Keys, public_url: str = "", days: int = 3) -> None:
        self._keys: Keys = (lambda: (secret,)) if isinstance(secret, str) else secret
        self._base, self._days = public_url.rstrip("/"), days

    def url(self, alert: str, person: str, now: datetime, mark: str = "") -> str:
        """The link for a message; empty without a public address."""
        return f"{self._base}{PATH}{self.token(alert, person, now, mark)}" if self._base else ""

    def token(self, alert: str, person: str, now: datetime, mark: str = "") -> str:
        """A token that is valid `days` from `now`."""
        return self.spell(self.ticket(alert, person, now, mark))

    def ticket(self, alert: str, person: str, now: datetime, mark: str = "") -> Ticket:
        """The ticket of such a token."""
        return Ticket(alert, person, round(now.timestamp()) + self._days * 86_400, mark)

    def spell(self, ticket: Ticket) -> str:
        """The only token of a ticket by the secret that signs now."""
        return _spelled(ticket, self._keys()[-1])

    def read(self, token: str) -> Ticket:
        """The ticket of a token. Raises BadTicketError if it was not signed here or is spelled differently.

        Base64 ignores unused bits and foreign characters, so only the spelling that we made is valid.
        """
        for key in reversed(self._keys()):
            try:
                ticket = msgspec.convert(_signer(key).loads(token), Ticket)
            except (BadSignature, msgspec.ValidationError):
                continue
            if _spelled(ticket, key) == token:
                return ticket
        raise BadTicketError


def _signer(key: str) -> URLSafeSerializer:
    return URLSafeSerializer(key, salt="one-tap", signer_kwargs={"digest_method": sha256})


def _spelled(ticket: Ticket, key: str) -> str:
    return str(_signer(key).dumps([ticket.alert, ticket.person, ticket.until, ticket.mark]))
