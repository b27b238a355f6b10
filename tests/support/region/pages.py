"""A region of some towns on a real hub, and its pages served in a thread of their own.

Owns the towns, what they give to whom, and starting the pages. Must not know what a test promises. All of it
reaches the database as blocks through the receiver; "today" is the real one, as PostgreSQL has its own clock.
"""

import asyncio
from collections.abc import Coroutine
from datetime import UTC, date, datetime, timedelta
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from msgspec import Struct

from gateway.domain.epoch import day_number, ms
from gateway.domain.people.agreement import Agreement, ShareLevel
from gateway.region import sharing
from gateway.region.hub.enrolment import add_organisation
from gateway.region.records import (
    ActionRecord,
    AgreementRecord,
    AlertRecord,
    DeviceRecord,
    PeriodRecord,
    TownRecord,
)
from tests.support.people import quick_hash
from tests.support.region.hub import RunningHub, Town

T = TypeVar("T")
TOKYO = ZoneInfo("Asia/Tokyo")
PASSWORD = "くらいよみちにわなひとつ"
DAYS = 40
HOUR_MS = 3_600_000
READERS = (
    "pref",
    "japan",
    "stranger",
)  # offices; each has a reader of its own name, as each town has


class Home(Struct, frozen=True):
    """A town, what it gives to the office `pref`, and where its devices stand."""

    id: str
    title: str
    level: ShareLevel | None
    lat: float
    lon: float


# asa and shio share a 5 km square; kawa gives nothing to anybody.
HOMES = (
    Home("asa", "麻町", ShareLevel.EXACT, 32.71137, 130.91249),
    Home("ine", "稲町", ShareLevel.KM1, 32.83813, 131.00671),
    Home("shio", "塩町", ShareLevel.KM5, 32.71819, 130.92353),
    Home("kawa", "川町", None, 32.92617, 130.80341),
)


def given_to(reader: str, home: Home) -> ShareLevel | None:
    """How exactly a reader may see a town."""
    if reader == home.id:  # what has left the town is at the hub, and its own
        return home.level
    if reader == "japan":
        return ShareLevel.KM5 if home.id == "asa" else None
    return home.level if reader == "pref" else None


def devices(home: Home) -> list[DeviceRecord]:
    """Four detectors and two traps, 200 m apart, as they stand; `level`: as exact as they leave the town."""
    found = []
    for n in range(6):
        place = sharing.shared_place(home.lat + n * 0.00213, home.lon - n * 0.00171, home.level)
        is_exact = home.level is ShareLevel.EXACT
        found.append(
            DeviceRecord(
                f"{home.id}-dev-{n}",
                "detector" if n < 4 else "trap",
                "approved",
                f"{home.title}の沢{n}" if is_exact else "",
                f"{home.title}奥地" if is_exact else "",
                lat=place.lat,
                lon=place.lon,
                mesh1km=place.mesh1km,
                mesh5km=place.mesh5km,
            )
        )
    return found


def agreement(taker: str, level: ShareLevel, **more: Any) -> AgreementRecord:
    """An agreement that began yesterday, as a town sends it."""
    today = datetime.now(TOKYO).date()
    told = {"from_day": today - timedelta(days=1), "id": f"to-{taker}", **more}
    made = datetime.now(UTC) - timedelta(days=2)
    one = Agreement(giver="x", taker=taker, level=level, made_at=made, made_by="mori", **told)
    until = None if one.until_day is None else day_number(one.until_day)
    return AgreementRecord(
        one.id,
        one.taker,
        one.level.value,
        ms(one.starts_at(TOKYO)),
        ms(one.ends_at(TOKYO)),
        day_number(one.from_day),
        until,
        ms(one.made_at),
        None if one.revoked_at is None else ms(one.revoked_at),
    )


