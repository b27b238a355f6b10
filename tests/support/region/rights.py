"""A small region with secrets in it, and random questions about it.

Owns who may know what, and finds a secret in any answer. Must not ask through the code that it tests: it
writes with a town's blocks and reads with SQL.
"""

import random
from collections.abc import Iterator, Sequence
from typing import Any

from msgspec import Struct

from gateway.region.hub.enrolment import add_organisation
from gateway.region.hub.squares import make_due
from gateway.region.records import (
    ActionRecord,
    AgreementRecord,
    AlertRecord,
    DeviceRecord,
    EventRecord,
    PeriodRecord,
)
from tests.support.region.hub import RunningHub

DAY = 20_000
DAY_MS = 86_400_000
FOREVER_MS = 4_102_444_800_000
PAST_MS = 1_000_000_000_000
TOWNS = ("aso", "oguni", "ubuyama", "takamori")
DEVICES = 6
# taker -> town -> the level in km that it is given now; who is not named is given nothing
GIVEN: dict[str, dict[str, int]] = {
    "pref": {"aso": 0, "oguni": 1, "ubuyama": 5},
    "nation": {"aso": 5, "oguni": 5},
    "university": {"ubuyama": 1},
    "stranger": {},
    **{town: {town: 0} for town in TOWNS},
}
# agreements that do not hold: taker, town, level, starts, ends, revoked
VOID = (
    ("stranger", "aso", "exact", PAST_MS, PAST_MS + 1, None),  # over
    ("stranger", "oguni", "exact", FOREVER_MS - 1, FOREVER_MS, None),  # not begun
    ("stranger", "ubuyama", "exact", PAST_MS, FOREVER_MS, PAST_MS),  # revoked
    ("nation", "takamori", "exact", PAST_MS, FOREVER_MS, PAST_MS),
    ("university", "aso", "exact", PAST_MS, PAST_MS + 1, None),
)
LEVELS = {0: "exact", 1: "1km", 5: "5km"}


class Secret(Struct, frozen=True):
    """A piece of text that only somebody with this level (km) or a finer one may read."""

    text: str
    town: str
    level: int


def secrets_of(town: str) -> Iterator[Secret]:
    """Everything of a town that tells a place."""
    for no in range(DEVICES):
        record = device(town, no)
        for exact in (record.id, record.name, record.area, str(record.lat), str(record.lon)):
            yield Secret(exact, town, 0)
        yield Secret(record.mesh1km, town, 1)
        yield Secret(record.mesh5km, town, 5)


def device(town: str, no: int) -> DeviceRecord:
    """A device whose every word and digit is found again in any answer."""
    index = TOWNS.index(town) + 1
    return DeviceRecord(
        id=f"dev-{town}-{no}",
        role="detector" if no % 2 else "trap",
        standing="approved",
        name=f"沢{town}{no}",
        area=f"谷{town}{no}",
        lat=33.0 + index / 7 + no / 1_000,
        lon=131.0 + index / 11 + no / 1_000,
        mesh1km=f"4{index}931{no}77",
        mesh5km=f"4{index}931{no}8",
    )


async def build(hub: RunningHub) -> None:
    """The organisations, towns, agreements and records."""
    for taker in GIVEN:
        if taker not in TOWNS:
            await add_organisation(hub.owner, taker)
            await hub.owner.execute(
                f'DROP ROLE IF EXISTS "sql_{taker}"; CREATE ROLE "sql_{taker}" LOGIN; '
                f'GRANT shishigaki_reader TO "sql_{taker}"'
            )
            await hub.owner.execute(
                "INSERT INTO region.reader SELECT $1, no FROM region.organisation WHERE id = $2",
                f"sql_{taker}",
                taker,
            )
    for index, name in enumerate(TOWNS):
        town = await hub.enrol(name, f"A{index}")
        registry = tuple(device(name, no) for no in range(DEVICES))
        reply = await town.send(town.block(devices=registry, agreements=tuple(_agreements(name))))
        assert reply.status == 200, reply
        reply = await town.send(town.block(**_records(registry)))
        assert reply.status == 200, reply
    while await hub.owner.fetchval("SELECT count(*) FROM region.square_due"):
        await make_due(hub.hub.receivers)


def _agreements(town: str) -> Iterator[AgreementRecord]:
    for taker, given in GIVEN.items():
        if town in given and taker != town:
            level = LEVELS[given[town]]
            yield AgreementRecord(taker, taker, level, PAST_MS, FOREVER_MS, DAY, None, PAST_MS)
    for no, (taker, giver, level, starts, ends, revoked) in enumerate(VOID):
        if giver == town:
            yield AgreementRecord(f"void{no}", taker, level, starts, ends, 0, None, 0, revoked)


