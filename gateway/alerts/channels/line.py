"""LINE Messaging API, push messages. URL: ``line:TOKEN@RECIPIENT`` (user or group id).

Owns one request. Every attempt of a message has the same ``X-Line-Retry-Key``, so LINE delivers it once;
status 409 means that an earlier attempt was accepted.
(LINE Developers, "Retry failed API requests".)
"""

import re
import uuid
from collections.abc import Mapping

import msgspec

from gateway.alerts.channels import ChannelOptions, Notification, Send, UndeliveredError
from gateway.alerts.channels.http_status import is_page, judge
from gateway.clock import utc_now

LINE_URL = re.compile(r"line:(?P<token>[^@\s]+)@(?P<to>[UCR][0-9a-f]{32})\Z")
MAX_UNITS = 4_800  # UTF-16 units of one text; LINE accepts 5,000
KEYS = uuid.UUID("6f1d4c1e-5f0e-4b57-9a43-5d1c1e2a7b10")  # our own namespace of retry keys


def open_line(url: str, options: ChannelOptions) -> Send:
    """Raises ValueError if the URL is not ``line:TOKEN@RECIPIENT``."""
    match = LINE_URL.match(url)
    if match is None:
        raise ValueError("needs line:CHANNEL_ACCESS_TOKEN@USER_OR_GROUP_ID")
    import aiohttp  # imported here: only LINE needs it

    address = options.line_url.rstrip("/") + "/v2/bot/message/push"
    limit = aiohttp.ClientTimeout(total=options.timeout_s)

    async def send(notification: Notification) -> str:
        message = {"type": "text", "text": notification.whole[:5_000]}
        body = {
            "to": match["to"],
            "messages": [message],
            "notificationDisabled": not notification.urgent,
        }
        headers = {
            "Authorization": f"Bearer {match['token']}",
            "X-Line-Retry-Key": str(uuid.uuid5(KEYS, notification.key)),
        }
        try:
            async with (
                aiohttp.ClientSession(timeout=limit) as session,
                session.post(address, json=body, headers=headers, allow_redirects=False) as answer,
            ):
                content = await answer.content.read(65_536)
                return read_answer(answer.status, answer.headers, content)
        except TimeoutError:
            raise UndeliveredError(f"no answer within {options.timeout_s:g} s") from None
        except aiohttp.ClientError as error:
            raise UndeliveredError(f"not reached: {type(error).__name__}") from None

    return send


def size(text: str) -> int:
    """UTF-16 units, as LINE counts: emoji and rare characters count twice."""
    return len(text.encode("utf-16-le")) // 2


def read_answer(status: int, headers: Mapping[str, str], body: bytes) -> str:
    """LINE's positive answer. Raises UndeliveredError."""
    if status == 409 and not is_page(body):
        return "accepted before"
    judge(status, headers, body, utc_now())
    try:
        answer = msgspec.json.decode(body, type=dict[str, msgspec.Raw])
    except msgspec.MsgspecError:
        raise UndeliveredError(f"{status}: not an answer of LINE") from None
    sent = answer.get("sentMessages")  # older versions answered {} without this key
    if answer and (sent is None or bytes(sent) == b"[]"):
        raise UndeliveredError(f"{status}, but LINE names no message that it sent")
    return f"accepted {headers.get('X-Line-Request-Id', '')}".strip()