def periods(home: Home, today: date) -> list[PeriodRecord]:
    """40 days of effort; boar on most days, deer twice in all: a small number."""
    found = []
    for back in range(DAYS):
        day = day_number(today) - back
        for one in devices(home):
            seen: list[tuple[str, int, int, int]] = []
            if one.role == "detector":
                seen = [("boar", 3, 2, 4)] if (back + len(one.id)) % 2 else []
                seen += [("deer", 1, 1, 1)] if back in {3, 9} and one.id.endswith("-0") else []
            armed = 24 * HOUR_MS if one.role == "trap" else 0
            found.append(PeriodRecord(one.id, day, 24 * HOUR_MS, armed, tuple(seen)))
    return found


async def fill(town: Town, home: Home) -> None:
    """Everything that one town sends."""
    now, today = ms(datetime.now(UTC)), datetime.now(TOKYO).date()
    first, trap = devices(home)[0].id, devices(home)[4].id
    days = periods(home, today)
    caught = [
        ActionRecord(
            f"c{n}", trap, "captured", now - n * 86_400_000, now, True, species="boar", count=1
        )
        for n in range(1, 8)
    ]
    subject = trap if home.level is ShareLevel.EXACT else "area"
    alerts = [
        AlertRecord("al-1", "trap_sprung", subject, "capture", "notified", now, now, device=trap),
        AlertRecord(
            "al-2", "silent", first, "warning", "acknowledged", now, now, acknowledged_ms=now
        ),
        AlertRecord("al-3", "silent", first, "warning", "resolved", now, now, resolved_ms=now),
    ]
    given = [agreement("pref", home.level)] if home.level else []
    if home.id == "asa":  # exact places are at the hub, and this office may see squares only
        given.append(agreement("japan", ShareLevel.KM5))
    level = home.level.value if home.level else ""
    blocks = [
        town.block(
            devices=tuple(devices(home)),
            agreements=tuple(given),
            town=TownRecord(home.id, home.title, "Asia/Tokyo", "0.1", level),
        ),
        *(town.block(days=tuple(days[i : i + 200])) for i in range(0, len(days), 200)),
        town.block(actions=tuple(caught), alerts=tuple(alerts)),
    ]
    for block in blocks:
        reply = await town.send(block)
        assert reply.status == 200, reply


class RegionPages:
    """The pages' address, and what runs in their event loop."""

    def __init__(self, url: str, hub: RunningHub, loop: asyncio.AbstractEventLoop) -> None:
        self.url, self.hub, self._loop = url, hub, loop
        self.towns: dict[str, Town] = {}

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Something in the hub's loop, from a test's thread."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(60)

    def sql(self, statement: str, *values: object) -> list[Any]:
        """Rows as the superuser sees them."""
        return list(self.run(self.hub.owner.fetch(statement, *values)))

    def send(self, sending: str, /, **parts: Any) -> None:
        """A block of one town."""
        sender = self.towns[sending]
        assert self.run(sender.send(sender.block(**parts))).status == 200


async def build(hub: RunningHub) -> dict[str, Town]:
    """Every organisation, town and account; done when the sums by squares are made."""
    towns = {
        home.id: await hub.enrol(home.id, f"A{n}", title=home.title) for n, home in enumerate(HOMES)
    }
    for office in READERS:
        await add_organisation(hub.owner, office, operates=office == "pref")
    for home in HOMES:
        await fill(towns[home.id], home)
    known = quick_hash(PASSWORD)
    for name in (*READERS, *towns):
        await hub.owner.execute(
            "INSERT INTO region.hub_user (name, organisation, role, password_hash) "
            "SELECT $1, no, 'official', $2 FROM region.organisation WHERE id = $1",
            name,
            known,
        )
    while await hub.owner.fetchval("SELECT count(*) FROM region.square_due"):
        await asyncio.sleep(0.05)
    return towns


async def built_before(hub: RunningHub) -> dict[str, Town]:
    """The towns of a copy of a region that was built: they begin another session."""
    towns = {home.id: Town(hub.http, hub.url, home.id, f"A{n}") for n, home in enumerate(HOMES)}
    for one in towns.values():
        one.session = 2
    return towns
