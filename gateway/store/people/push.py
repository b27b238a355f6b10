"""The table push_subscription: browsers that want push messages.

Owns its statements. Must not send. A session's end deletes what was made in it, by a trigger.
"""

from typing import Any

import msgspec

from gateway.domain.epoch import ms
from gateway.domain.people.push import MOST_EACH, PushSubscription
from gateway.store.rows import to_json

_decode = msgspec.json.Decoder(PushSubscription).decode


class PushReads:
    """Reading verbs of one connection."""

    def __init__(self, connection: Any) -> None:
        self._execute = connection.execute

    def of(self, person: str) -> list[PushSubscription]:
        """One person's browsers whose session is still there, the oldest first."""
        rows = self._execute(
            "SELECT p.body FROM push_subscription p JOIN session s ON s.id = p.session "
            "AND s.person = p.person WHERE p.person = ? ORDER BY p.created_ms, p.id",
            (person,),
        )
        return [_decode(body) for (body,) in rows]


class PushTable(PushReads):
    """Verbs on subscriptions, inside a transaction of the writer."""

    def put(self, one: PushSubscription) -> None:
        """Keep a browser; the same browser of another person or session is now this one's."""
        self._execute(
            "INSERT OR REPLACE INTO push_subscription VALUES (?, ?, ?, ?, ?)",
            (one.id, one.person, one.session, ms(one.created), to_json(one)),
        )
        self._execute(
            "DELETE FROM push_subscription WHERE person = ?1 AND id NOT IN (SELECT id FROM "
            "push_subscription WHERE person = ?1 ORDER BY created_ms DESC, id = ?2 DESC LIMIT ?3)",
            (one.person, one.id, MOST_EACH),
        )

    def drop(self, id_: str, person: str | None = None) -> None:
        """Forget a browser; of one person only, if one is given."""
        self._execute(
            "DELETE FROM push_subscription WHERE id = ?1 AND (?2 IS NULL OR person = ?2)",
            (id_, person),
        )
