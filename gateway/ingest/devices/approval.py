"""The installer's desk: approving devices, and reading refused messages again once a mapping was mended.

Owns what an approval may change and the steps of reading again, each one transaction. Runs on the
writer's thread; must not decode itself nor read a clock.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from datetime import datetime
from typing import Literal

import msgspec
from msgspec import Struct, field

from gateway.alerts.apply import apply
from gateway.alerts.policy import Policy
from gateway.alerts.rules import End, Ruling
from gateway.dialects.sensors.models import GENERIC, PRIVATE, SPRINGS, Model
from gateway.domain.errors import BadInputError
from gateway.domain.geo import far_places
from gateway.domain.model import Device, RefusalReason, Role, Standing
from gateway.domain.outcome import Outcome
from gateway.domain.zones import find_zone
from gateway.ingest.devices.lists import address, place_of
from gateway.ingest.messages.batch import DecodeMessage, read_again, release
from gateway.store import Transaction

STEP = 500  # messages in one transaction: the intake must not wait long


PlaceAnswer = Literal["", "right", "none"]  # not asked, the place is right, approve without it


class ApprovalError(BadInputError):
    """The wish cannot be met; the text names the value and what is allowed."""


class ApprovalRequest(Struct, frozen=True, kw_only=True):
    """What a person says about a device; None or empty: as it is."""

    device: str
    name: str = ""
    role: str = ""
    model: str = ""
    inverted: bool | None = None
    input: str = ""
    zone: str = ""
    heartbeat_s: int | None = None
    place: PlaceAnswer = ""


class ReplayReport(Struct):
    """What reading again came to."""

    messages: int = 0
    events: int = 0
    alerts: int = 0
    refused: Counter[RefusalReason] = field(default_factory=Counter)
    after: int = 0  # number of the last message read

    def add(self, outcome: Outcome) -> None:
        """Count one step."""
        self.events += len(outcome.events) + len(outcome.refined)
        self.alerts += len(outcome.opened)
        self.refused.update(outcome.refused)


class Approvals:
    """How this gateway reads; the acts themselves take a transaction and the time."""

    def __init__(
        self,
        decode: DecodeMessage,
        models: Mapping[str, Model],
        policy: Policy | None = None,
        dialect: Callable[[str], str] = lambda topic: "",
    ) -> None:
        """`dialect`: which one reads a topic, empty when none does."""
        self.dialect = dialect
        self._decode, self._policy = decode, policy
        self.models = {
            name: model for name, model in models.items() if name not in PRIVATE | {GENERIC}
        }

    def approve(
        self, tx: Transaction, wish: ApprovalRequest, now: datetime
    ) -> tuple[Device, Outcome]:
        """Let a device count, as the person says it is, and read what was held of it."""
        wanted = address(wish.device)
        known = tx.devices.get(wanted) or self._unregistered(tx, wanted, wish)
        approved = _placed(self._changed(known, wish), known, tx.devices.values(), wish.place)
        tx.put_device(approved)
        outcome = release(tx, wanted, self._decode, now, self._policy)
        self._answer(tx, wanted, outcome, "approved", now)
        return approved, outcome

    def revoke(self, tx: Transaction, device: str, now: datetime) -> tuple[Device, Outcome]:
        """Stop listening to a device."""
        wanted = address(device)
        known = tx.devices.get(wanted) or self._unregistered(
            tx, wanted, ApprovalRequest(device=device)
        )
        revoked = msgspec.structs.replace(known, standing=Standing.REVOKED)
        tx.put_device(revoked)
        outcome = Outcome()
        self._answer(tx, wanted, outcome, "revoked", now)
        return revoked, outcome

    def forget(self, tx: Transaction, wanted: str) -> int:
        """Forget names that nobody registered, by the topic filter that they share; gives how many.

        A name that reports a capture stays until somebody approves or revokes it.
        """
        forgotten = 0
        for name in tx.unknown.names.under(wanted):
            known = tx.devices.get(name)
            counts = known is not None and known.standing is not Standing.PENDING
            if counts or name in tx.states or not tx.quarantine.forget(name):
                continue
            tx.forget_device(name)
            forgotten += 1
        tx.unknown.forget_flood(wanted)
        return forgotten

    def _answer(
        self, tx: Transaction, device: str, outcome: Outcome, by: str, now: datetime
    ) -> None:
        """Somebody has decided about the device: the alert that it reports a capture is over."""
        over = Ruling(ends=[End("unregistered_spring", device, by)])
        apply(tx, outcome, over, self._policy or Policy(), now)

    def step(
        self, tx: Transaction, so_far: ReplayReport, now: datetime,
        reasons: Collection[RefusalReason] = tuple(RefusalReason), device: str | None = None,
    ) -> Outcome | None:  # fmt: skip
        """Read the next messages again and count them in `so_far`; None when there are no more."""
        kept = tx.quarantine.waiting(reasons, device, so_far.after, STEP)
        if not kept:
            return None
        outcome = read_again(tx, kept, self._decode, now, self._policy)
        so_far.messages += len(kept)
        so_far.after = kept[-1].no
        so_far.add(outcome)
        return outcome

    def _unregistered(self, tx: Transaction, wanted: str, wish: ApprovalRequest) -> Device:
        """A device that only the quarantine knows: no model could be offered for it."""
        if not tx.quarantine.waiting(device=wanted, limit=1):
            raise _no_such(wish.device, tx.devices)
        model = self.models.get(wish.model)
        springs = model is None or bool(SPRINGS & model.meanings)
        return Device(id=wanted, role=Role.TRAP if springs else Role.DETECTOR)

    def _changed(self, known: Device, wish: ApprovalRequest) -> Device:
        if wish.model and wish.model not in self.models:
            raise ApprovalError(f"model {wish.model!r}: one of {', '.join(self.models)}")
        if wish.zone and find_zone(wish.zone) is None:
            raise ApprovalError(f"zone {wish.zone!r}: an IANA name such as Asia/Tokyo")
        if wish.heartbeat_s is not None and wish.heartbeat_s <= 0:
            raise ApprovalError(f"heartbeat {wish.heartbeat_s} s: above 0")
        changes = dict(_given(wish))
        try:
            return msgspec.convert(msgspec.to_builtins(known) | changes, Device)
        except msgspec.ValidationError as error:
            allowed = ", ".join(Role)
            raise ApprovalError(f"{error}; roles: {allowed}") from None


def away_km(device: Device, others: Iterable[Device]) -> float | None:
    """How far a device's place is from those of approved devices; None: near, or unknown."""
    place = place_of(device)
    known = [
        there
        for one in others
        if one.id != device.id and one.standing is Standing.APPROVED and (there := place_of(one))
    ]
    return far_places.to_ask([place], known).get(0) if place else None


def _placed(
    device: Device, before: Device, others: Iterable[Device], answer: PlaceAnswer
) -> Device:
    """The device with its place, or without; ApprovalError asks about one that nobody confirmed."""
    if answer == "none":
        return msgspec.structs.replace(device, lat=None, lon=None)
    km = None if before.standing is Standing.APPROVED else away_km(device, others)
    if km is not None and answer != "right":
        raise ApprovalError(
            f"{device.id} ({device.lat}, {device.lon}) は他の機器から {km:,.0f} km 離れています。"
            "場所が正しいか (--far-ok)、場所なしで承認するか (--no-place) を選んでください"
            f" / is {km:,.0f} km from the others: say that the place is right (--far-ok) or approve"
            " without it (--no-place)"
        )
    return device


def _given(wish: ApprovalRequest) -> Iterator[tuple[str, object]]:
    yield "standing", Standing.APPROVED
    for name in ("name", "role", "model", "inverted", "input", "zone", "heartbeat_s"):
        if (value := getattr(wish, name)) not in (None, ""):
            yield name, value


def _no_such(device: str, known: Collection[str]) -> ApprovalError:
    names = ", ".join(list(known)[:20]) or "none"
    return ApprovalError(f"{device}: no such device; known: {names}")