def _records(registry: Sequence[DeviceRecord]) -> dict[str, Any]:
    at_ms = DAY * DAY_MS
    facts = [{"lat": one.lat, "lon": one.lon} for one in registry]
    return {
        "events": tuple(
            EventRecord(no, one.id, f"e-{one.id}", "detection", at_ms, at_ms, "q", facts=fact)  # type: ignore[arg-type]
            for no, (one, fact) in enumerate(zip(registry, facts, strict=True))
        ),
        "days": tuple(
            PeriodRecord(one.id, DAY, 1_000, 1_000, (("boar", 1, 1, 1),)) for one in registry
        ),
        "hours": tuple(PeriodRecord(one.id, DAY * 24, 1_000, 1_000) for one in registry),
        "alerts": tuple(
            AlertRecord(f"a-{one.id}", "silent", one.id, "warning", "open", at_ms, at_ms)
            for one in registry
        ),
        "actions": tuple(
            ActionRecord(f"x-{one.id}", one.id, "captured", at_ms, at_ms, True) for one in registry
        ),
    }


class Questions:
    """Random statements over every table, view and function of the hub."""

    def __init__(self, dice: random.Random, columns: dict[str, list[str]]) -> None:
        self._dice, self._columns = dice, columns

    def next(self) -> str:
        """One statement."""
        kind = self._dice.randrange(10)
        if kind == 0:
            return self._function()
        if kind == 1:
            return self._trick()
        if kind < 5:
            return self._joined()
        return self._single()

    def _table(self) -> str:
        return self._dice.choice(sorted(self._columns))

    def _what(self, table: str, alias: str) -> str:
        names = self._columns[table]
        some = self._dice.sample(names, self._dice.randint(1, len(names)))
        return ", ".join(f'{alias}."{name}"' for name in some)

    def _single(self) -> str:
        table = self._table()
        what = self._dice.choice(["*", self._what(table, "x"), "row_to_json(x)::text", "x::text"])
        more = self._dice.choice(
            ["", "", " WHERE true OR 1/0 = 1", " LIMIT 50", " ORDER BY random()"]
        )
        return f"SELECT {what} FROM region.{table} x{more}"

    def _joined(self) -> str:
        one, other = self._table(), self._table()
        keys = [k for k in ("town", "device", "no", "code", "id") if k in self._columns[other]]
        mine = [k for k in ("town", "device", "no", "code", "id") if k in self._columns[one]]
        on = "true"
        if keys and mine:
            on = f'x."{self._dice.choice(mine)}"::text = y."{self._dice.choice(keys)}"::text'
        join = self._dice.choice(["JOIN", "LEFT JOIN", "FULL JOIN"])
        what = f"{self._what(one, 'x')}, {self._what(other, 'y')}"
        return f"SELECT {what} FROM region.{one} x {join} region.{other} y ON {on} LIMIT 500"

    def _function(self) -> str:
        town = self._dice.randint(1, 9)
        return self._dice.choice(
            [
                f"SELECT * FROM region.exact_places({town}, 'x', 'test')",
                "SELECT * FROM region.squares_1km(0, 100000)",
                "SELECT * FROM region.squares_1km_seen(0, 100000)",
                "SELECT region.givers(5), region.me_id()",
                f"SELECT * FROM region.login('{town}')",
            ]
        )

    def _trick(self) -> str:
        table = self._table()
        column = self._dice.choice(self._columns[table])
        return self._dice.choice(
            [
                "SELECT * FROM pg_stats WHERE schemaname = 'region'",
                f"SELECT array_agg(x) FROM region.{table} x",
                f'SELECT max("{column}"::text) FROM region.{table}',
                f"WITH x AS MATERIALIZED (SELECT * FROM region.{table}) SELECT * FROM x",
                f"SELECT query_to_xml('SELECT * FROM region.{table}', true, false, '')::text",
                "SET SESSION AUTHORIZATION postgres",
                "SET row_security = off",
                f"SELECT * FROM region.{table} TABLESAMPLE SYSTEM (100)",
                f"EXPLAIN ANALYZE SELECT * FROM region.{table} WHERE \"{column}\"::text > ''",
                "RESET ROLE",
            ]
        )


def leaks(rows: Sequence[Any], reader: str) -> list[Secret]:
    """The secrets in an answer that this organisation may not read."""
    text = "\n".join(" ".join(map(str, tuple(row))) for row in rows)
    return [
        secret
        for town in TOWNS
        for secret in secrets_of(town)
        if secret.text in text and not _may_read(reader, secret)
    ]


def _may_read(reader: str, secret: Secret) -> bool:
    level = GIVEN[reader].get(secret.town)
    return level is not None and level <= secret.level
