"""Dating: from a reading to the event at its judged time. One batch.

Owns the order of the steps: choose between device time and time of receipt (`timing`), correct the time by
the clock's known error (`clocks`), compare a retained message with what is known (`replays`), resolve
contradictions and repeated states (`state_changes`).
Runs inside a transaction of the writer; must not write events nor alert.
"""

from collections.abc import Sequence
from datetime import datetime

from gateway.domain import timing
from gateway.domain.clocks.contradiction import Arrival
from gateway.domain.device_state import TRAP_STATE
from gateway.domain.model import OWN_TIME, Message, Reading
from gateway.ingest.messages.dating.clocks import Clocks
from gateway.ingest.messages.dating.replays import DatedEvent, Replays
from gateway.ingest.messages.state_changes import StateChanges
from gateway.store import Transaction

_AT_ONCE = Arrival()  # for events that are not about a trap's state, where it is not used


class Dating:
    """`is_trusted`: whether the gateway's clock is; `is_again`: stored messages are read again.

    `is_history`: the messages are records of another system, with the times given there.
    """

    def __init__(
        self,
        tx: Transaction,
        *,
        is_trusted: bool = True,
        is_again: bool = False,
        is_history: bool = False,
    ) -> None:
        self._is_trusted, self._is_again, self._is_history = is_trusted, is_again, is_history
        self._changes = StateChanges(tx.states)
        self._clocks = Clocks(tx, is_trusted=is_trusted)
        self._replays = Replays(tx, self._changes, is_trusted=is_trusted)

    def date(
        self, message: Message, reading: Reading, together: Sequence[Reading]
    ) -> DatedEvent | None:
        """The event of a reading of `message`; None: a retained message that is not new.

        `together`: all readings of the message.
        """
        event = timing.judge(reading, message.received_at, clock_trusted=self._is_trusted)
        is_logged = reading.logged or (len(together) > 1 and _is_older(reading, together))
        is_direct = not (message.retain or self._is_again or is_logged)
        event, was_late = self._clocks.date(reading, event, is_direct=is_direct)
        is_quiet = self._is_history
        if self._is_history:
            pass  # each record has the time that it was given there
        elif message.retain:
            replayed = self._replays.compare(message, event)
            if replayed is None:
                return None
            event, is_quiet = replayed.event, replayed.is_quiet
        elif event.time_quality not in OWN_TIME and not self._is_again:
            self._replays.note(message, event)
        arrival = _AT_ONCE
        if event.kind in TRAP_STATE:
            is_numbered = reading.seq is not None and not reading.clock
            is_late = not is_direct or (is_numbered and was_late)
            arrival = Arrival(not is_direct, is_late, is_numbered, self._is_trusted)
        event = self._changes.classify(event, reading, arrival, is_quiet=is_quiet)
        return DatedEvent(event, is_quiet)

    def keep(self) -> None:
        """Store the clocks and the hashes of topics that changed."""
        self._clocks.keep()
        self._replays.keep()


def _is_older(reading: Reading, together: Sequence[Reading]) -> bool:
    """Whether the same message holds a newer reading of its device: then this one is history."""
    time = reading.device_time
    return time is not None and time < max(_times(reading.device, together))


def _times(device: str, readings: Sequence[Reading]) -> list[datetime]:
    return [one.device_time for one in readings if one.device == device and one.device_time]
