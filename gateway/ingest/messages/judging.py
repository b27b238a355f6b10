"""Judging messages: the true time of their receipt, and what the gateway makes of them.

Owns how this gateway reads messages: decoder, alert policy and clock. Runs on the writer's thread.
Must not decide when messages are judged (`intake`) nor write itself (`batch`).
"""

from collections.abc import Iterable, Sequence
from datetime import datetime

import msgspec
from msgspec import Struct, field

from gateway.alerts.policy import Policy
from gateway.clock import Clock, Timekeeper, utc_now
from gateway.domain.model import Device, Message, Role
from gateway.domain.outcome import Outcome
from gateway.ingest.messages.batch import DecodeMessage, absorb
from gateway.ingest.messages.batching.gathering import Known, may_wait
from gateway.store import Transaction
from gateway.store.tables.backlog import ReceiptClock


class Judging(Struct, frozen=True):
    """How one gateway judges messages. `keeper`: whether `clock` is right; None: it always is."""

    decode: DecodeMessage
    policy: Policy = field(default_factory=Policy)
    clock: Clock = utc_now
    keeper: Timekeeper | None = None

    def absorb(self, tx: Transaction, messages: list[Message]) -> Outcome:
        """Judge messages that have just come."""
        messages, stamp = self.dated(messages)
        return self.judge(tx, messages, stamp)

    def judge(self, tx: Transaction, messages: list[Message], stamp: ReceiptClock) -> Outcome:
        """Judge messages whose time of receipt is as good as `stamp` says."""
        trusted = stamp is ReceiptClock.TRUSTED
        now = self.clock()
        return absorb(tx, messages, self.decode, now, self.policy, clock_trusted=trusted)

    def all_may_wait(self, tx: Transaction, messages: Iterable[Message], wait_s: float) -> bool:
        """Whether all of these messages may be committed up to `wait_s` later. Writes nothing."""
        known = Known(tx.devices, tx.states, self.policy.places)
        return all(may_wait(message, self.decode, known, wait_s) for message in messages)

    def dated(self, messages: list[Message]) -> tuple[list[Message], ReceiptClock]:
        """The messages with their true times of receipt, as far as these are known."""
        keeper = self.keeper
        if keeper is None:
            return messages, ReceiptClock.TRUSTED
        messages = [_dated(message, keeper.true_time(message.received_at)) for message in messages]
        if keeper.trusted:
            return messages, ReceiptClock.TRUSTED
        return messages, ReceiptClock.UNTRUSTED if keeper.untrusted else ReceiptClock.LOST


def split_urgent(
    messages: Sequence[Message], devices: Iterable[Device]
) -> tuple[list[Message], list[Message]]:
    """(those whose topic names a trap, the others): a capture does not wait behind a surge.

    A trap whose topic does not name it waits with the others: late, never wrong.
    """
    traps = {device.id.rpartition("/")[2] for device in devices if device.role is Role.TRAP}
    urgent: list[Message] = []
    others: list[Message] = []
    for message in messages:
        (others if traps.isdisjoint(message.topic.split("/")) else urgent).append(message)
    return urgent, others


def _dated(message: Message, received_at: datetime) -> Message:
    if received_at == message.received_at:
        return message
    return msgspec.structs.replace(message, received_at=received_at)
