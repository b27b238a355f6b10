"""A trap's own page: whoever is logged in answers its alerts and records what was found there.

Owns the page and who may act on it. What may be recorded is `acts`'; the forms are those of the one-tap
page. A form acts once however often it is sent. Must not show a place.
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

from dashboard.trapper.outcome_form import ACKNOWLEDGE, deed, deed_words, form_words
from dashboard.web.auth import same_origin
from dashboard.web.responses import Reply
from gateway.alerts import texts
from gateway.alerts.policy import Policy
from gateway.clock import Clock
from gateway.domain import trap_lifecycle
from gateway.domain.accounts import Account, Rank
from gateway.domain.model import Alert, AlertStatus, Device, DeviceState, Role
from gateway.domain.outcome import Outcome
from gateway.ingest.people import actions
from gateway.store import Reader, Store, Transaction
from gateway.store.feed import Feed

THROUGH = "page"
ANSWERED = {AlertStatus.ACKNOWLEDGED, AlertStatus.RESOLVED}


class TrapPageView(Struct, frozen=True):
    """A trap at one moment."""

    device: Device | None
    state: DeviceState | None
    alerts: list[Alert]


class TrapPage:
    """Handlers of the page."""

    def __init__(
        self, store: Store, feed: Feed, reply: Reply, policy: Policy, clock: Clock
    ) -> None:
        self._store, self._feed, self._reply = store, feed, reply
        self._policy, self._clock = policy, clock

    def routes(self) -> list[Route]:
        """Both methods of the one address."""
        return [
            Route("/traps/{device:path}", self.show, methods=["GET"]),
            Route("/traps/{device:path}", self.act, methods=["POST"]),
        ]

    async def show(self, request: Request) -> Response:
        """The trap's state, its alerts and, for whoever may act, large buttons."""
        return await self._page(request, await self._look(request))

    async def act(self, request: Request) -> Response:
        """Acknowledge what is open, or record an outcome."""
        view = await self._look(request)
        person = may_act(request.state.account)
        if person is None or view.device is None or not same_origin(request):
            raise HTTPException(403)
        device, now = view.device.id, self._clock()
        async with request.form(max_fields=20, max_files=0) as form:
            fields = {name: str(value) for name, value in form.items()}
        try:
            outcome = await self._store.write(lambda tx: self._do(tx, device, person, fields, now))
        except (actions.UnknownSubjectError, ValueError):
            return await self._page(request, view, "onetap.over", 409)
        except trap_lifecycle.IllegalActionError as refusal:
            words = refusal.ja if self._reply.text(request).language == "ja" else refusal.en
            return await self._page(request, view, words, 409)
        self._feed.tell(outcome)
        return await self._page(request, await self._look(request), "onetap.thanks")

    def _do(
        self, tx: Transaction, device: str, person: str, fields: Mapping[str, str], now: datetime
    ) -> Outcome:
        if fields.get("do") != ACKNOWLEDGE:
            once = blake2b(f"{person} {device} {fields.get('once')}".encode(), digest_size=16)
            act = deed(device, person, once.hexdigest(), THROUGH, fields, now)
            return actions.record(tx, act, self._policy, now)
        return actions.acknowledge(tx, fields.get("alert", ""), person, now, THROUGH)

    async def _look(self, request: Request) -> TrapPageView:
        device = request.path_params["device"]
        view = await self._store.read(lambda reader: look(reader, device))
        if view.device is None:
            raise HTTPException(404)
        return view

    async def _page(
        self, request: Request, view: TrapPageView, message: str = "", status: int = 200
    ) -> Response:
        words, now, account = self._reply.text(request), self._clock(), request.state.account
        person, device = may_act(account), view.device
        return self._reply.page(
            request, "trap.html", now, account=account, status=status, device=device,
            shown=trap_lifecycle.trap_view(view.state, now, device.heartbeat_s if device else 0),
            message=words(message) if message.startswith("onetap.") else message,
            alerts=[
                (alert, texts.title(alert, words.language),
                 texts.text(alert, device, words.language, self._reply.zone, now),
                 alert.status not in ANSWERED)
                for alert in view.alerts
            ],
            may_act=person is not None, once=secrets.token_urlsafe(12),
            state_names=trap_lifecycle.STATE_NAMES, side=int(words.language != "ja"),
            deeds=deed_words(trap_lifecycle.allowed_actions(view.state), words) if person else [],
            **form_words(words),
        )  # fmt: skip


def may_act(account: Account | None) -> str | None:
    """In whose name this reader may act; None: not at all."""
    return account.name if account and account.rank >= Rank.TRAPPER else None


def look(reader: Reader, device: str) -> TrapPageView:
    """Read what the page shows; other devices than traps have none."""
    found = {one.id: one for one in reader.devices()}.get(device)
    return TrapPageView(
        found if found and found.role is Role.TRAP else None,
        reader.states().get(device),
        [alert for alert in reader.open_alerts() if alert.subject == device],
    )
