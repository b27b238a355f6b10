"""One-tap links: who may answer which alert, signed, expiring. No I/O.

Owns the token and its one spelling. GET shows what it is about, POST acts until an outcome is recorded
(`dashboard.trapper.one_tap`); the token names alert and person only, so nothing secret and no place
stands in a message.
"""

from datetime import datetime
from hashlib import blake2b, sha256

import msgspec
from itsdangerous import BadSignature, URLSafeSerializer
from msgspec import Struct

from gateway.domain.errors import BadInputError

PATH = "/a/"


class Ticket(Struct, frozen=True, array_like=True):
    """What a link lets its holder do: answer this alert as this person."""

    alert: str
    person: str
    until: int  # seconds since 1970
    mark: str = ""  # tells links of the same alert and person apart: each records one outcome

    @property
    def id(self) -> str:
        """What is remembered of a link: never the link itself, and the same however it is spelled."""
        return blake2b(msgspec.json.encode(self), digest_size=16).hexdigest()

    def is_over(self, now: datetime) -> bool:
        """Whether it has expired."""
        return now.timestamp() > self.until


class BadTicketError(BadInputError):
    """The token is not one of ours."""


class Links:
    """Makes and reads tokens."""

    def __init__(self, secret: str, public_url: str = "", days: int = 3) -> None:
        self._signer = URLSafeSerializer(
            secret, salt="one-tap", signer_kwargs={"digest_method": sha256}
        )
        self._base, self._days = public_url.rstrip("/"), days

    def url(self, alert: str, person: str, now: datetime, mark: str = "") -> str:
        """The link for a message; empty when phones cannot reach the pages."""
        return f"{self._base}{PATH}{self.token(alert, person, now, mark)}" if self._base else ""

    def token(self, alert: str, person: str, now: datetime, mark: str = "") -> str:
        """A token that lives `days` from `now`."""
        return self.spell(self.ticket(alert, person, now, mark))

    def ticket(self, alert: str, person: str, now: datetime, mark: str = "") -> Ticket:
        """What such a token says."""
        return Ticket(alert, person, round(now.timestamp()) + self._days * 86_400, mark)

    def spell(self, ticket: Ticket) -> str:
        """The one token of a ticket."""
        return str(self._signer.dumps([ticket.alert, ticket.person, ticket.until, ticket.mark]))

    def read(self, token: str) -> Ticket:
        """What a token says; BadTicket if it was not signed here or is spelled in another way.

        Base64 lets unused bits and foreign characters pass: only the spelling that we made counts.
        """
        try:
            ticket = msgspec.convert(self._signer.loads(token), Ticket)
        except (BadSignature, msgspec.ValidationError):
            raise BadTicketError from None
        if self.spell(ticket) != token:
            raise BadTicketError
        return ticket
