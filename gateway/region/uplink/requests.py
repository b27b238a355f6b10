"""Requests of the region: each is decided once, by the town's own rules, and answered until that is known.

Owns which requests the town takes, and what is remembered of them. What an acknowledgement changes is decided
where the town's own people acknowledge too (`acknowledge`, given by `gateway.parts`).
"""

from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from functools import partial

import msgspec

from gateway.clock import Clock
from gateway.domain.epoch import ms
from gateway.domain.errors import BadInputError
from gateway.domain.outcome import Outcome
from gateway.domain.people.plain_text import plain_name
from gateway.region.protocol import Request, RequestKind
from gateway.store import Store, Transaction
from gateway.store.feed import Feed
from gateway.store.followers.region import StoredRequest

DONE, REFUSED = "done", "refused"
Acknowledge = Callable[[Transaction, str, str, datetime], Outcome]
"""Acknowledges an alert (its id) for somebody. Raises BadInputError if that is not possible."""


class Requests:
    """For one store. `allowed`: the kinds that this town takes."""

    def __init__(
        self,
        store: Store,
        feed: Feed,
        clock: Clock,
        allowed: Collection[str],
        acknowledge: Acknowledge,
    ) -> None:
        self._store, self._feed, self._clock = store, feed, clock
        self._allowed, self._acknowledge = allowed, acknowledge

    async def take(self, requests: Sequence[Request]) -> None:
        """Decide those that are new; those that are repeated are answered again."""
        for one in requests:
            changes = await self._store.write(partial(self._take, one))
            if changes is not None:
                self._feed.tell(changes)

    def _take(self, one: Request, tx: Transaction) -> Outcome | None:
        if tx.region.find_request(one.id):
            tx.region.ask_again([one.id])
            return None
        now, changes, reason = self._clock(), None, ""
        try:
            changes = self._decide(tx, one, now)
        except BadInputError as error:
            reason = str(error)
        tx.region.put_request(
            StoredRequest(
                one.id, msgspec.json.encode(one), REFUSED if reason else DONE, reason[:512], ms(now)
            )
        )
        return changes

    def _decide(self, tx: Transaction, one: Request, now: datetime) -> Outcome | None:
        """Raises BadInputError with the reason of a refusal."""
        if one.kind not in self._allowed:
            known = ", ".join(self._allowed) or "none"
            raise BadInputError(f"{one.kind}: this town takes requests of the kinds: {known}")
        if one.kind == RequestKind.MESSAGE:
            return None  # pages show it
        return self._acknowledge(tx, one.alert, plain_name(f"{one.organisation} {one.by}"), now)
