"""Replayed messages: what a broker had kept, compared with what is known.

Owns which of them is news. What a device said last on each topic is kept with its state, as hashes, so
that the same memory is judged once, however often the gateway or the broker starts again. Runs inside a
transaction of the writer; must not alert.
"""

from hashlib import blake2b

from msgspec import Struct
from msgspec.structs import replace

from gateway.domain.device_state import TRAP_STATE
from gateway.domain.epoch import NEVER
from gateway.domain.model import OWN_TIME, DeviceState, Event, Message, TimeQuality
from gateway.domain.trap_lifecycle import last_known
from gateway.ingest.messages.state_changes import StateChanges
from gateway.store import Transaction

TOPICS_KEPT = 16  # of one device, the newest


class DatedEvent(Struct, frozen=True):
    """A replayed report that is news."""

    event: Event
    is_quiet: bool  # it is the first that we hear of this trap: a state, no alert


class Replays:
    """What devices said last, by topic, while a batch goes on."""

    def __init__(self, tx: Transaction, changes: StateChanges, *, is_trusted: bool) -> None:
        self._tx, self._changes, self._is_trusted = tx, changes, is_trusted
        self._said: dict[str, dict[str, str]] = {}  # by device, changed in this batch
        self._message: Message | None = None  # the one that is being read,
        self._topic, self._content = "", ""  # its hashes,
        self._before: dict[str, str | None] = {}  # and what its devices had said before it

    def note(self, message: Message, event: Event) -> None:
        """A live message without a time of its own; noted if it has no number either."""
        if event.boot is None:
            self._read(message)
            self._note(event.device)

    def compare(self, message: Message, event: Event) -> DatedEvent | None:
        """What a replayed report tells; None: nothing that is not known."""
        state = self._tx.states.get(event.device)
        if event.time_quality in OWN_TIME or event.device_time == event.observed_at:  # old history
            return DatedEvent(event, is_quiet=last_known(state).state is None)
        self._read(message)
        before = self._said_before(event.device)
        if before == self._content or event.unread:
            return None
        trap = TRAP_STATE.get(event.kind)
        if trap is None and before is None:
            return None  # of an unknown age, and of nothing that lasts
        known = self._changes.known(event.device)
        is_told = known.trap is not None and not known.is_hearsay
        is_first = before is None and not is_told and (state is None or state.act is None)
        self._note(event.device)
        if trap is not None and known.trap is trap:
            return None
        quality = TimeQuality.UNKNOWN if self._is_trusted else TimeQuality.UNTRUSTED
        return DatedEvent(replace(event, time_quality=quality), is_first)

    def keep(self) -> None:
        """Write what was noted."""
        states = self._tx.states
        self._tx.put_states(
            replace(states.get(id_) or DeviceState(device=id_, last_seen=NEVER), said=said)
            for id_, said in self._said.items()
        )

    def _read(self, message: Message) -> None:
        if message is not self._message:
            self._message = message
            self._topic = _hash(message.topic.encode("utf-8", "surrogatepass"), 4)
            self._content = _hash(message.payload, 6)
            self._before = {}

    def _all_said(self, device: str) -> dict[str, str]:
        if device in self._said:
            return self._said[device]
        state = self._tx.states.get(device)
        return state.said if state else {}

    def _said_before(self, device: str) -> str | None:
        """The last content on this topic before this message."""
        if device not in self._before:
            self._before[device] = self._all_said(device).get(self._topic)
        return self._before[device]

    def _note(self, device: str) -> None:
        self._said_before(device)
        known = self._all_said(device)
        if known.get(self._topic) == self._content:
            return
        said = {topic: content for topic, content in known.items() if topic != self._topic}
        said[self._topic] = self._content
        for oldest in list(said)[: max(len(said) - TOPICS_KEPT, 0)]:
            del said[oldest]
        self._said[device] = said


def _hash(text: bytes, size: int) -> str:
    return blake2b(text, digest_size=size).hexdigest()
