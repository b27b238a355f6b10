"""Approving devices, and reading refused messages again after a mapping was corrected.

Owns what an approval may change and the steps of reading again, one transaction each. Runs on the
writer's thread. Must not decode nor read a clock.
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
from gateway.domain.alerts.rule_name import RuleName
from gateway.domain.errors import BadInputError
from gateway.domain.geo import far_places
from gateway.domain.model import Device, RefusalReason, Role, Standing
from gateway.domain.outcome import Outcome
from gateway.domain.zones import find_zone
from gateway.ingest.devices.lists import address, place_of
from gateway.ingest.messages.batch import DecodeMessage, read_again, release
from gateway.store import Transaction

STEP = 500  # messages in one transaction, so that the intake does not wait long


PlaceAnswer = Literal[
    "", "right", "none"
]  # not answered, the place is right, approve without a place


class ApprovalError(BadInputError):
    """The wish cannot be met; the text names the value and what is allowed."""


class ApprovalRequest(Struct, frozen=True, kw_only=True):
    """What a person decides about a device; None or empty: unchanged."""

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
    """The result of reading messages again."""

    messages: int = 0
    events: int = 0
    alerts: int = 0
    refused: Counter[RefusalReason] = field(default_factory=Counter)
    after: int = 0  # number of the last message read

    def add(self, outcome: Outcome) -> None:
        """Add the outcome of one step."""
        self.events += len(outcome.events) + len(outcome.refined)
        self.alerts += len(outcome.opened)
        self.refused.update(outcome.refused)


class Approvals:
    """Approvals of one gateway; each method is given a transaction and the time."""

    def __init__(
        self,
        decode: DecodeMessage,
        models: Callable[[], Mapping[str, Model]],
        policy: Policy | None = None,
        dialect: Callable[[str], str] = lambda topic: "",
    ) -> None:
        """`dialect`: which one reads a topic, empty when none does."""
        self.dialect = dialect
        self._decode, self._policy = decode, policy
        self._models = models

    @property
    def models(self) -> dict[str, Model]:
        """The sensor models that a device may have, as they are now."""
        return {
            name: model for name, model in self._models().items() if name not in PRIVATE | {GENERIC}
        }

    def approve(
        self, tx: Transaction, request: ApprovalRequest, now: datetime
    ) -> tuple[Device, Outcome]:
        """Approve a device with the requested changes, and read its held messages. Raises ApprovalError."""
        wanted = address(request.device)
        known = tx.devices.get(wanted) or self._unregistered(tx, wanted, request)
        approved = _placed(self._changed(known, request), known, tx.devices.values(), request.place)
        tx.put_device(approved)
        outcome = release(tx, wanted, self._decode, now, self._policy)
        self._answer(tx, wanted, outcome, "approved", now)
        return approved, outcome

    def revoke(self, tx: Transaction, device: str, now: datetime) -> tuple[Device, Outcome]:
        """Revoke a device: its messages no longer count and its alerts end. Raises ApprovalError."""
        wanted = address(device)
        known = tx.devices.get(wanted) or self._unregistered(
            tx, wanted, ApprovalRequest(device=device)
        )
        revoked = msgspec.structs.replace(known, standing=Standing.REVOKED)
        tx.put_device(revoked)
        outcome = Outcome()
        self._answer(tx, wanted, outcome, "revoked", now)
        concerned = [one for one in tx.alerts.all_open() if wanted in (one.subject, one.device)]
        over = Ruling(ends=[End(one.rule, one.subject, "revoked") for one in concerned])
        apply(tx, outcome, over, self._policy or Policy(), now)
        return revoked, outcome

    def forget(self, tx: Transaction, wanted: str) -> int:
        """Forget names that nobody registered, by the topic filter that they share; returns how many.

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
        """End the alert that an unregistered device reports a capture: somebody has decided about it."""
        over = Ruling(ends=[End(RuleName.UNREGISTERED_SPRING, device, by)])
        apply(tx, outcome, over, self._policy or Policy(), now)

    def step(
        self,
        tx: Transaction,
        so_far: ReplayReport,
        now: datetime,
        reasons: Collection[RefusalReason] = tuple(RefusalReason),
        device: str | None = None,
    ) -> Outcome | None:
        """Read the next messages again and count them in `so_far`; None when none are left."""
        kept = tx.quarantine.waiting(reasons, device, so_far.after, STEP)
        if not kept:
            return None
        outcome = read_again(tx, kept, self._decode, now, self._policy)
        so_far.messages += len(kept)
        so_far.after = kept[-1].no
        so_far.add(outcome)
        return outcome

    def _unregistered(self, tx: Transaction, wanted: str, request: ApprovalRequest) -> Device:
        """A device known only from the quarantine: none could be proposed from its messages."""
        if not tx.quarantine.waiting(device=wanted, limit=1):
            raise _no_such(request.device, tx.devices)
        model = self.models.get(request.model)
        springs = model is None or bool(SPRINGS & model.meanings)
        return Device(id=wanted, role=Role.TRAP if springs else Role.DETECTOR)

    def _changed(self, known: Device, request: ApprovalRequest) -> Device:
        if request.model and request.model not in self.models:
            raise ApprovalError(f"model {request.model!r}: one of {', '.join(self.models)}")
        if request.zone and find_zone(request.zone) is None:
            raise ApprovalError(f"zone {request.zone!r}: an IANA name such as Asia/Tokyo")
        if request.heartbeat_s is not None and request.heartbeat_s <= 0:
            raise ApprovalError(f"heartbeat {request.heartbeat_s} s: above 0")
        changes = dict(_given(request))
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
    """The device with its place, or without. Raises ApprovalError for a far place that nobody confirmed."""
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


def _given(request: ApprovalRequest) -> Iterator[tuple[str, object]]:
    yield "standing", Standing.APPROVED
    for name in ("name", "role", "model", "inverted", "input", "zone", "heartbeat_s"):
        if (value := getattr(request, name)) not in (None, ""):
            yield name, value


def _no_such(device: str, known: Collection[str]) -> ApprovalError:
    names = ", ".join(list(known)[:20]) or "none"
    return ApprovalError(f"{device}: no such device; known: {names}")
