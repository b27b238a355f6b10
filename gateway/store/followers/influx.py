"""What is special to InfluxDB as a follower: actions and reports by number, and the points it refused.

Owns these statements. Must not know the network.
"""

from collections.abc import Iterable
from typing import Any

from gateway.domain.resident_reports import Sighting
from gateway.store.followers.follower import Follower, JournalRow
from gateway.store.followers.reads import FollowerReads
from gateway.store.followers.table import FollowerTable
from gateway.store.rows import to_sighting
from gateway.store.setting_keys import SettingKey
from gateway.store.tables.actions import DueAction, with_chains


class InfluxTable(FollowerTable):
    """Statements inside a transaction of the writer."""

    FOLLOWER = Follower.INFLUX

    def unfollow(self) -> None:
        """Stop recording changes; the next `follow` starts from the beginning."""
        super().unfollow()
        keys = (SettingKey.INFLUX_ACTS, SettingKey.INFLUX_SIGHTINGS)
        self._many("DELETE FROM setting WHERE key = ?", [(key,) for key in keys])
        self._execute("DELETE FROM influx_refused")

    def forget_lost(self) -> None:
        """After a salvage: numbers beyond the newest event will be used again for other events."""
        [(head,)] = self._execute("SELECT coalesce(max(no), 0) FROM event")
        if spans := self._done():
            self.put_done([(after, min(to, head)) for after, to in spans if after < head])

    def refuse(self, refused: Iterable[tuple[str, str, str]], now_ms: int) -> None:
        """Store (key, line, detail) of what the follower refused."""
        self._many(
            "INSERT OR REPLACE INTO influx_refused VALUES (?, ?, ?, ?)",
            [(key, line, detail, now_ms) for key, line, detail in refused],
        )

    def retry_refused(self) -> int:
        """Make everything refused due again; returns how many."""
        keys = [key.split() for (key,) in self._execute("DELETE FROM influx_refused RETURNING key")]
        self._many(
            "INSERT INTO event_due VALUES (?, ?, '-', 1) "
            "ON CONFLICT DO UPDATE SET change = change + 1",
            [(self._no, int(no)) for kind, no, *_ in keys if kind == "event"],
        )
        self._many(
            "INSERT INTO hour_due VALUES (?, ?, ?, 1) "
            "ON CONFLICT DO UPDATE SET change = change + 1",
            [(self._no, int(key[1]), int(key[2])) for key in keys if key[0] == "hour"],
        )
        for name, cursor in (
            ("act", SettingKey.INFLUX_ACTS),
            ("report", SettingKey.INFLUX_SIGHTINGS),
        ):
            if numbers := [int(no) for kind, no, *_ in keys if kind == name]:
                self.put(cursor, str(min(numbers) - 1))
        return len(keys)


class InfluxReads(FollowerReads):
    """Queries on a reader's thread."""

    FOLLOWER = Follower.INFLUX

    def acts(self, limit: int) -> list[DueAction]:
        """The next actions to send, in order; before a correction, once more what it corrects."""
        return with_chains(self._execute, self._next("act", SettingKey.INFLUX_ACTS, limit))

    def sightings(self, limit: int) -> list[tuple[int, Sighting]]:
        """(no, sighting) of the next residents' reports to send."""
        return [
            (no, to_sighting(body))
            for no, body, _ in self._next("sighting", SettingKey.INFLUX_SIGHTINGS, limit)
        ]

    def _next(self, table: str, cursor: SettingKey, limit: int) -> list[JournalRow]:
        counts = "counts" if table == "act" else "1"
        sql = f"SELECT no, body, {counts} FROM {table} WHERE no > ? ORDER BY no LIMIT ?"
        rows: list[Any] = self._all(sql, (int(self.get(cursor) or 0), limit))
        return rows

    def refused(self) -> int:
        """How many points the follower has refused."""
        return int(self._all("SELECT count(*) FROM influx_refused")[0][0])

    def refusals(self, limit: int = 20) -> list[tuple[str, str, str]]:
        """(key, line, detail) of the newest."""
        sql = "SELECT key, line, detail FROM influx_refused ORDER BY refused_ms DESC LIMIT ?"
        return self._all(sql, (limit,))
