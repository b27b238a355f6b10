"""Web Push to the installed application (RFC 8030, 8291, 8292). URL: ``webpush:``.

Owns the requests of one message to all browsers of a person. What is sent is encrypted for the browser: the
push service cannot read it. It names the trap and holds no coordinates. A browser that the service no longer
knows (404, 410) is forgotten. The message counts as sent when one browser's service has taken it.
`http_ece` and `py_vapid` are what pywebpush is made of, without its blocking HTTP; loaded on first use.
"""

import os
from typing import Any
from urllib.parse import quote, urlsplit

import msgspec

from gateway.alerts.channels import (
    ChannelOptions,
    Notification,
    PushBrowsers,
    Send,
    UndeliveredError,
)
from gateway.alerts.channels.http_status import judge
from gateway.clock import utc_now
from gateway.domain.alerts.rule_name import RuleName
from gateway.domain.people.push import PushSubscription, decoded

GONE = {404, 410}
MOST_CHARACTERS = 700  # of the text: 4 bytes each still fit into the 4,096 of a push message
KEEP_S = 86_400  # how long a service keeps it for a phone that is off
SIGNED_S = 12 * 3_600
MOST_ANSWER = 65_536
RECORD_BYTES = 4_096


def open_webpush(url: str, options: ChannelOptions) -> Send:
    """ValueError when the URL is not ``webpush:``."""
    if url.strip() != "webpush:":
        raise ValueError(
            "needs webpush: and nothing more; the person's browsers subscribe themselves"
        )
    known = options.push

    async def send(notification: Notification) -> str:
        if known is None:
            raise UndeliveredError("only the running gateway sends push messages")
        browsers = await known.browsers(options.recipient)
        if not browsers:
            raise UndeliveredError("no browser of this person wants push messages", permanent=True)
        failures: list[UndeliveredError] = []
        for browser in browsers:
            try:
                await _send_one(known, browser, notification, options.timeout_s)
            except UndeliveredError as failure:
                failures.append(failure)
        if len(failures) == len(browsers):
            raise max(failures, key=lambda one: not one.permanent)
        return f"accepted for {len(browsers) - len(failures)} of {len(browsers)} browsers"

    return send


async def _send_one(
    known: PushBrowsers, browser: PushSubscription, notification: Notification, timeout_s: float
) -> None:
    """One browser. Raises UndeliveredError."""
    body = encrypted(browser, msgspec.json.encode(content(notification, browser.person)))
    urgency = "high" if notification.urgent else "normal"
    await send_body(known, browser, body, urgency, timeout_s)


async def send_body(
    known: PushBrowsers, browser: PushSubscription, body: bytes, urgency: str, timeout_s: float
) -> None:
    """An encrypted message to one browser. Raises UndeliveredError."""
    import aiohttp

    parts = urlsplit(browser.endpoint)
    expires_s = int(utc_now().timestamp()) + SIGNED_S
    headers = {
        **await known.headers(f"{parts.scheme}://{parts.netloc}", expires_s),
        "Content-Encoding": "aes128gcm",
        "Content-Type": "application/octet-stream",
        "TTL": str(KEEP_S),
        "Urgency": urgency,
    }
    limit = aiohttp.ClientTimeout(total=timeout_s)
    try:
        async with (
            aiohttp.ClientSession(timeout=limit) as session,
            session.post(
                browser.endpoint, data=body, headers=headers, allow_redirects=False
            ) as answer,
        ):
            if answer.status in GONE:
                await known.forget(browser.id)
                raise UndeliveredError(f"{answer.status}: the browser is gone", permanent=True)
            judge(answer.status, answer.headers, await answer.content.read(MOST_ANSWER), utc_now())
    except TimeoutError:
        raise UndeliveredError(f"no answer within {timeout_s:g} s") from None
    except (aiohttp.ClientError, ValueError) as error:
        raise UndeliveredError(f"not reached: {type(error).__name__}") from None


def content(notification: Notification, person: str) -> dict[str, Any]:
    """What the application shows to this person; a tap leads to the trap or to the list."""
    traps = {
        one.subject
        for one in notification.alerts
        if one.rule == RuleName.TRAP_SPRUNG and not notification.over
    }
    return {
        "person": person,
        "title": notification.title[:MOST_CHARACTERS],
        "text": notification.text[:MOST_CHARACTERS],
        "to": f"/traps/{quote(traps.pop())}" if len(traps) == 1 else "/traps",
        "key": notification.key,
        "urgent": notification.urgent,
    }


def encrypted(browser: PushSubscription, plain: bytes) -> bytes:
    """The body for one browser (RFC 8291); only the browser can read it."""
    import http_ece
    from cryptography.hazmat.primitives.asymmetric import ec

    made: bytes = http_ece.encrypt(
        plain,
        salt=os.urandom(16),
        private_key=ec.generate_private_key(ec.SECP256R1()),
        dh=decoded(browser.p256dh),
        auth_secret=decoded(browser.auth),
        version="aes128gcm",
        rs=RECORD_BYTES,
    )
    return made
