"""Channels that can show a picture: LINE, push messages, and what Apprise attaches files to (mail, ntfy …).

Owns one function for each. A picture follows the text of its alert; a channel without a row sends none. The
picture is small and has no metadata. LINE and push messages fetch it by a link that is signed and ends.
"""

import uuid
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import msgspec
from msgspec import Struct

from gateway.alerts.channels import ChannelOptions, UndeliveredError
from gateway.alerts.channels.http_status import judge
from gateway.alerts.channels.line import KEYS, LINE_URL, read_answer
from gateway.alerts.channels.table import scheme_of
from gateway.alerts.channels.webpush import encrypted, send_body
from gateway.clock import utc_now


class PictureNote(Struct, frozen=True):
    """A picture to one person. `key`: that of the text before it; `link`: where it is fetched."""

    key: str
    title: str
    data: bytes
    link: str  # with https; empty without a public address
    path: str  # the same without the address, for the application itself


SendPicture = Callable[[str, ChannelOptions, PictureNote], Awaitable[str]]
"""Sends a picture to a channel's URL. Raises UndeliveredError."""


async def by_apprise(url: str, options: ChannelOptions, note: PictureNote) -> str:
    """As an attachment; a service that takes none is not asked."""
    import apprise
    from apprise.attachment.memory import AttachMemory

    target = apprise.Apprise(asset=apprise.AppriseAsset(http_redirects=False))
    if not target.add(url) or not getattr(target[0], "attachment_support", False):
        return "no attachments"
    files = apprise.AppriseAttachment()
    memory: Any = AttachMemory
    files.add(memory(content=note.data, name="picture.jpg", mimetype="image/jpeg"))
    accepted = await target.async_notify(title=note.title, body=note.title, attach=files)
    if not accepted:
        raise UndeliveredError("the provider did not accept it")
    return "accepted"


async def by_line(url: str, options: ChannelOptions, note: PictureNote) -> str:
    """As a message of its own, which counts in LINE's quota; it needs a public address with https."""
    match = LINE_URL.match(url)
    if match is None or not note.link.startswith("https://"):
        return "no public address"
    image = {"type": "image", "originalContentUrl": note.link, "previewImageUrl": note.link}
    body = {"to": match["to"], "messages": [image], "notificationDisabled": True}
    headers = {
        "Authorization": f"Bearer {match['token']}",
        "X-Line-Retry-Key": str(uuid.uuid5(KEYS, f"picture {note.key}")),
    }
    address = options.line_url.rstrip("/") + "/v2/bot/message/push"
    return await _posted(address, body, headers, options.timeout_s)


async def by_webpush(url: str, options: ChannelOptions, note: PictureNote) -> str:
    """The notification again, with the picture in it; the phone does not ring again."""
    known = options.push
    if known is None:
        return "no push messages"
    content = {"title": note.title, "text": "", "to": "/pictures", "key": note.key}
    for browser in await known.browsers(options.recipient):
        told: dict[str, Any] = content | {"person": browser.person, "image": note.path}
        await send_body(
            known, browser, encrypted(browser, msgspec.json.encode(told)), "low", options.timeout_s
        )
    return "accepted"


BY_SCHEME: Mapping[str, SendPicture] = {"line": by_line, "webpush": by_webpush}
WITHOUT = frozenset({"console", "mqtt", "webhook", "meshtastic"})


def sender_of(url: str) -> SendPicture | None:
    """What sends a picture to a channel; None: it shows none."""
    scheme = scheme_of(url)
    return None if scheme in WITHOUT else BY_SCHEME.get(scheme, by_apprise)


async def _posted(
    address: str, body: Mapping[str, Any], headers: Mapping[str, str], timeout_s: float
) -> str:
    import aiohttp

    limit = aiohttp.ClientTimeout(total=timeout_s)
    try:
        async with (
            aiohttp.ClientSession(timeout=limit) as session,
            session.post(address, json=body, headers=headers, allow_redirects=False) as answer,
        ):
            content = await answer.content.read(65_536)
            judge(answer.status, answer.headers, content, utc_now())
            return read_answer(answer.status, answer.headers, content)
    except TimeoutError:
        raise UndeliveredError(f"no answer within {timeout_s:g} s") from None
    except aiohttp.ClientError as error:
        raise UndeliveredError(f"not reached: {type(error).__name__}") from None
