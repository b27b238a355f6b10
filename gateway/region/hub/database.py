"""Connections to the hub's PostgreSQL, and transactions whose commit is sure.

Owns what each connection is set to, and when a commit counts. Must not run a statement about towns.

A commit counts when PostgreSQL said so without a warning, with `synchronous_commit` on. PostgreSQL
answers COMMIT with a mere warning when the wait for its replica was cancelled: the row then stands on one
machine only.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any, TypeAlias

import asyncpg

from gateway.domain.errors import UnreachableError

Connection: TypeAlias = "asyncpg.Connection[Any] | asyncpg.pool.PoolConnectionProxy[Any]"
Pool: TypeAlias = "asyncpg.Pool[Any]"

RECEIVER, PAGES = "shishigaki_receiver", "shishigaki_pages"
CONNECT_S = 5.0
ACQUIRE_S = 5.0
STATEMENT_S = 60.0  # of one statement; a time-out ends the connection
COMMIT_S = 15.0  # for the replica; a request ends then, and is sent again
SURE = {"on", "remote_apply"}  # of synchronous_commit: on the disk, of the replica too
AWAY = (
    OSError,  # includes TimeoutError
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # a server that died while the connection was idle leaves it in pieces
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
    asyncpg.ReadOnlySQLTransactionError,  # a replica: the leader is another one
    asyncpg.LockNotAvailableError,
    asyncpg.DeadlockDetectedError,
    asyncpg.InvalidAuthorizationSpecificationError,
    asyncpg.InvalidCatalogNameError,
    asyncpg.UndefinedTableError,  # `shishigaki region migrate` has not been run
    asyncpg.InvalidSchemaNameError,
)


class DatabaseAwayError(UnreachableError):
    """PostgreSQL does not answer, or takes nothing now."""


class NotDurableError(UnreachableError):
    """What was committed may be lost: it is on one disk only, or not on any yet."""


async def open_pool(database: str, role: str, most: int) -> Pool:
    """Connections that act as `role`; none is made before it is needed."""
    return await asyncpg.create_pool(
        database,
        min_size=0,
        max_size=most,
        timeout=CONNECT_S,
        command_timeout=STATEMENT_S,
        max_inactive_connection_lifetime=60,
        server_settings={
            "role": role,
            "search_path": "region, public",
            "timezone": "UTC",
            "application_name": role,
            "lock_timeout": "5s",
            "idle_in_transaction_session_timeout": "60s",
            "jit": "off",
        },
    )


@contextlib.asynccontextmanager
async def acquired(pool: Pool) -> AsyncIterator[Connection]:
    """A connection of the pool. Raises DatabaseAwayError, also for what fails inside."""
    try:
        async with pool.acquire(timeout=ACQUIRE_S) as connection:
            yield connection
    except AWAY as error:
        raise DatabaseAwayError(f"{type(error).__name__}: {error}") from error


@contextlib.asynccontextmanager
async def durable(pool: Pool, replicas: int) -> AsyncIterator[Connection]:
    """A transaction; behind it what was written is on the disk, of the replica too.

    Raises DatabaseAwayError or NotDurableError: then nobody may be told that it is kept. It may be.
    """
    async with acquired(pool) as connection:
        transaction = connection.transaction()
        await transaction.start()
        try:
            await check_settings(connection, replicas)
            yield connection
        except BaseException:
            await _roll_back(connection, transaction)
            raise
        await _commit(connection, transaction)


async def one_row(connection: Connection, statement: str, *values: object) -> Any:
    """The row of a statement that has exactly one."""
    [row] = await connection.fetch(statement, *values)
    return row


async def check_settings(connection: Connection, replicas: int) -> None:
    """Raise NotDurableError if a commit would return before it is on the disk, or without a replica."""
    row = await one_row(
        connection,
        "SELECT current_setting('synchronous_commit'), current_setting('fsync'), "
        "current_setting('synchronous_standby_names')",
    )
    commit, fsync, standbys = row
    if commit not in SURE:
        raise NotDurableError(f"synchronous_commit = {commit}; allowed: on, remote_apply")
    if fsync != "on":
        raise NotDurableError(f"fsync = {fsync}; allowed: on")
    if replicas and not standbys:
        raise NotDurableError(
            f"synchronous_standby_names is empty, the hub's settings ask for {replicas} replica(s)"
        )


async def _roll_back(connection: Connection, transaction: Any) -> None:
    try:
        await asyncio.wait_for(transaction.rollback(), CONNECT_S)
    except Exception:
        connection.terminate()


async def _commit(connection: Connection, transaction: Any) -> None:
    warnings: list[str] = []

    def hear(_: object, message: Any) -> None:
        warnings.append(f"{message.severity} {message.sqlstate}: {message.message}")

    connection.add_log_listener(hear)
    try:
        await asyncio.wait_for(transaction.commit(), COMMIT_S)
        _none_of(warnings)
        connection.remove_log_listener(hear)
    except TimeoutError:
        connection.terminate()
        raise NotDurableError(f"no replica confirmed within {COMMIT_S:g} s") from None
    except BaseException:
        connection.terminate()  # what became of the commit is not known
        raise


def _none_of(warnings: list[str]) -> None:
    if warnings:
        raise NotDurableError("; ".join(warnings))
