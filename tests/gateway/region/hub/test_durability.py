"""A town hears 200 only for what a commit has made sure, and 503 with Retry-After for everything else."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any

import asyncpg
import pytest

from gateway.region.hub import database as hub_database
from gateway.region.protocol import Lane
from tests.gateway.region.hub.test_receiver import events
from tests.support.pace import Deadline
from tests.support.region.hub import RunningHub, Town, running_hub
from tests.support.region.servers.postgres import Postgres

pytestmark = pytest.mark.real
Scenario = Callable[[RunningHub, Town], Awaitable[None]]


@pytest.fixture(scope="module")
def own_server() -> Iterator[Postgres]:
    """A server whose settings these tests may change."""
    with Postgres() as server:
        yield server


@contextlib.asynccontextmanager
async def town_of(
    server: Postgres, name: str, **more: Any
) -> AsyncIterator[tuple[RunningHub, Town]]:
    owner = await asyncpg.connect(server.url())
    await owner.execute(f'CREATE DATABASE "{name}"')
    await owner.close()
    async with running_hub(server.url(name), **more) as hub:
        yield hub, await hub.enrol("aso")


async def setting(server: Postgres, name: str, value: str) -> None:
    """Change a setting of the whole server."""
    owner = await asyncpg.connect(server.url())
    await owner.execute(f"ALTER SYSTEM SET {name} = '{value}'")
    await owner.execute("SELECT pg_reload_conf()")
    await owner.close()
    deadline = Deadline(20)
    while await _setting_of_a_new_connection(server, name) != value:
        assert not deadline.has_passed(), f"{name} is not {value} after {deadline}"


async def _setting_of_a_new_connection(server: Postgres, name: str) -> str:
    """Once a new one has it, the server has told all others: they read it before their next statement."""
    link = await asyncpg.connect(server.url())
    try:
        return str(await link.fetchval("SELECT current_setting($1)", name))
    finally:
        await link.close()


@contextlib.asynccontextmanager
async def changed(server: Postgres, name: str, value: str, usual: str) -> AsyncIterator[None]:
    await setting(server, name, value)
    try:
        yield
    finally:
        await setting(server, name, usual)


async def _reduced(server: Postgres) -> None:
    async with town_of(server, "reduced") as (hub, town):
        block = town.block(lane=Lane.JOURNAL, up_to=3, events=events(1, 3))
        async with changed(server, "synchronous_commit", "off", "on"):
            reply = await town.send(block)
            assert (reply.status, reply.answer.error) == (503, "away")
            assert "synchronous_commit" in reply.answer.detail
            assert reply.retry_after
        assert await hub.owner.fetchval("SELECT count(*) FROM region.event") == 0
        assert (await town.send(block)).status == 200


def test_nothing_is_confirmed_while_commits_return_before_the_disk(own_server: Postgres) -> None:
    asyncio.run(_reduced(own_server))


async def _cancelled(server: Postgres) -> tuple[int, int, int]:
    async with town_of(server, "cancelled") as (hub, town):
        await town.send(town.block())
        async with changed(server, "synchronous_standby_names", "nobody", ""):
            sending = asyncio.create_task(
                town.send(town.block(lane=Lane.JOURNAL, up_to=3, events=events(1, 3)))
            )
            while not await hub.owner.fetchval(
                "SELECT count(pg_cancel_backend(pid)) FROM pg_stat_activity WHERE wait_event = 'SyncRep' "
                "AND query LIKE 'COMMIT%' AND datname = 'cancelled'"
            ):
                await asyncio.sleep(0.02)
            reply = await sending
            rows = await hub.owner.fetchval("SELECT count(*) FROM region.event")
        again = await town.ask()
        return reply.status, rows, again.answer.upto


def test_a_commit_whose_replica_was_given_up_is_not_confirmed(own_server: Postgres) -> None:
    status, rows, upto = asyncio.run(_cancelled(own_server))
    assert status == 503
    assert rows == 3, "control: PostgreSQL keeps the rows on its own disk and answers COMMIT"
    assert upto == 3, "it is told once a later commit has reached the replica"


async def _read_only(server: Postgres, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    async with town_of(server, "told") as (_, town):
        await town.send(town.block())
        async with changed(server, "synchronous_standby_names", "nobody", ""):
            monkeypatch.setattr(hub_database, "COMMIT_S", 0.5)
            replies = await asyncio.gather(town.ask(), town.send(town.block()))
            monkeypatch.undo()
        return [*(one.status for one in replies), (await town.ask()).status]


@pytest.mark.long
def test_even_the_question_what_is_known_waits_for_the_replica(
    own_server: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert asyncio.run(_read_only(own_server, monkeypatch)) == [503, 503, 200]


async def _without_replica(server: Postgres) -> str:
    async with town_of(server, "alone", replicas=1) as (_, town):
        reply = await town.send(town.block())
        assert reply.status == 503
        return reply.answer.detail


def test_a_hub_that_needs_a_replica_says_so_while_none_is_named(own_server: Postgres) -> None:
    assert "replica" in asyncio.run(_without_replica(own_server))


async def _killed(server: Postgres) -> tuple[int, int, int]:
    async with town_of(server, "killed") as (hub, town):
        block = town.block(lane=Lane.JOURNAL, up_to=3, events=events(1, 3))
        assert (await town.send(block)).status == 200
        server.kill()
        away = await town.send(block)
        async with hub.http.get(f"{hub.url}/healthz") as response:
            health = response.status
        await asyncio.to_thread(server.restart)
        return away.status, health, (await town.send(block)).status


@pytest.mark.long
def test_a_database_that_was_killed_is_503_and_works_again_without_a_restart_of_the_hub() -> None:
    with Postgres() as server:
        assert asyncio.run(_killed(server)) == (503, 503, 200)
