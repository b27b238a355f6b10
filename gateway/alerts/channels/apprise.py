"""Every provider that Apprise knows: mail, ntfy, Telegram, webhooks ... URL: any Apprise URL.

Owns one Apprise object per recipient and channel, so that each delivery has its own answer, and the
reading of the HTTP answers, which Apprise reduces to yes or no: no redirect is followed, a web page is no
answer, Retry-After is obeyed. Apprise is imported on first use.
"""

import asyncio
import base64
import contextvars
import importlib
import logging
from functools import lru_cache
from typing import Any
from urllib.parse import quote

from gateway.alerts.channels import ChannelOptions, Notification, Send, UndeliveredError
from gateway.alerts.channels.http_status import judge
from gateway.clock import utc_now

MAX_BYTES = (
    3_800  # bytes of one message; longer ones become attachments or are cut by some services
)

# (status, refusal) of the negative answers to one delivery. Apprise's worker threads run in a copy of our
# context. If Apprise took a refusal as success, it counts only for captive portals.
_refusals: contextvars.ContextVar[list[tuple[int, UndeliveredError]]] = contextvars.ContextVar(
    "refusals"
)


def open_apprise(url: str, options: ChannelOptions) -> Send:
    """`url`: an Apprise URL. Raises ValueError if Apprise does not know it."""
    import apprise

    logging.getLogger("apprise").setLevel(logging.CRITICAL)  # its log names whole URLs, secrets too
    _guard_requests()

    def target_of(address: str) -> Any:
        made = apprise.Apprise(asset=apprise.AppriseAsset(http_redirects=False))
        if not made.add(address):
            raise ValueError(f"Apprise knows no such address: {url.split(':', 1)[0]}:...")
        return made

    plain = target_of(url)

    async def send(notification: Notification) -> str:
        target = target_of(_with_buttons(url, notification)) if notification.buttons else plain
        answers: list[tuple[int, UndeliveredError]] = []
        _refusals.set(answers)
        body = "\n".join(part for part in (notification.text, notification.link) if part)
        try:
            async with asyncio.timeout(options.timeout_s + 5):
                accepted = await target.async_notify(
                    title=notification.title, body=body, timeout=options.timeout_s
                )
        except TimeoutError:
            raise UndeliveredError(f"no answer within {options.timeout_s:g} s") from None
        portal = [refusal for status, refusal in answers if status < 400]
        if portal or (answers and not accepted):
            raise (portal or [refusal for _, refusal in answers])[-1]
        if not accepted:
            raise UndeliveredError("the provider did not accept it")
        return "accepted"

    return send


@lru_cache(1_024)
def longest(url: str) -> int:
    """The largest message in bytes: what the service accepts, and what ntfy still shows as text."""
    import apprise

    target = apprise.Apprise()
    return (
        min(MAX_BYTES, int(target[0].body_maxlen)) if target.add(url) and len(target) else MAX_BYTES
    )


def mail_addresses(url: str) -> frozenset[str]:
    """The addresses that a mail URL sends to, in small letters."""
    import apprise

    made = apprise.Apprise.instantiate(url, suppress_exceptions=True)
    return frozenset(str(address).lower() for _, address in getattr(made, "targets", ()))


def _with_buttons(url: str, notification: Notification) -> str:
    """The URL of an ntfy topic with the buttons of a message, as ntfy's header spells them (RFC 2047)."""
    buttons = "; ".join(
        f"http, {one.label}, {one.url}, method=POST, body='{one.body}', clear=true"
        for one in notification.buttons
    )
    header = f"=?utf-8?B?{base64.b64encode(buttons.encode()).decode()}?="
    return f"{url}{'&' if '?' in url else '?'}actions={quote(header, safe='')}"


def _guard_requests() -> None:
    """Call `_read` for every answer in Apprise's HTTP library."""
    sessions: Any = importlib.import_module("requests.sessions")
    sessions.default_hooks = _hooks


def _hooks() -> dict[str, Any]:
    return {"response": [_read]}


def _read(response: Any, *_: Any, **__: Any) -> None:
    refusals = _refusals.get(None)
    if refusals is None:
        return  # not one of our deliveries
    try:
        judge(response.status_code, response.headers, response.content, utc_now())
    except UndeliveredError as refusal:
        refusals.append((response.status_code, refusal))
