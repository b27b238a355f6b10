"""The messages that came while a new version was tried.

Owns the statements of `trial_message` and of the mark that says that a version is tried. Must not judge, nor
decide what follows from a trial (`gateway.upgrade`).
"""

from collections.abc import Callable, Iterator, Sequence
from itertools import groupby, islice
from typing import Any, NamedTuple

import apsw

from gateway.domain.epoch import from_ms, ms
from gateway.domain.model import Message
from gateway.store.setting_keys import SettingKey
from gateway.store.tables.backlog import ReceiptClock


class KeptMessages(NamedTuple):
    """Messages that came one after the other under the same clock."""

    clock: ReceiptClock
    messages: list[Message]
    last: int  # number of the last one


class TrialTable:
    """Statements inside a transaction of the writer."""

    def __init__(self, connection: apsw.Connection) -> None:
        self._execute, self._many = connection.execute, connection.executemany

    def keep(self, messages: Sequence[Message], clock: ReceiptClock) -> None:
        """Keep messages as they came, while a version is tried; otherwise nothing."""
        if not under_trial(self._execute):
            return
        self._many(
            "INSERT INTO trial_message (clock, received_ms, topic, payload, qos, retain) "
            "VALUES (?, ?, ?, ?, ?, ?)",
            [
                (clock.value, ms(one.received_at), one.topic, one.payload, one.qos, one.retain)
                for one in messages
            ],
        )


def under_trial(execute: Callable[..., Any]) -> str:
    """The id of the upgrade whose new version is tried now; "" when none is."""
    row = execute("SELECT value FROM setting WHERE key = ?", (SettingKey.TRIAL,)).fetchone()
    return str(row[0]) if row else ""


def mark(execute: Callable[..., Any], upgrade: str) -> None:
    """From now on each message is kept. Marked again, what is kept stays."""
    execute("INSERT OR REPLACE INTO setting VALUES (?, ?)", (SettingKey.TRIAL, upgrade))


def unmark(execute: Callable[..., Any]) -> None:
    """The version is good: what was kept is no longer needed."""
    execute("DELETE FROM trial_message")
    execute("DELETE FROM setting WHERE key = ?", (SettingKey.TRIAL,))


def kept(connection: apsw.Connection, *, after: int = 0, most: int) -> Iterator[KeptMessages]:
    """What came after the message of number `after`, in its order, at most `most` together."""
    rows = connection.execute(
        "SELECT no, clock, received_ms, topic, payload, qos, retain FROM trial_message "
        "WHERE no > ? ORDER BY no",
        (after,),
    )
    for clock, group in groupby(rows, key=lambda row: str(row[1])):
        while part := list(islice(group, most)):
            messages = [_message(row) for row in part]
            yield KeptMessages(ReceiptClock(clock), messages, int(part[-1][0]))


def _message(row: Sequence[Any]) -> Message:
    _, _, received_ms, topic, payload, qos, retain = row
    return Message(topic, payload, from_ms(received_ms), qos, bool(retain))


class TrialReads:
    """Whether a version is tried, for the pages."""

    def __init__(self, connection: apsw.Connection) -> None:
        self._execute = connection.execute

    def upgrade(self) -> str:
        """The id of the upgrade whose new version is tried now; "" when none is."""
        return under_trial(self._execute)
