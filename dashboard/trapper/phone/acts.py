"""`POST /acts`: an act that a phone sends, perhaps hours later, perhaps a second time.

Owns the answer: recorded, repeated, conflict or refused, in words for the person. An act is recorded once
by its id and belongs to the person of the session. What somebody else recorded meanwhile is shown and
never overwritten. What a form means: `outcome_form`; what an act changes: `gateway.ingest.people.actions`.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from msgspec import Struct, json
from msgspec.structs import replace
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from dashboard.trapper.asked_fields import FieldError
from dashboard.trapper.outcome_form import ACKNOWLEDGE, action_of, rules_of
from dashboard.trapper.patrol.nearness import confirmed
from dashboard.trapper.phone.act_request import MOST_BYTES, ActRefusedError, ActRequest, parse
from dashboard.trapper.recorded import UNDO, undo_of
from dashboard.web.responses import Reply
from gateway.alerts.policy import Policy
from gateway.clock import Clock
from gateway.domain import trap_lifecycle
from gateway.domain.alerts.lifecycle import is_late
from gateway.domain.model import ActionKind, AlertStatus, Device, DeviceState, TrapAction
from gateway.domain.outcome import Outcome
from gateway.domain.people.permissions import Access, Resource
from gateway.domain.trap_lifecycle import ActionConflictError, IllegalActionError
from gateway.domain.traps import corrections
from gateway.domain.traps.conflict import in_between
from gateway.domain.traps.phone_time import true_time
from gateway.ingest.people import actions
from gateway.store import Store, Transaction
from gateway.store.feed import Feed
from gateway.words.catalogue import Translations

ADDRESS = "/acts"
THROUGH = "phone"
PROMPT = timedelta(seconds=2)  # an act that the phone sent so soon has the time of its recording


class ActResult(StrEnum):
    """What became of an act; the phone keeps what is neither recorded nor repeated."""

    RECORDED = "recorded"
    REPEATED = "repeated"
    CONFLICT = "conflict"
    REFUSED = "refused"


STATUS = {
    ActResult.RECORDED: 200,
    ActResult.REPEATED: 200,
    ActResult.CONFLICT: 409,
    ActResult.REFUSED: 422,
}


class Done(Struct, frozen=True):
    """The answer to one act, before it is put into words."""

    result: ActResult
    word: str = ""  # the key of a text
    values: Mapping[str, str] = {}  # what the text names
    text: str = ""  # a text in the reader's language, or a detail behind the other
    outcome: Outcome | None = None
    other: TrapAction | None = None  # what somebody else recorded meanwhile
    status: int = 0  # 0: as the result says


class Acts:
    """The handler."""

    def __init__(
        self, store: Store, feed: Feed, reply: Reply, policy: Policy, clock: Clock
    ) -> None:
        self._store, self._feed, self._reply = store, feed, reply
        self._policy, self._clock, self._rules = policy, clock, rules_of(reply)

    def routes(self) -> list[Route]:
        """POST only."""
        return [Route(ADDRESS, self.record, methods=["POST"])]

    async def record(self, request: Request) -> Response:
        """Record one act."""
        try:
            act, device = await self._admitted(request)
        except ActRefusedError as refused:
            return self._answer(request, _refused(refused), None)
        done = await self._done(request, act, device)
        if done.outcome is not None:
            self._feed.tell(done.outcome)
        after = await self._store.read(lambda reader: reader.device(act.device))
        return self._answer(request, done, after)

    async def _admitted(self, request: Request) -> tuple[ActRequest, Device]:
        """The act and its trap, if whoever is logged in may act there. Raises ActRefusedError."""
        body = await _body(request)
        act, access = parse(body), request.state.access
        found = await self._store.read(lambda reader: reader.device(act.device))
        if found is None or not access.may_act_at(Resource.TRAP, found[0]):
            raise ActRefusedError("acts.no_trap", "no such trap, or not yours", 404)
        if act.person not in {"", access.name}:
            raise ActRefusedError("acts.other_person", "done by another person", 403)
        return act, found[0]

    async def _done(self, request: Request, act: ActRequest, device: Device) -> Done:
        access, now, words = request.state.access, self._clock(), self._reply.text(request)
        try:
            return await self._store.write(lambda tx: self._do(tx, act, device, access, now))
        except ActRefusedError as refused:
            return _refused(refused)
        except FieldError as error:
            return Done(ActResult.REFUSED, text=error.text(words))
        except actions.UnknownSubjectError:
            return _refused(ActRefusedError("onetap.over", ""))
        except ActionConflictError as error:
            return await self._conflict(act, error.text(words))
        except IllegalActionError as error:
            return Done(ActResult.REFUSED, text=error.text(words))

    def _do(
        self, tx: Transaction, act: ActRequest, device: Device, access: Access, now: datetime
    ) -> Done:
        if act.deed == ACKNOWLEDGE:
            return _acknowledge(tx, act, access.name, self._policy, now)
        time = true_time(act.times, now)
        if act.deed == UNDO:
            return self._taken_back(tx, act, access.name, time.at, now)
        action = action_of(device.id, access.name, act.id, THROUGH, act.fields, now, self._rules)
        radius_m = self._policy.limits(device).check_in_radius_m
        action = confirmed(action, device, radius_m, act.fields.get("confirm", ""))
        is_prompt = time.told is None and act.times.sent - act.times.done <= PROMPT
        if not ("at" in act.fields or action.replaces or is_prompt):  # a correction keeps the time
            action = replace(action, at=time.at, device_clock_at=time.told)
        if known := tx.acts.find(act.id):
            return _again(known, action)
        seen = act.known or act.times.page
        if other := in_between(action, seen, tx.acts.newest_of(device.id)):
            return Done(ActResult.CONFLICT, "acts.meanwhile", other=other)
        return Done(ActResult.RECORDED, "onetap.thanks", outcome=self._record(tx, action, now))

    async def _conflict(self, act: ActRequest, text: str) -> Done:
        """What the trap's history does not allow any more, with the action that stands there now."""
        known = await self._store.read(lambda reader: reader.acts(act.device))
        other = next((one for one in known if one.deed is not ActionKind.VISITED), None)
        return Done(ActResult.CONFLICT, text=text, other=other)

    def _taken_back(
        self, tx: Transaction, act: ActRequest, person: str, at: datetime, now: datetime
    ) -> Done:
        """Take back what the person recorded; the moment they did it counts."""
        target = act.fields.get("replaces", "")
        undo = undo_of(tx.acts.find(target), target, act.device, person, THROUGH, now)
        outcome = self._record(tx, replace(undo, at=at), now)
        result = ActResult.REPEATED if outcome.repeated else ActResult.RECORDED
        return Done(result, "onetap.thanks", outcome=outcome)

    def _record(self, tx: Transaction, action: TrapAction, now: datetime) -> Outcome:
        return actions.record(tx, action, self._policy, now)

    def _answer(
        self, request: Request, done: Done, trap: tuple[Device, DeviceState | None] | None
    ) -> Response:
        words = self._reply.text(request)
        body: dict[str, Any] = {
            "result": done.result,
            "text": self._say(done, words),
            "state": self._state(trap, words) if trap else None,
            "other": done.other.id if done.other else None,
            "other_at": done.other.at if done.other else None,
            "now": self._clock(),
        }
        status = done.status or STATUS[done.result]
        return Response(json.encode(body), status, media_type="application/json")

    def _say(self, done: Done, words: Translations) -> str:
        if done.other is not None and done.word:
            deed = words(f"action.{done.other.deed.value}")
            return words(done.word, name=done.other.by, deed=deed, time=self._time(done.other.at))
        text = words(done.word, **done.values) if done.word else done.text
        return f"{text} ({done.text})" if done.word and done.text else text

    def _state(
        self, trap: tuple[Device, DeviceState | None], words: Translations
    ) -> dict[str, Any]:
        device, state = trap
        view = trap_lifecycle.trap_view(state, self._clock(), device.heartbeat_s)
        name = words(f"trap_state.{view.state.value}") if view.state else words("condition.unknown")
        return {"name": name, "since": view.since, "by": view.by, "trap": device.label}

    def _time(self, at: datetime) -> str:
        local = at.astimezone(self._reply.zone)
        return f"{local.month}/{local.day} {local:%H:%M}"


