"""Channels: ways to reach a person. One file per channel, listed in one table.

Owns the interface. A channel sends one message to one recipient once; `notifier` retries. To add one:
write `open_NAME(url, options) -> Send`, add its row to `table.CHANNELS`, document it in README.
"""

from collections.abc import Awaitable, Callable
from typing import Protocol

from msgspec import Struct

from gateway.domain.errors import UnreachableError
from gateway.domain.model import Alert
from gateway.domain.people.push import PushSubscription
from gateway.mqtt.link import Publish


class Button(Struct, frozen=True):
    """A button of a message: what it publishes where."""

    label: str
    url: str
    body: str


class Notification(Struct, frozen=True):
    """A message. `key` is the same for every attempt of one delivery."""

    key: str
    title: str
    text: str
    urgent: bool
    link: str = ""  # the one-tap link; empty without a public address
    alerts: tuple[Alert, ...] = ()  # for channels that machines read
    over: bool = False  # the alert has ended
    buttons: tuple[Button, ...] = ()  # for channels that show them

    @property
    def whole(self) -> str:
        """Title, text and link as lines, for providers without a subject."""
        return "\n".join(part for part in (self.title, self.text, self.link) if part)


class UndeliveredError(UnreachableError):
    """The provider did not accept a message.

    `permanent`: a retry is useless; `retry_after_s`: least seconds before the next attempt.
    """

    def __init__(self, answer: str, *, permanent: bool = False, retry_after_s: float = 0.0) -> None:
        super().__init__(answer)
        self.answer = answer
        self.permanent = permanent
        self.retry_after_s = retry_after_s


Send = Callable[[Notification], Awaitable[str]]
"""Sends a message and returns the provider's positive answer. Raises UndeliveredError."""


class PushBrowsers(Protocol):
    """Who receives push messages, and the gateway's key (`push_browsers`)."""

    def browsers(self, person: str, /) -> Awaitable[list[PushSubscription]]:
        """One person's browsers."""

    def forget(self, id_: str, /) -> Awaitable[None]:
        """A browser that is gone."""

    def headers(self, audience: str, expires_s: int, /) -> Awaitable[dict[str, str]]:
        """The signed header for a push service."""


class ChannelOptions(Struct, frozen=True, kw_only=True):
    """What channels need to be opened."""

    publish: Publish | None = None
    push: PushBrowsers | None = None
    site: str = "site"
    recipient: str = ""  # the person whose channel it is
    line_url: str = "https://api.line.me"
    meshtastic_topic: str = "msh/JP/2/json/mqtt/"
    timeout_s: float = 15.0
