"""Which town a request comes from.

Owns the two headers and the look-up of the certificate. Must not read the body. The proxy in front ends TLS,
demands a certificate of the region's own authority, removes both headers from what comes from outside and
sets them from the certificate.
"""

from collections.abc import Mapping

from msgspec import Struct

from gateway.domain.errors import BadInputError
from gateway.region.hub.database import Connection
from gateway.region.protocol import Trouble

TOWN_HEADER = "x-shishigaki-town"  # the certificate's common name
SERIAL_HEADER = "x-shishigaki-serial"  # upper-case hex digits without leading zeros

_ENTER = """
SELECT t.no, set_config('shishigaki.town', t.no::text, true), pg_advisory_xact_lock(18001, t.no)
FROM region.organisation o JOIN region.town t ON t.no = o.no WHERE o.id = $1
"""
_TOWN = """
SELECT o.kind, t.zone, t.version, c.revoked_at IS NOT NULL AS revoked
FROM region.organisation o JOIN region.town t ON t.no = o.no
JOIN region.certificate c ON c.town = t.no AND c.serial = $2 AND c.expires_at > now() WHERE t.no = $1
"""


class AccessDeniedError(BadInputError):
    """The request is not one of this town; `trouble` is UNKNOWN or REVOKED."""

    def __init__(self, trouble: Trouble, detail: str) -> None:
        super().__init__(detail)
        self.trouble = trouble


class KnownTown(Struct, frozen=True):
    """A town that sends, as the database knows it inside this transaction."""

    no: int
    id: str
    is_hub: bool  # a hub one level down: it sends sums only
    zone: str
    version: int


def claimed(town: str, headers: Mapping[str, str]) -> str:
    """The serial of the certificate, if it names the town of the path. Raises AccessDeniedError."""
    name, serial = headers.get(TOWN_HEADER, ""), headers.get(SERIAL_HEADER, "")
    if not name or not serial:
        raise AccessDeniedError(Trouble.UNKNOWN, "no client certificate")
    if name != town:
        raise AccessDeniedError(Trouble.UNKNOWN, f"the certificate is of {name}, not of {town}")
    return serial.upper().lstrip("0") or "0"


async def enter(connection: Connection, town: str, serial: str) -> KnownTown:
    """Begin a transaction as this town, alone among its requests. Raises AccessDeniedError."""
    no = await connection.fetchval(_ENTER, town)
    # A statement of its own: what the first one saw may be older than the lock that it waited for.
    row = await connection.fetchrow(_TOWN, no, serial) if no is not None else None
    if row is None:
        raise AccessDeniedError(
            Trouble.UNKNOWN, f"{town} is not enrolled with certificate {serial}"
        )
    if row["revoked"]:
        raise AccessDeniedError(Trouble.REVOKED, f"certificate {serial} of {town} was revoked")
    return KnownTown(no, town, row["kind"] == "hub", row["zone"], row["version"])
