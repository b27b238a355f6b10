"""Connections of replies: the pauses between attempts."""

import asyncio
import random

import pytest

from gateway.alerts.replies.reconnect import Connection, WayUnreachableError
from gateway.clock import utc_now


class EnoughError(Exception):
    """The test has seen enough."""


def pauses(monkeypatch: pytest.MonkeyPatch, *, works: bool, steady_s: float) -> list[float]:
    """The pauses after ten sessions that end with an error, without their chance part."""
    slept: list[float] = []
    connection = Connection("mail", utc_now, 2.0, steady_s)

    async def session() -> None:
        if works:
            connection.works()
        raise WayUnreachableError("the server ended the connection")

    async def sleep(seconds: float) -> None:
        slept.append(seconds)
        if len(slept) == 10:
            raise EnoughError

    monkeypatch.setattr(asyncio, "sleep", sleep)
    monkeypatch.setattr(random, "random", lambda: 0.5)

    with pytest.raises(EnoughError):
        asyncio.run(connection.keep(session))
    return slept


def test_after_a_connection_that_worked_the_pause_is_short_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert pauses(monkeypatch, works=True, steady_s=0) == [2.0] * 10


@pytest.mark.parametrize("works", [False, True])
def test_while_none_lasts_the_pauses_grow_to_five_minutes(
    monkeypatch: pytest.MonkeyPatch, *, works: bool
) -> None:
    """The control; a server that accepts and ends each connection is not asked in a hurry either."""
    grown = pauses(monkeypatch, works=works, steady_s=3_600)
    assert grown == [2, 4, 8, 16, 32, 64, 128, 256, 300, 300]
