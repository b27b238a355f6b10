"""Connections of replies: the pauses between attempts."""

import asyncio

import pytest

from gateway.alerts.replies.reconnect import Connection, WayUnreachableError
from gateway.clock import utc_now


class EnoughError(Exception):
    """The test has seen enough."""


def pauses(*, works: bool, steady_s: float) -> list[float]:
    """The pauses after ten sessions that end with an error."""
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)
        if len(slept) == 10:
            raise EnoughError

    connection = Connection("mail", utc_now, 2.0, steady_s, sleep=sleep)

    async def session() -> None:
        if works:
            connection.works()
        raise WayUnreachableError("the server ended the connection")

    with pytest.raises(EnoughError):
        asyncio.run(connection.keep(session))
    return slept


def are_near(slept: list[float], wanted: list[float]) -> bool:
    """Whether each pause is the wanted one, a quarter shorter or longer by chance."""
    return all(0.75 * s <= x <= 1.25 * s for x, s in zip(slept, wanted, strict=True))


def test_after_a_connection_that_worked_the_pause_is_short_again() -> None:
    assert are_near(pauses(works=True, steady_s=0), [2.0] * 10)


@pytest.mark.parametrize("works", [False, True])
def test_while_none_lasts_the_pauses_grow_to_five_minutes(*, works: bool) -> None:
    """The control; a server that accepts and ends each connection is not asked in a hurry either."""
    grown = pauses(works=works, steady_s=3_600)
    assert are_near(grown, [2, 4, 8, 16, 32, 64, 128, 256, 300, 300])
