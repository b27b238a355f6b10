"""Requests of the region to a town, handed over with each answer until the town has answered them.

Owns when a request was first handed over. Must not decide one: the town does.
"""

from gateway.domain.epoch import ms
from gateway.region.hub.database import Connection
from gateway.region.hub.receive.access import KnownTown
from gateway.region.protocol import Request

MOST = 20
_WAITING = """
SELECT r.id::text AS id, r.kind, r.by_user, o.id AS organisation, r.made_at, r.subject, r.text, r.carried_at
FROM region.request r JOIN region.organisation o ON o.no = r.organisation
WHERE r.town = $1 AND r.answered_at IS NULL ORDER BY r.made_at, r.id LIMIT $2
"""
_CARRIED = (
    "UPDATE region.request SET carried_at = now() WHERE town = $1 AND id::text = ANY ($2::text[])"
)


async def waiting_requests(connection: Connection, town: KnownTown) -> tuple[Request, ...]:
    """The oldest requests without an answer; they are handed over with this transaction's answer."""
    rows = await connection.fetch(_WAITING, town.no, MOST)
    if new := [row["id"] for row in rows if row["carried_at"] is None]:
        await connection.execute(_CARRIED, town.no, new)
    return tuple(
        Request(
            id=row["id"],
            kind=row["kind"],
            by=row["by_user"],
            organisation=row["organisation"],
            created_ms=ms(row["made_at"]),
            alert=row["subject"],
            text=row["text"],
        )
        for row in rows
    )
