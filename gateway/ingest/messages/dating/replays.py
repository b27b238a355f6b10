"""Retained messages that a broker replays, compared with what is known.

Owns the decision which of them are new. A hash of the last message of each topic is stored with
the device's state, so that the same retained message is judged once, however often the gateway or the
broker restarts. Runs inside a transaction of the writer; must not alert.
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


class DatedEvent(Struct, frozen=True, gc=False):
    """An event with its judged time."""

    event: Event
    is_quiet: bool  # opens no alert: history, or the first retained state of a trap


class Replays:
    """The last message of each device and topic, during one batch."""

    def __init__(self, tx: Transaction, changes: StateChanges, *, is_trusted: bool) -> None:
        self._tx, self._changes, self._is_trusted = tx, changes, is_trusted
        self._hashes: dict[str, dict[str, str]] = {}  # by device, changed in this batch
        self._message: Message | None = None  # the present message,
        self._topic, self._content = "", ""  # its hashes,
        self._before: dict[str, str | None] = {}  # and the content before it, by device

    def note(self, message: Message, event: Event) -> None:
        """Remember the content of a live message without a device time, unless it has a sequence number."""
        if event.boot is None:
            self._read(message)
            self._note(event.device)

    def compare(self, message: Message, event: Event) -> DatedEvent | None:
        """The event of a retained message; None: it is not new."""
        state = self._tx.states.get(event.device)
        if event.time_quality in OWN_TIME:
            return DatedEvent(event, is_quiet=last_known(state).state is None)
        self._read(message)
        before = self._content_before(event.device)
        if before == self._content or event.unread:
            return None
        trap = TRAP_STATE.get(event.kind)
        if trap is None and before is None:
            return None  # of unknown age, and not about a lasting state
        known = self._changes.known(event.device)
        is_reported = known.trap is not None and not known.is_hearsay
        is_first = before is None and not is_reported and (state is None or state.act is None)
        self._note(event.device)
        if trap is not None and known.trap is trap:
            return None
        quality = TimeQuality.UNKNOWN if self._is_trusted else TimeQuality.UNTRUSTED
        return DatedEvent(replace(event, time_quality=quality), is_first)

    def keep(self) -> None:
        """Store the hashes that changed."""
        states = self._tx.states
        self._tx.put_states(
            replace(states.get(id_) or DeviceState(device=id_, last_seen=NEVER), said=said)
            for id_, said in self._hashes.items()
        )

    def _read(self, message: Message) -> None:
        if message is not self._message:
            self._message = message
            self._topic = _hash(message.topic.encode("utf-8", "surrogatepass"), 4)
            self._content = _hash(message.payload, 6)
            self._before = {}

    def _hashes_of(self, device: str) -> dict[str, str]:
        if device in self._hashes:
            return self._hashes[device]
        state = self._tx.states.get(device)
        return state.said if state else {}

    def _content_before(self, device: str) -> str | None:
        """The hash of the last content on this topic before this message."""
        if device not in self._before:
            self._before[device] = self._hashes_of(device).get(self._topic)
        return self._before[device]

    def _note(self, device: str) -> None:
        self._content_before(device)
        known = self._hashes_of(device)
        if known.get(self._topic) == self._content:
            return
        said = {topic: content for topic, content in known.items() if topic != self._topic}
        said[self._topic] = self._content
        for oldest in list(said)[: max(len(said) - TOPICS_KEPT, 0)]:
            del said[oldest]
        self._hashes[device] = said


def _hash(text: bytes, size: int) -> str:
    return blake2b(text, digest_size=size).hexdigest()
