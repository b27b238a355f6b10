"""Which organisations and towns a hub knows, and the serial numbers of their certificates.

Owns the rows of `organisation`, `town` and `certificate`. Must not make a certificate.
"""

from datetime import datetime

from gateway.region.hub.database import Connection

_ORGANISATION = """
INSERT INTO region.organisation (id, title, kind, operates) VALUES ($1, $2, $3, $4)
ON CONFLICT (id) DO UPDATE SET title = CASE WHEN excluded.title = '' THEN organisation.title
    ELSE excluded.title END, operates = organisation.operates OR excluded.operates,
    kind = CASE WHEN organisation.kind = 'office' THEN excluded.kind ELSE organisation.kind END
RETURNING no
"""
_TOWN = "INSERT INTO region.town (no) VALUES ($1) ON CONFLICT DO NOTHING"
_CERTIFICATE = """
INSERT INTO region.certificate (serial, town, expires_at) VALUES ($1, $2, $3)
ON CONFLICT (serial) DO UPDATE SET expires_at = excluded.expires_at WHERE certificate.town = excluded.town
"""
_REVOKE = """
UPDATE region.certificate c SET revoked_at = now(), revoked_by = $3 FROM region.organisation o
WHERE o.no = c.town AND o.id = $1 AND ($2 = '' OR c.serial = $2) AND c.revoked_at IS NULL RETURNING c.serial
"""


async def add_organisation(
    connection: Connection,
    name: str,
    title: str = "",
    *,
    kind: str = "office",
    operates: bool = False,
) -> int:
    """An organisation; `operates`: it runs this hub and sees of each town when it was heard.

    One that is known keeps what it is: an office may begin to send, a town never becomes a hub.
    """
    return int(await connection.fetchval(_ORGANISATION, name, title, kind, operates))


async def enrol(
    connection: Connection,
    town: str,
    serial: str,
    expires_at: datetime,
    title: str = "",
    *,
    is_hub: bool = False,
) -> int:
    """A town that may send with the certificate of this serial; its number. Earlier ones stay valid."""
    async with connection.transaction():
        kind = "hub" if is_hub else "town"
        number = await add_organisation(connection, town, title, kind=kind)
        await connection.execute(_TOWN, number)
        await connection.execute(_CERTIFICATE, serial.upper().lstrip("0"), number, expires_at)
    return number


async def revoke(connection: Connection, town: str, by: str, serial: str = "") -> list[str]:
    """No request with this certificate is taken any more; without a serial: with none of the town."""
    rows = await connection.fetch(_REVOKE, town, serial.upper().lstrip("0"), by)
    return [row["serial"] for row in rows]
