"""Agreements, the audit and requests to towns, as the hub's pages read and write them.

Owns their statements, inside a transaction of `reading`. Must not decide what a town does with a request: the
town decides and answers.
"""

import datetime as dt
from typing import Literal

from msgspec import Struct

from gateway.domain.errors import TranslatedError
from gateway.region.hub.database import Connection

MOST_ROWS = 200
MOST_WAITING = 20  # requests of one organisation that one town has not answered
LONGEST_TEXT = 1_000

RequestWord = Literal["acknowledge", "message"]


class RequestRefusedError(TranslatedError):
    """The request cannot be made; a key `request_error.*`."""


class AgreementRow(Struct, frozen=True):
    """An agreement that the reader's organisation is a party of."""

    giver: str
    taker: str
    level_km: int  # 0: exact
    from_day: int  # local days of the giver, since 1970
    until_day: int | None
    starts_ms: int
    ends_ms: int
    revoked_ms: int | None

    def state(self, now_ms: int) -> str:
        """What a reader is told of it: holds, later, over or revoked."""
        if self.revoked_ms is not None:
            return "revoked"
        if now_ms < self.starts_ms:
            return "later"
        return "holds" if now_ms < self.ends_ms else "over"


class PositionRead(Struct, frozen=True):
    """One reading of exact places."""

    at: dt.datetime
    organisation: str
    by_user: str
    giver: str
    purpose: str
    places: int


class AskedRequest(Struct, frozen=True):
    """One request to a town, and what became of it."""

    made_at: dt.datetime
    town: str
    organisation: str
    by_user: str
    kind: str
    text: str
    carried_at: dt.datetime | None
    answered_at: dt.datetime | None
    outcome: str
    reason: str


async def agreements(connection: Connection) -> list[AgreementRow]:
    """Those of the reader's organisation, as giver or taker, the newest first."""
    rows = await connection.fetch(
        "SELECT coalesce(nullif(o.title, ''), o.id), coalesce(nullif(k.title, ''), a.taker), "
        "a.level_km, a.from_day, a.until_day, a.starts_ms, a.ends_ms, a.revoked_ms "
        "FROM region.agreement a JOIN region.organisation o ON o.no = a.giver "
        "LEFT JOIN region.organisation k ON k.id = a.taker ORDER BY a.made_ms DESC, a.id LIMIT $1",
        MOST_ROWS * 10,
    )
    return [AgreementRow(*row) for row in rows]


async def position_reads(connection: Connection) -> list[PositionRead]:
    """Who has read exact places of the reader's organisation, or read them for it; the newest first."""
    rows = await connection.fetch(
        "SELECT p.at, coalesce(nullif(o.title, ''), o.id), p.by_user, coalesce(nullif(g.title, ''), g.id), "
        "p.purpose, p.places FROM region.position_read p "
        "JOIN region.organisation o ON o.no = p.organisation "
        "JOIN region.organisation g ON g.no = p.giver ORDER BY p.no DESC LIMIT $1",
        MOST_ROWS,
    )
    return [PositionRead(*row) for row in rows]


_REQUESTS = (
    "SELECT r.made_at, coalesce(nullif(t.title, ''), t.id), coalesce(nullif(o.title, ''), o.id), r.by_user, "
    "r.kind, r.text, r.carried_at, r.answered_at, r.outcome, r.reason FROM region.request r "
    "JOIN region.organisation t ON t.no = r.town JOIN region.organisation o ON o.no = r.organisation "
)


async def requests(connection: Connection) -> list[AskedRequest]:
    """Requests of and to the reader's organisation, the newest first."""
    sql = f"{_REQUESTS} ORDER BY r.made_at DESC LIMIT $1"
    return [AskedRequest(*row) for row in await connection.fetch(sql, MOST_ROWS)]


async def requests_of(connection: Connection, town: int) -> list[AskedRequest]:
    """Those to one town."""
    sql = f"{_REQUESTS} WHERE r.town = $1 ORDER BY r.made_at DESC LIMIT 20"
    return [AskedRequest(*row) for row in await connection.fetch(sql, town)]


async def ask(
    connection: Connection, town: str, kind: RequestWord, alert: str, text: str, by: str
) -> None:
    """Ask a town for something. Raises RequestRefusedError; without an agreement there is no such town."""
    row = await connection.fetchrow(
        "SELECT o.no, region.me() AS me FROM region.town t JOIN region.organisation o ON o.no = t.no "
        "WHERE o.id = $1 AND o.no = ANY (region.givers(5))",
        town,
    )
    if row is None:
        raise RequestRefusedError("request_error.town")
    if kind == "message" and not text:
        raise RequestRefusedError("request_error.text", most=LONGEST_TEXT)
    if kind == "acknowledge" and not await _is_open(connection, row["no"], alert):
        raise RequestRefusedError("request_error.alert")
    if await _waiting(connection, row["no"], row["me"]) >= MOST_WAITING:
        raise RequestRefusedError("request_error.waiting", most=MOST_WAITING)
    await connection.execute(
        "INSERT INTO region.request (town, kind, subject, text, organisation, by_user) "
        "VALUES ($1, $2, $3, $4, $5, $6)",
        row["no"],
        kind,
        alert,
        text,
        row["me"],
        by,
    )


async def _is_open(connection: Connection, town: int, alert: str) -> bool:
    """Whether an alert is open, and one that the reader may see by its name."""
    sql = "SELECT 1 FROM region.alert WHERE town = $1 AND id = $2 AND status <> 'resolved'"
    return await connection.fetchval(sql, town, alert) is not None


async def _waiting(connection: Connection, town: int, organisation: int) -> int:
    sql = (
        "SELECT count(*) FROM region.request WHERE town = $1 AND organisation = $2 "
        "AND answered_at IS NULL"
    )
    return int(await connection.fetchval(sql, town, organisation))
