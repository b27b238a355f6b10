"""The page of one trap: logged-in trappers answer its alerts and record outcomes.

Owns the page and who may act on it. Allowed actions: `gateway.domain.trap_lifecycle`; the forms:
`outcome_form`. A form that is sent twice acts once. Reads one device by its id. Must not show a position.
"""

import secrets
from collections.abc import Mapping
from datetime import datetime
from hashlib import blake2b

from msgspec import Struct
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from dashboard.trapper import record_photos
from dashboard.trapper.asked_fields import FieldError
from dashboard.trapper.form_view import action_names, form_words
from dashboard.trapper.outcome_form import ACKNOWLEDGE, action_of, rules_of, thanks
from dashboard.trapper.record_photos import RecordPhotos
from dashboard.trapper.recorded import SHOWN, UNDO, Editor, page_values, undo_of
from dashboard.web.forms.sent_form import FormReader
from dashboard.web.responses import Reply
from gateway.alerts import texts
from gateway.alerts.policy import Policy
from gateway.clock import Clock
from gateway.domain import trap_lifecycle
from gateway.domain.alerts.lifecycle import is_late
from gateway.domain.model import Alert, AlertStatus, Device, DeviceState, Role, TrapAction
from gateway.domain.outcome import Outcome
from gateway.domain.people.permissions import Resource
from gateway.ingest.people import actions
from gateway.ingest.photos.keeping import PhotoKeeper
from gateway.store import Reader, Store, Transaction
from gateway.store.feed import Feed
from gateway.words.catalogue import Translations

THROUGH = "page"
ANSWERED = {AlertStatus.ACKNOWLEDGED, AlertStatus.RESOLVED}


class TrapPageView(Struct, frozen=True):
    """A trap with its state, open alerts and photos at one moment, and what is caught at this site."""

    device: Device
    state: DeviceState | None
    alerts: list[Alert]
    recorded: list[TrapAction]
    records: list[RecordPhotos]
    caught: list[str]


class TrapPage:
    """Handlers of the page."""

    def __init__(
        self,
        store: Store,
        feed: Feed,
        reply: Reply,
        policy: Policy,
        clock: Clock,
        photos: PhotoKeeper | None = None,
    ) -> None:
        self._store, self._feed, self._reply = store, feed, reply
        self._policy, self._clock, self._forms = policy, clock, FormReader(photos)

    def routes(self) -> list[Route]:
        """GET and POST of the page."""
        return [
            Route("/traps/{device:path}", self.show, methods=["GET"]),
            Route("/traps/{device:path}", self.act, methods=["POST"]),
        ]

    async def show(self, request: Request) -> Response:
        """The trap's state, its alerts and, for persons who may act, large buttons."""
        return await self._page(request, await self._read(request))

    async def act(self, request: Request) -> Response:
        """Acknowledge an alert, or record an outcome."""
        view = await self._read(request)
        access = request.state.access
        if not access.may_act_at(Resource.TRAP, view.device):
            raise HTTPException(403)
        person = access.name
        device, now = view.device.id, self._clock()
        try:
            sent = await self._forms.read(request, person)
            fields = sent.fields
            outcome = await self._store.write(lambda tx: self._do(tx, device, person, fields, now))
        except FieldError as error:
            said = error.text(self._reply.text(request))
            return await self._page(request, view, said, 422, sent.fields)
        except (actions.UnknownSubjectError, ValueError):
            return await self._page(request, view, "onetap.over", 409)
        except trap_lifecycle.IllegalActionError as refusal:
            words = refusal.text(self._reply.text(request))
            return await self._page(request, view, words, 409)
        self._feed.tell(outcome)
        said = thanks(sent, self._reply.text(request))
        return await self._page(request, await self._read(request), said)

    def _do(
        self, tx: Transaction, device: str, person: str, fields: Mapping[str, str], now: datetime
    ) -> Outcome:
        if fields.get("do") == UNDO:
            target = tx.acts.find(fields.get("replaces", ""))
            undo = undo_of(target, fields.get("replaces", ""), device, person, THROUGH, now)
            return actions.record(tx, undo, self._policy, now)
        if fields.get("do") != ACKNOWLEDGE:
            digest = blake2b(f"{person} {device} {fields.get('once')}".encode(), digest_size=16)
            action = action_of(
                device, person, digest.hexdigest(), THROUGH, fields, now, rules_of(self._reply)
            )
            return actions.record(tx, action, self._policy, now)
        alert = tx.alerts.find(fields.get("alert", ""))
        if alert is None or alert.subject != device:  # of another trap, perhaps not theirs
            raise actions.UnknownSubjectError("no such alert at this trap")
        return actions.acknowledge(
            tx, alert.id, person, self._policy, now, THROUGH, fields.get("underway", "")
        )

    async def _read(self, request: Request) -> TrapPageView:
        device = request.path_params["device"]
        view = await self._store.read(lambda reader: read_view(reader, device))
        access = request.state.access
        if view is None or not access.sees_exactly(Resource.TRAP, view.device):
            raise HTTPException(404)
        return view

    async def _page(
        self,
        request: Request,
        view: TrapPageView,
        message: str = "",
        status: int = 200,
        values: Mapping[str, str] | None = None,
    ) -> Response:
        words, now, account = self._reply.text(request), self._clock(), request.state.account
        device = view.device
        access = request.state.access
        may_act = access.may_act_at(Resource.TRAP, device)
        editor = Editor(access.name, may_act)
        allowed = trap_lifecycle.allowed_actions(view.state) if may_act else []
        return self._reply.page(
            request,
            "trap.html",
            now,
            account=account,
            status=status,
            device=device,
            shown=trap_lifecycle.trap_view(view.state, now, device.heartbeat_s),
            message=words(message) if message.startswith("onetap.") else message,
            alerts=[self._alert(alert, device, words, now, access.name) for alert in view.alerts],
            may_act=may_act,
            once=secrets.token_urlsafe(12),
            actions=action_names(allowed, words),
            **page_values(view.recorded, words, now, self._policy, editor),
            form=form_words(words, rules_of(self._reply), view.caught, view.state),
            records=view.records,
            values=values or {},
        )

    def _alert(
        self, alert: Alert, device: Device, words: Translations, now: datetime, person: str
    ) -> tuple[Alert, str, str, bool]:
        """An alert with its title, its text, and whether it waits for an answer."""
        title = texts.title(alert, words.language)
        text = texts.text(alert, device, words.language, self._reply.zone, now)
        own = alert.acknowledged_by == person or is_late(alert, now)
        return alert, title, text, own or alert.status not in ANSWERED


def read_view(reader: Reader, device_id: str) -> TrapPageView | None:
    """Read the data of the page; None if there is no such trap."""
    found = reader.device(device_id)
    if found is None or found[0].role is not Role.TRAP:
        return None
    return TrapPageView(
        *found,
        reader.open_alerts_about(device_id),
        reader.acts(device_id, 3 * SHOWN),
        record_photos.latest(reader, device_id),
        reader.photos.caught(),
    )