def _acknowledge(
    tx: Transaction, act: ActRequest, person: str, policy: Policy, now: datetime
) -> Done:
    """Take an alert on; somebody who was faster is named."""
    alert = tx.alerts.find(act.fields.get("alert", ""))
    if alert is None or alert.subject != act.device:
        raise ActRefusedError("onetap.over", "no such alert at this trap")
    taken = alert.status is AlertStatus.ACKNOWLEDGED and not is_late(alert, now)
    if taken and alert.acknowledged_by != person:
        return Done(ActResult.CONFLICT, "onetap.answered", {"name": alert.acknowledged_by})
    if tx.links.use(act.id, now):
        return Done(ActResult.REPEATED, "onetap.thanks")
    choice = act.fields.get("underway", "")
    try:
        outcome = actions.acknowledge(tx, alert.id, person, policy, now, THROUGH, choice)
    except ValueError as error:
        raise ActRefusedError("acts.unreadable", str(error)) from None
    result = ActResult.REPEATED if outcome.repeated else ActResult.RECORDED
    return Done(result, "onetap.thanks", outcome=outcome)


def _again(known: TrapAction, action: TrapAction) -> Done:
    """An act whose id is recorded: the same one, or a forgery."""
    if known.by != action.by:
        return _refused(ActRefusedError("acts.other_person", "recorded by another person", 403))
    try:
        corrections.check_repeat(known, action)
    except ActionConflictError:
        return _refused(ActRefusedError("acts.unreadable", "id: belongs to another act"))
    return Done(ActResult.REPEATED, "onetap.thanks")


def _refused(error: ActRefusedError) -> Done:
    return Done(ActResult.REFUSED, error.word, text=error.detail, status=error.status)


async def _body(request: Request) -> bytes:
    """The body. Raises ActRefusedError when it is larger than an act can be."""
    whole = b""
    async for chunk in request.stream():
        whole += chunk
        if len(whole) > MOST_BYTES:
            raise ActRefusedError("acts.unreadable", f"more than {MOST_BYTES} bytes", 413)
    return whole
