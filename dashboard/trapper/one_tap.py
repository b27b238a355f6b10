"""The one-tap page: the holder of a notification's link answers its alert without logging in.

Owns the page behind the link. GET changes nothing, because mail scanners open links; POST acts. A link
is valid until an outcome is recorded with it; the same action sent again within REPEAT acts once.
Allowed actions: `gateway.domain.trap_lifecycle`. Reads one device by its id. Must not show a position,
only the trap's name.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from hashlib import blake2b

import msgspec
from msgspec import Struct
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from dashboard.trapper.asked_fields import FieldError
from dashboard.trapper.form_view import action_names, form_words
from dashboard.trapper.outcome_form import ACKNOWLEDGE, action_of, rules_of, thanks
from dashboard.trapper.recorded import SHOWN, UNDO, Editor, page_values, undo_of
from dashboard.web.forms.multipart import FormError
from dashboard.web.forms.sent_form import FormReader
from dashboard.web.responses import Reply
from gateway.alerts import texts
from gateway.alerts.links import PATH, BadTicketError, Links, Ticket
from gateway.alerts.policy import Policy
from gateway.clock import Clock
from gateway.domain import trap_lifecycle
from gateway.domain.alerts.lifecycle import is_late
from gateway.domain.errors import BadInputError
from gateway.domain.model import (
    ActionKind,
    Alert,
    AlertStatus,
    Device,
    DeviceState,
    Role,
    TrapAction,
)
from gateway.domain.outcome import Outcome
from gateway.ingest.people import actions
from gateway.ingest.photos.keeping import PhotoKeeper
from gateway.store import Reader, Store, Transaction
from gateway.store.feed import Feed

LINK_STAYS_VALID = {ACKNOWLEDGE, ActionKind.VISITED.value}  # not an outcome
THROUGH = "one-tap"
REPEAT = timedelta(minutes=10)  # the same action by the same link within it is a double tap
FIELDS = (  # same values = same action
    "do",
    "species",
    "count",
    "sex",
    "age",
    "weight",
    "weight_kg",
    "photo",
    "photos",
    "note",
    "replaces",
    "at",
)


class UsedLinkError(BadInputError):
    """An outcome was already recorded with this link."""


class LinkView(Struct, frozen=True):
    """The alert of the link with its device and state, at one moment."""

    alert: Alert | None
    device: Device | None
    state: DeviceState | None
    used: bool
    recorded: list[TrapAction]
    caught: list[str]  # species that are caught at this site, the most frequent first

    def answerable(self, person: str, now: datetime) -> bool:
        """Whether this person may say that they go: nobody else does, or they are late."""
        if self.alert is None or self.alert.status is AlertStatus.RESOLVED:
            return False
        free = self.alert.status is not AlertStatus.ACKNOWLEDGED or is_late(self.alert, now)
        return free or self.alert.acknowledged_by == person

    @property
    def allowed(self) -> list[ActionKind]:
        """The actions that may be recorded now."""
        if self.device is None or self.device.role is not Role.TRAP:
            return []
        return trap_lifecycle.allowed_actions(self.state)


class OneTap:
    """Handlers of the page."""

    def __init__(
        self,
        store: Store,
        feed: Feed,
        reply: Reply,
        policy: Policy,
        links: Links,
        clock: Clock,
        photos: PhotoKeeper | None = None,
    ) -> None:
        self._store, self._feed, self._reply = store, feed, reply
        self._policy, self._links, self._clock = policy, links, clock
        self._forms = FormReader(photos)

    def routes(self) -> list[Route]:
        """GET and POST of the page."""
        address = PATH + "{token}"
        return [
            Route(address, self.show, methods=["GET"]),
            Route(address, self.act, methods=["POST"]),
        ]

    async def show(self, request: Request) -> Response:
        """The alert with large buttons; changes nothing."""
        ticket = self._ticket(request)
        if isinstance(ticket, Response):
            return ticket
        return await self._page(request, ticket)

    async def act(self, request: Request) -> Response:
        """Acknowledge, or record an outcome; then a page with a new link for the next action."""
        ticket = self._ticket(request)
        if isinstance(ticket, Response):
            return ticket
        now = self._clock()
        try:
            sent = await self._forms.read(request, ticket.person)
        except FormError:
            return await self._page(request, ticket, "onetap.over", 409)
        fields = sent.fields
        if await self._store.read(lambda reader: _is_spent(reader, ticket, fields)):
            return await self._page(request, ticket, status=409)
        try:
            outcome = await self._store.write(lambda tx: self._do(tx, ticket, fields, now))
        except UsedLinkError:
            return await self._page(request, ticket, status=409)
        except FieldError as error:
            said = error.text(self._reply.text(request))
            return await self._page(request, ticket, said, 422, fields)
        except (actions.UnknownSubjectError, ValueError):
            return await self._page(request, ticket, "onetap.over", 409)
        except trap_lifecycle.IllegalActionError as refusal:
            words = refusal.text(self._reply.text(request))
            return await self._page(request, ticket, words, 409)
        self._feed.tell(outcome)
        is_spent = fields["do"] not in LINK_STAYS_VALID and not fields.get("replaces")
        said = thanks(sent, self._reply.text(request))
        return await self._page(request, self._next(ticket, now) if is_spent else ticket, said)

    def _next(self, ticket: Ticket, now: datetime) -> Ticket:
        """A link for the next action after an outcome, such as a dispatch after a capture."""
        return self._links.ticket(ticket.alert, ticket.person, now, ticket.id[:8])

    def _ticket(self, request: Request) -> Ticket | Response:
        """The content of the link, or a page that says why the link is not valid."""
        try:
            ticket = self._links.read(request.path_params["token"])
        except BadTicketError:
            return self._refused(request, "onetap.bad", 404)
        if ticket.person not in self._policy.people:
            return self._refused(request, "onetap.bad", 404)
        if ticket.is_over(self._clock()):
            return self._refused(request, "onetap.expired", 410)
        return ticket

    def _do(
        self, tx: Transaction, ticket: Ticket, fields: Mapping[str, str], now: datetime
    ) -> Outcome:
        alert = tx.alerts.find(ticket.alert)
        if alert is None:
            raise actions.UnknownSubjectError("no such alert")
        if fields.get("do") == ACKNOWLEDGE:
            return actions.acknowledge(
                tx,
                ticket.alert,
                ticket.person,
                self._policy,
                now,
                THROUGH,
                fields.get("underway", ""),
            )
        if fields.get("replaces"):
            return self._change(tx, ticket, alert, fields, now)
        same = action_id(ticket, alert, fields)
        before = tx.links.use(same, now)
        if before is not None and now - before <= REPEAT:
            return Outcome()
        action = action_of(
            alert.subject, ticket.person, same, THROUGH, fields, now, rules_of(self._reply)
        )
        if action.deed is ActionKind.VISITED:  # after REPEAT it is another visit
            action = msgspec.structs.replace(action, id=f"{same}-{now.timestamp():.0f}")
        elif tx.links.use(ticket.id, now):
            raise UsedLinkError
        return actions.record(tx, action, self._policy, now)

    def _change(
        self,
        tx: Transaction,
        ticket: Ticket,
        alert: Alert,
        fields: Mapping[str, str],
        now: datetime,
    ) -> Outcome:
        """Correct or take back what the holder of the link recorded; also after an outcome."""
        target = tx.acts.find(fields["replaces"])
        if target is None or target.by != ticket.person:
            raise actions.UnknownSubjectError("no such action of this person")
        person, device = ticket.person, alert.subject
        if fields.get("do") == UNDO:
            action = undo_of(target, target.id, device, person, THROUGH, now)
        else:
            same = action_id(ticket, alert, fields)
            action = action_of(device, person, same, THROUGH, fields, now, rules_of(self._reply))
        return actions.record(tx, action, self._policy, now)

    async def _page(
        self,
        request: Request,
        ticket: Ticket,
        message: str = "",
        status: int = 200,
        values: Mapping[str, str] | None = None,
    ) -> Response:
        view = await self._store.read(lambda reader: read_view(reader, ticket))
        if view.alert is None:
            return self._refused(request, "onetap.over", 404)
        words, now = self._reply.text(request), self._clock()
        is_key = message.startswith("onetap.")
        return self._reply.page(
            request,
            "one_tap.html",
            now,
            status=status,
            view=view,
            address=PATH + self._links.spell(ticket),
            title=texts.title(view.alert, words.language),
            line=texts.text(view.alert, view.device, words.language, self._reply.zone, now),
            message=words(message) if is_key else message,
            actions=action_names(view.allowed, words),
            answerable=view.answerable(ticket.person, now),
            **page_values(
                view.recorded, words, now, self._policy, Editor(ticket.person, True, True)
            ),
            form=form_words(words, rules_of(self._reply), view.caught, view.state),
            values=values or {},
        )

    def _refused(self, request: Request, word: str, status: int) -> Response:
        return self._reply.page(request, "error.html", self._clock(), status=status, word=word)


def _is_spent(reader: Reader, ticket: Ticket, fields: Mapping[str, str]) -> bool:
    """Whether the link can no longer acknowledge. A repeated outcome: see `_do`."""
    return fields.get("do") in LINK_STAYS_VALID and reader.link_used(ticket.id)


def read_view(reader: Reader, ticket: Ticket) -> LinkView:
    """Read the data of the page."""
    alert = reader.alert(ticket.alert)
    device, state = (alert and reader.device(alert.subject)) or (None, None)
    recorded = reader.acts(device.id, 3 * SHOWN) if device else []
    used, caught = reader.link_used(ticket.id), reader.photos.caught()
    return LinkView(alert, device, state, used, recorded, caught)


def action_id(ticket: Ticket, alert: Alert, fields: Mapping[str, str]) -> str:
    """Equal for the same action by the same link, until the alert is reopened."""
    values = [ticket.id, alert.reopened, *(fields.get(name, "") for name in FIELDS)]
    return blake2b(msgspec.json.encode(values), digest_size=16).hexdigest()
