"""One block into the tables, inside one transaction of its town.

Owns the order of its parts, the end of the journal that is known (`upto`) and the refusal of blocks that
leave a gap or come from an older session. Must not commit, nor judge what a record says.
"""

from datetime import datetime

from msgspec import Struct

from gateway.domain.epoch import ms
from gateway.domain.zones import find_zone
from gateway.region.hub.database import Connection
from gateway.region.hub.receive import states
from gateway.region.hub.receive.access import KnownTown
from gateway.region.hub.receive.devices import keep_devices
from gateway.region.hub.receive.due import mark_days
from gateway.region.hub.receive.events import keep_events
from gateway.region.hub.receive.given_squares import keep_squares
from gateway.region.hub.receive.limits import check_limits
from gateway.region.hub.receive.periods import keep_periods
from gateway.region.protocol import SESSION, BadBlockError, Block, Lane, Trouble
from gateway.region.records import TownRecord

_JOURNAL = "SELECT no, upto, first_version FROM region.journal WHERE town = $1 AND id = $2"
_NEW_JOURNAL = """
INSERT INTO region.journal (town, id, first_version) VALUES ($1, $2, $3) RETURNING no
"""
_MOVED = "UPDATE region.journal SET upto = greatest(upto, $3) WHERE town = $1 AND no = $2"
_HEARD = """
UPDATE region.town SET heard_at = now(), clock_off_ms = $2, version = greatest(version, $3), journal = $4
WHERE no = $1
"""
_TOWN = """
UPDATE region.town SET site = $2, zone = $3, program = $4, level = $5, retention_days = $6 WHERE no = $1
"""


class KnownJournal(Struct, frozen=True):
    """One journal as the hub knows it; `no` is None before its first block."""

    no: int | None
    upto: int
    first_version: int = 0  # of its first block


class BlockRefusedError(BadBlockError):
    """A block that does not follow what is known; the answer says what is."""


async def known_journal(connection: Connection, town: KnownTown, journal: str) -> KnownJournal:
    """How far a journal of this town is known."""
    row = await connection.fetchrow(_JOURNAL, town.no, journal)
    return KnownJournal(*row) if row else KnownJournal(None, 0)


async def keep_block(connection: Connection, town: KnownTown, block: Block, now: datetime) -> int:
    """Keep everything that the block carries; the journal's new `upto`. Raises BadBlockError."""
    check_limits(block, is_hub=town.is_hub)
    known = await known_journal(connection, town, block.journal)
    _check_follows(town, known, block)
    no = known.no or await connection.fetchval(_NEW_JOURNAL, town.no, block.journal, block.version)
    if block.town is not None and block.version >= town.version:
        town = await _keep_town(connection, town, block.town)
    await _keep_records(connection, town, no, block)
    if block.lane is Lane.JOURNAL:
        await connection.execute(_MOVED, town.no, no, block.up_to)
    off_ms = block.sent_ms - ms(now)
    await connection.execute(_HEARD, town.no, off_ms, block.version, no)
    return max(known.upto, block.up_to)


def _check_follows(town: KnownTown, known: KnownJournal, block: Block) -> None:
    if block.session < town.version // SESSION:
        raise BlockRefusedError(
            Trouble.SUPERSEDED,
            f"session {block.session}; a newer one has sent: {town.version // SESSION}",
        )
    if block.lane is Lane.JOURNAL and block.after > known.upto:
        raise BlockRefusedError(Trouble.GAP, f"after {block.after}; known up to {known.upto}")


async def _keep_town(connection: Connection, town: KnownTown, record: TownRecord) -> KnownTown:
    zone = record.zone if find_zone(record.zone) else town.zone
    days = min(record.retention_days, 1 << 30)
    row = (record.site, zone, record.program, record.level, days)
    await connection.execute(_TOWN, town.no, *row)
    return KnownTown(town.no, town.id, town.is_hub, zone, town.version)


async def _keep_records(
    connection: Connection, town: KnownTown, journal: int, block: Block
) -> None:
    version = block.version
    await keep_devices(connection, town, version, block.devices)
    await keep_events(connection, town, journal, version, block.events)
    await keep_periods(connection, town, "hour", version, block.hours)
    due = await keep_periods(connection, town, "day", version, block.days)
    due |= await states.keep_actions(connection, town, version, block.actions)
    due |= await keep_squares(connection, town, version, block.squares)
    await states.keep_alerts(connection, town, version, block.alerts)
    await states.keep_agreements(connection, town, version, block.agreements)
    await states.keep_answers(connection, town, block.answers)
    await mark_days(connection, town.no, due)
