"""Every provider that Apprise knows: mail, ntfy, Telegram, webhooks ... URL: any Apprise URL.

Owns one Apprise object per recipient and channel, so that each delivery has its own answer, and the
reading of the HTTP answers that Apprise itself reduces to yes or no: no redirect is followed, a web
page is no answer, Retry-After is heard. Apprise is imported on first use.
"""

import asyncio
import contextvars
import importlib
import logging
from functools import lru_cache
from typing import Any

from gateway.alerts.channels import Means, Notification, Send, UndeliveredError
from gateway.alerts.channels.http_status import judge
from gateway.clock import utc_now

LONGEST = 3_800  # bytes of one message; longer ones become attachments or are cut by some services

# (status, refusal) of answers to one delivery that were no yes: Apprise's worker threads run in a copy of our
# context. A refusal that Apprise itself took as a yes counts only where it cannot know: portals.
_refusals: contextvars.ContextVar[list[tuple[int, UndeliveredError]]] = contextvars.ContextVar(
    "refusals"
)


def open_apprise(url: str, means: Means) -> Send:
    """`url`: an Apprise URL; ValueError when Apprise does not know it."""
    import apprise

    logging.getLogger("apprise").setLevel(logging.CRITICAL)  # its log names whole URLs, secrets too
    _guard_requests()
    target = apprise.Apprise(asset=apprise.AppriseAsset(http_redirects=False))
    if not target.add(url):
        raise ValueError(f"Apprise knows no such address: {url.split(':', 1)[0]}:...")

    async def send(letter: Notification) -> str:
        answers: list[tuple[int, UndeliveredError]] = []
        _refusals.set(answers)
        body = "\n".join(part for part in (letter.text, letter.link) if part)
        try:
            async with asyncio.timeout(means.timeout_s + 5):
                taken = await target.async_notify(
                    title=letter.title, body=body, timeout=means.timeout_s
                )
        except TimeoutError:
            raise UndeliveredError(f"no answer within {means.timeout_s:g} s") from None
        portal = [refusal for status, refusal in answers if status < 400]
        if portal or (answers and not taken):
            raise (portal or [refusal for _, refusal in answers])[-1]
        if not taken:
            raise UndeliveredError("the provider did not accept it")
        return "accepted"

    return send


@lru_cache(1_024)
def longest(url: str) -> int:
    """Bytes that one message may hold: what the service takes, and no more than ntfy shows as text."""
    import apprise

    target = apprise.Apprise()
    return min(LONGEST, int(target[0].body_maxlen)) if target.add(url) and len(target) else LONGEST


def _guard_requests() -> None:
    """Let every answer to Apprise's HTTP library pass by `_read`."""
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
